import { connect, createServer, type Server } from 'node:net'
import { bind as bindMessage, describe as describeMessage, execute, parse, query, sync } from '@countersign/wire/postgres/encode'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { leftovers } from './support/aftermath.ts'
import { openStage, type Stage } from './support/stage.ts'
import { type Place, RawClient, tell } from './support/wire.ts'

const POLICY = `
@id("reads") permit (principal, action in [Action::"connect", Action::"sql:read"], resource);
@id("no-writes") forbid (principal, action == Action::"sql:write", resource);
`
const REFUSED = 'DELETE FROM orders WHERE id = 1'
/** Its refusal names it, and together they are several times as much as all buffers of sockets on the way, in both directions. */
const LONG = `SELECT ${Array(400).fill('x'.repeat(60)).join('.')}()`
const ASKED = 2_000

const bind = (statement: string) => bindMessage({ portal: '', statement, formats: [], values: [], resultFormats: [] })
const extended = (sql: string) => [parse('', sql), bind(''), describeMessage('P', ''), execute(''), sync()]

describe('a slow peer', () => {
  let stage: Stage
  let slow: Server

  beforeAll(async () => {
    slow = createServer()
    await new Promise<void>((resolve) => slow.listen(0, '127.0.0.1', resolve))
    const address = slow.address()
    if (address === null || typeof address === 'string') throw new Error('no port')
    stage = await openStage({ policy: POLICY, resources: { db: {}, slow: { url: `postgres://127.0.0.1:${address.port}/postgres` } } })
    slow.on('connection', (near) => {
      const far = connect({ ...(stage.target satisfies Place), noDelay: true })
      near.setNoDelay(true)
      near.pipe(far)
      far.on('data', (chunk: Buffer) => chunk.forEach((byte) => void near.write(Uint8Array.of(byte))))
      for (const socket of [near, far]) socket.on('error', () => socket.destroy())
      far.on('close', () => near.destroy())
    })
  })

  afterAll(async () => {
    await stage?.close()
    slow.close()
  })

  const login = (resource = 'db') => RawClient.login(stage.gateway.postgres, stage.alice, resource)

  it('that asks and does not read what the gateway answers is not read either, and misses nothing', { timeout: 60_000 }, async () => {
    const own = await login()
    own.socket.pause()
    for (let asked = 0; asked < ASKED; asked++) own.send(query(LONG))
    const left = await settled(() => own.socket.writableLength)
    expect(left).toBeGreaterThan((ASKED * LONG.length) / 4)
    own.socket.resume()
    for (let answer = 0; answer < ASKED; answer++) expect((await own.until(0x5a)).map(tell)).toEqual([expect.stringMatching(/^error 42501 /), 'ready I'])
    own.close()
  })

  it('that sends byte by byte is understood, and answered the same', async () => {
    const own = await login()
    own.socket.setNoDelay(true)
    for (const byte of Buffer.concat([...extended('SELECT 6 * 7'), ...extended(REFUSED), query("SELECT 'é'")])) {
      own.socket.write(Uint8Array.of(byte))
      await new Promise(setImmediate)
    }
    expect((await own.until(0x5a)).map(tell)).toEqual(['parseComplete', 'bindComplete', 'rowDescription', 'row 42', 'complete SELECT 1', 'ready I'])
    expect((await own.until(0x5a)).map(tell)).toEqual([expect.stringMatching(/^error 42501 /), 'ready I'])
    expect((await own.until(0x5a)).map(tell)).toEqual(['rowDescription', 'row é', 'complete SELECT 1', 'ready I'])
    own.close()
  })

  it('that answers byte by byte is passed on whole', async () => {
    const own = await login('slow')
    expect(await own.ask(...extended("SELECT repeat('x', 2000), 7"))).toEqual([
      'parseComplete',
      'bindComplete',
      'rowDescription',
      `row ${'x'.repeat(2000)},7`,
      'complete SELECT 1',
      'ready I',
    ])
    expect(await own.ask(query('SELECT 1 / (i - i) FROM generate_series(1, 1) i'))).toEqual([
      'rowDescription',
      expect.stringMatching(/^error 22012/),
      'ready I',
    ])
    own.close()
  })

  it('leaves nothing behind', async () => {
    expect(await leftovers(stage)).toEqual([])
  })
})

/** A figure that has not changed for a while. */
async function settled(figure: () => number): Promise<number> {
  for (let last = figure(), since = Date.now(); ; await sleep(50)) {
    if (figure() !== last) [last, since] = [figure(), Date.now()]
    else if (Date.now() - since > 1_500) return last
  }
}
