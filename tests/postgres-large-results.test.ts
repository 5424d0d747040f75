import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { bind, copyData, copyDone, execute, parse, query, sync } from '@countersign/wire/postgres/encode'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { entries, leftovers } from './support/aftermath.ts'
import { openStage, type Stage } from './support/stage.ts'
import { RawClient } from './support/wire.ts'

const POLICY = `@id("works") permit (principal, action in [Action::"connect", Action::"sql"], resource);`
const MIB = 1024 * 1024
/** COPY_MIB=5000 for a long one. */
const COPY_MIB = Number(process.env['COPY_MIB'] ?? 48)
/** 300 rows of a MiB each. */
const LARGE = "SELECT repeat('x', 1048576) FROM generate_series(1, 300)"
/** What is copied into `sink` is read and not kept. */
const SEED = `
  CREATE TABLE blobs (t text);
  CREATE TABLE sink (t text);
  CREATE FUNCTION forget() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
  CREATE TRIGGER forget BEFORE INSERT ON sink FOR EACH ROW EXECUTE FUNCTION forget();
`
/** Buffers of sockets and the garbage between two collections; the result is several times as much. */
const ALLOWED_GROWTH = 150 * MIB

describe('a large result', () => {
  let stage: Stage
  const clients: RawClient[] = []

  beforeAll(async () => {
    stage = await openStage({ policy: POLICY, seed: SEED })
  })

  afterEach(() => clients.splice(0).forEach((client) => client.close()))

  afterAll(() => stage?.close())

  /** Resident memory of the gateway's process, bytes (proc(5), field VmRSS). */
  const resident = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${stage.gateway.child.pid}/status`, 'utf8'))?.[1]) * 1024
  const login = async () => {
    const client = await connect()
    clients.push(client)
    return client
  }
  const connect = () => RawClient.login(stage.gateway.postgres, stage.alice)
  /** Takes everything that comes from now on, and counts it. */
  const count = (client: RawClient) => {
    let bytes = 0
    client.socket.removeAllListeners('data')
    client.socket.on('data', (chunk: Buffer) => (bytes += chunk.length))
    return () => bytes
  }
  const busy = () => stage.ask("SELECT count(*)::int FROM pg_stat_activity WHERE query LIKE 'SELECT repeat%' AND state = 'active'")

  it.skipIf(process.platform !== 'linux')('waits for a slow reader in the server, not in the memory of the gateway', async () => {
    const own = await login()
    const received = count(own)
    const before = resident()
    let peak = 0
    own.send(query(LARGE))
    own.socket.pause()
    await sleep(1_000)
    expect(await busy()).toEqual([1])
    while (received() < 300 * MIB) {
      own.socket.resume()
      await sleep(5)
      own.socket.pause()
      peak = Math.max(peak, resident())
      await sleep(5)
    }
    expect(peak - before).toBeLessThan(ALLOWED_GROWTH)
  })

  it.skipIf(process.platform !== 'linux')('of COPY data waits for a slow server in the client', async () => {
    const [locker, own] = [await login(), await login()]
    await locker.ask(query('BEGIN; LOCK TABLE blobs'))
    const before = resident()
    own.send(query('COPY blobs FROM STDIN'))
    const row = copyData(Buffer.alloc(MIB, 'x').fill('\n', MIB - 1))
    let taken = 0
    for (let sent = 0; sent < 100; sent++) own.socket.write(row, () => taken++)
    await sleep(1_000)
    expect(taken).toBeLessThan(50)
    expect(resident() - before).toBeLessThan(ALLOWED_GROWTH)
    await locker.ask(query('COMMIT'))
    own.send(copyDone())
    expect((await own.until(0x5a)).length).toBe(3)
    expect(await stage.ask('SELECT count(*)::int FROM blobs')).toEqual([100])
  })

  it.skipIf(process.platform !== 'linux')(
    'copied in and out by the extended protocol passes whole, and takes no memory',
    { timeout: 20_000 + COPY_MIB * 100 },
    async () => {
      const own = await login()
      const before = resident()
      let peak = 0
      const watching = setInterval(() => (peak = Math.max(peak, resident())), 50)
      const copy = (sql: string) => [parse('', sql), bind({ portal: '', statement: '', formats: [], values: [], resultFormats: [] }), execute('')]
      try {
        const hash = createHash('sha256')
        own.send(...copy('COPY sink FROM STDIN'))
        expect((await own.until(0x47)).length).toBe(3)
        for (let row = 0; row < COPY_MIB; row++) {
          const bytes = Buffer.alloc(MIB, row.toString(36)).fill('\n', MIB - 1)
          hash.update(bytes)
          await new Promise((resolve) => own.socket.write(copyData(bytes), resolve))
        }
        expect(await own.ask(copyDone(), sync())).toEqual(['complete COPY 0', 'ready I']) // its trigger keeps nothing
        const sent = { bytes: COPY_MIB * MIB, sha256: hash.digest('hex') }
        await expect.poll(async () => (await entries(stage, 'action.finished')).at(-1), { timeout: 15_000 }).toMatchObject({ sent })

        const received = count(own)
        own.send(...copy(`COPY (SELECT repeat('x', 1048575) FROM generate_series(1, ${COPY_MIB})) TO STDOUT`), sync())
        await expect.poll(received, { timeout: 10_000 + COPY_MIB * 50 }).toBeGreaterThan(COPY_MIB * MIB)
      } finally {
        clearInterval(watching)
      }
      if (COPY_MIB > 1_000) console.log(`COPY of ${COPY_MIB} MiB in and out: ${Math.round((peak - before) / MIB)} MiB more than before, at most`)
      expect(peak - before).toBeLessThan(ALLOWED_GROWTH)
    },
  )

  it('whose reader vanishes in the middle leaves no connection to the target', { timeout: 60_000 }, async () => {
    for (const pipelined of [[query(LARGE)], [query(LARGE), query('SELECT 1')]]) {
      const own = await login()
      own.send(...pipelined)
      own.socket.pause()
      await expect.poll(busy).toEqual([1])
      own.socket.resetAndDestroy()
      expect(await leftovers(stage)).toEqual([])
    }
  })

  it('that ends with its server reaches a slow reader as far as it was sent', async () => {
    const own = await login()
    const received = count(own)
    own.send(query(LARGE))
    own.socket.pause()
    await expect.poll(busy).toEqual([1])
    await sleep(500) // until every buffer on the way is full
    await stage.ask("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'SELECT repeat%'")
    own.socket.resume()
    await expect.poll(() => own.socket.readableEnded).toBe(true)
    expect(received()).toBeGreaterThan(MIB)
    expect(received()).toBeLessThan(300 * MIB)
  })

  it('leaves nothing behind', async () => {
    expect(await leftovers(stage)).toEqual([])
  })
})
