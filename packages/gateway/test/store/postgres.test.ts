import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { inspect } from 'node:util'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type PostgresServer, startPostgres } from '../../../../tests/support/postgres.ts'
import { aGrant } from '../../../core/test/arbitraries.ts'
import { openLedger, openStore, openTree } from '../../src/store/open.ts'
import { type Store, type StoreEvent, StoreUnavailable } from '../../src/store/store.ts'
import type { Bed } from './bed.ts'
import { storeSuite } from './suite.ts'

let server: PostgresServer
beforeAll(async () => {
  server = await startPostgres()
})
afterAll(() => server.stop())

const open = (url: string) => openStore({ store: { kind: 'postgres', url }, data: '' })

async function query(database: string, text: string): Promise<unknown> {
  const client = new pg.Client(server.url(database))
  await client.connect()
  try {
    return (await client.query(text)).rows
  } finally {
    await client.end()
  }
}

async function bed(): Promise<Bed & { readonly database: string }> {
  const database = `store_${randomUUID().replaceAll('-', '')}`
  await query('postgres', `create database ${database}`)
  return {
    database,
    open: () => open(server.url(database)),
    openLedger: () => openLedger({ store: { kind: 'postgres', url: server.url(database) }, data: '' }),
    openTree: () => openTree({ store: { kind: 'postgres', url: server.url(database) }, data: '' }),
    sql: async (text) => {
      await query(database, text)
    },
    schema: 'countersign.',
    remove: async () => {
      await query('postgres', `drop database ${database} with (force)`)
    },
  }
}

storeSuite('PostgreSQL', bed)

describe('the PostgreSQL store', () => {
  test('tells to resync when it may have missed something, and then hears again', async () => {
    const own = await bed()
    const [store, other] = await Promise.all([own.open(), own.open()])
    const events = collect(store)
    await query(own.database, `select pg_terminate_backend(pid) from pg_stat_activity where query like 'listen %' and datname = current_database()`)
    await vi.waitFor(() => expect(events).toEqual([{ kind: 'resync' }]), { timeout: 5_000 })
    await other.grants.insert(aGrant())
    await vi.waitFor(() => expect(events).toContainEqual({ kind: 'grant', id: 'grant-1', inserted: true }), { timeout: 5_000 })
    await Promise.all([store.close(), other.close()])
    await own.remove()
  })

  test('does not answer for itself while it hears of no change, whatever else it answers', async () => {
    const own = await bed()
    const store = await own.open()
    const events = collect(store)
    await store.ping()
    await query('postgres', `alter database ${own.database} allow_connections false`)
    await query('postgres', `select pg_terminate_backend(pid) from pg_stat_activity where query like 'listen %' and datname = '${own.database}'`)
    await vi.waitFor(() => expect(store.ping()).rejects.toThrow('its changes are not heard'), { timeout: 5_000 })
    await Promise.all([store.grants.get('grant-1'), expect(store.ping()).rejects.toThrow(StoreUnavailable)])
    await query('postgres', `alter database ${own.database} allow_connections true`)
    await vi.waitFor(() => store.ping(), { timeout: 5_000 })
    expect(events).toEqual([{ kind: 'resync' }])
    await store.close()
    await own.remove()
  })

  test('takes a notification that no gateway sent for one that it missed', async () => {
    const own = await bed()
    const store = await own.open()
    const events = collect(store)
    await query(own.database, `notify countersign, '{"kind":"grant","id":7}'`)
    await vi.waitFor(() => expect(events).toEqual([{ kind: 'resync' }]), { timeout: 5_000 })
    await store.close()
    await own.remove()
  })

  test('rejects, and has changed nothing, when a lock is held too long', async () => {
    const own = await bed()
    const store = await own.open()
    const holder = new pg.Client(server.url(own.database))
    await holder.connect()
    await holder.query('begin; lock table countersign.grants')
    await expect(store.grants.insert(aGrant())).rejects.toThrow(StoreUnavailable)
    await holder.end()
    await vi.waitFor(async () => expect(await store.grants.list({})).toEqual([]))
    await store.close()
    await own.remove()
  })

  test('rejects when the server falls silent, and works again when it answers', async () => {
    const own = await bed()
    const line = await silenceable(server.port)
    const store = await open(server.url(own.database).replace(String(server.port), String(line.port)))
    line.silence()
    const results = await Promise.allSettled([store.ping(), store.grants.insert(aGrant()), store.grants.get('grant-1')])
    expect(results.map((result) => result.status === 'rejected' && result.reason instanceof StoreUnavailable)).toEqual([true, true, true])
    line.restore()
    await vi.waitFor(() => store.ping(), { timeout: 5_000 })
    await store.close()
    line.close()
    await own.remove()
  })

  test('does not open where nobody listens, nor without the password, and does not tell the password', async () => {
    const urls = ['postgres://user:hunter2@127.0.0.1:1/db', server.url('postgres').replace(server.password, 'hunter2'), 'postgres://user:hunter2@:x:y/']
    const [nowhere, refused, unreadable] = await Promise.all(urls.map((url) => open(url).catch((error: unknown) => inspect(error))))
    expect(nowhere).toContain('StoreUnavailable: the store failed: connect ECONNREFUSED')
    expect(refused).toContain('StoreUnavailable: the store failed: password authentication failed')
    expect(unreadable).toContain("StoreUnavailable: the store's URL cannot be read")
    expect(inspect([nowhere, refused, unreadable])).not.toContain('hunter2')
  })

  test('asks for TLS when the URL does', async () => {
    await expect(open(`${server.url('postgres')}?sslmode=require`)).rejects.toThrow('does not support SSL')
  })
})

function collect(store: Store): readonly StoreEvent[] {
  const events: StoreEvent[] = []
  store.subscribe((event) => events.push(event))
  return events
}

/** A wire to the server that can be made to carry nothing, while its connections stay up. */
async function silenceable(port: number) {
  const sockets = new Set<Socket>()
  let silent = false
  const link = (from: Socket, to: Socket) => {
    sockets.add(from)
    from.on('data', (bytes) => silent || to.write(bytes))
    from.on('error', () => to.destroy())
    from.on('close', () => to.destroy())
  }
  const wire = createServer((client) => {
    const upstream = connect(port, '127.0.0.1')
    link(client, upstream)
    link(upstream, client)
  })
  wire.listen(0, '127.0.0.1')
  await once(wire, 'listening')
  return {
    port: (wire.address() as AddressInfo).port,
    silence: () => {
      silent = true
    },
    restore: () => {
      silent = false
    },
    close: () => {
      sockets.forEach((socket) => socket.destroy())
      wire.close()
    },
  }
}
