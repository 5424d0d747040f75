import { setTimeout as sleep } from 'node:timers/promises'
import type { Change } from '@countersign/contract/schemas/change'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { streamChanges } from '../../src/api/changes.ts'
import type { Caller } from '../../src/identity/caller.ts'
import type { StoreEvent } from '../../src/store/store.ts'
import { type Bed, openBed, type Person } from './bed.ts'

let bed: Bed
beforeEach(async () => {
  bed = await openBed()
})
afterEach(() => bed.close())

const write = (id: number) => bed.client('alice').ask({ resource: 'orders-db', action: `DELETE FROM orders WHERE id = ${id}` })

/** Reads a person's stream in the background, from when it is open. */
async function follow(person: Person, signal?: AbortSignal) {
  const seen: Change[] = []
  const before = bed.readers()
  const stream = bed.client(person).events(signal ? { signal } : {})
  const first = stream.next()
  await until(() => bed.readers() > before)
  const ended = (async () => {
    for (let next = await first; !next.done; next = await stream.next()) seen.push(next.value)
  })()
  return { seen, ended }
}

const until = (condition: () => boolean) => expect.poll(condition, { timeout: 3_000, interval: 10 }).toBe(true)

describe('what a reader is sent', () => {
  test('the changes of requests and grants that are his, as they happen, and nothing of others', async () => {
    const alice = await follow('alice')
    const bob = await follow('bob')
    const carol = await follow('carol')
    const { request } = await write(1)
    await until(() => bob.seen.length > 0)
    expect(bob.seen[0]).toMatchObject({ kind: 'request', request: { id: request.id, status: 'pending', needs: { text: '1 of dba' } } })
    await bed.client('bob').approve({ id: request.id, comment: 'ok' })
    await until(() => alice.seen.some((change) => change.kind === 'request' && change.request.status === 'approved'))
    await until(() => alice.seen.some((change) => change.kind === 'grant' && change.grant.request === request.id))
    await sleep(100)
    expect(carol.seen).toEqual([])
  })

  test('that people have changed, and not who, where he is an auditor or an admin', async () => {
    const [olga, alice] = [await follow('olga'), await follow('alice')]
    await bed.admin.disablePerson({ name: 'carol' })
    await until(() => olga.seen.length > 0)
    expect(olga.seen[0]).toEqual({ kind: 'people' })
    await sleep(100)
    expect(alice.seen).toEqual([])
  })

  test('the local administrator follows everything over the socket', async () => {
    const stop = new AbortController()
    const stream = bed.admin.events({ signal: stop.signal })
    const first = stream.next()
    await until(() => bed.readers() === 1)
    const { request } = await write(2)
    expect((await first).value).toMatchObject({ kind: 'request', request: { id: request.id } })
    stop.abort()
    expect((await stream.next()).done).toBe(true)
  })
})

describe('the end of a stream', () => {
  test('a revoked token ends it, and what happens afterwards is not sent', async () => {
    const bob = await follow('bob')
    const [token] = (await bed.admin.tokens()).filter(({ user }) => user === 'bob')
    await bed.admin.revokeToken({ id: token?.id ?? '' })
    await write(3)
    await bob.ended
    expect(bob.seen).toEqual([])
  })

  test('closing the listener ends it', async () => {
    const alice = await follow('alice')
    const started = performance.now()
    await Promise.all([bed.close(), alice.ended])
    expect(performance.now() - started).toBeLessThan(1_500)
    bed = await openBed()
  })

  test('a reader who leaves is forgotten', async () => {
    const leaving = new AbortController()
    const alice = await follow('alice', leaving.signal)
    expect(bed.readers()).toBe(1)
    leaving.abort()
    await alice.ended
    await until(() => bed.readers() === 0)
  })
})

describe('a stream by itself', () => {
  const caller: Caller = {
    principal: { user: 'root', agent: null, groups: [] },
    admin: true,
    mayReview: true,
    proven: true,
    auditor: false,
    by: { kind: 'token', id: 'tok-1', scope: null, endsAt: Number.MAX_SAFE_INTEGER },
  }

  const open = (who: () => Promise<Caller | null>, heartbeatMs = 20) => {
    const listeners = new Set<(event: StoreEvent) => void>()
    const store = {
      ...bed.services.store,
      subscribe: (listener: (event: StoreEvent) => void) => {
        listeners.add(listener)
        return () => listeners.delete(listener)
      },
    }
    const closing = new AbortController()
    const stream = streamChanges({ ...bed.services, store }, { caller: who, signal: closing.signal, heartbeatMs })
    return {
      reader: stream.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>).getReader(),
      listeners,
      emit: (event: StoreEvent) => listeners.forEach((listener) => listener(event)),
      closing,
    }
  }

  test('gives signs of life, and ends at one when the token has expired meanwhile', async () => {
    let known: Caller | null = caller
    const { reader, listeners } = open(() => Promise.resolve(known))
    expect((await reader.read()).value).toBe(': connected\n\n')
    expect((await reader.read()).value).toBe(': still here\n\n')
    known = null
    for (let read = await reader.read(); !read.done; read = await reader.read()) expect(read.value).toBe(': still here\n\n')
    expect(listeners.size).toBe(0)
  })

  test('ends when the login behind it expires, and does not wait for a sign of life', async () => {
    const endsAt = Date.now() + 200
    const login: Caller = { ...caller, by: { kind: 'login', id: 'login-1', verifiedAt: 0, signedInAt: 0, endsAt } }
    const { reader, listeners } = open(() => Promise.resolve(Date.now() < endsAt ? login : null), 3_600_000)
    expect((await reader.read()).value).toBe(': connected\n\n')
    expect((await reader.read()).done).toBe(true)
    expect(listeners.size).toBe(0)
  })

  test('tells a reader who is far behind to read again, and holds no more than that', async () => {
    const { reader, emit, closing } = open(() => Promise.resolve(caller))
    for (let index = 0; index < 5_000; index++) emit({ kind: 'request', id: `req-${index}` })
    expect((await reader.read()).value).toBe(': connected\n\n')
    expect((await reader.read()).value).toBe('event: resync\ndata: {"kind":"resync"}\n\n')
    closing.abort()
  })
})
