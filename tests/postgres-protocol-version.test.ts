import { createServer, type Server } from 'node:net'
import { Backend } from '@countersign/wire/postgres/backend'
import { decodeBackendKeyData, decodeNegotiateProtocolVersion } from '@countersign/wire/postgres/backend-message'
import { authenticationOk, errorResponse, query, readyForQuery, startup } from '@countersign/wire/postgres/encode'
import { StartupDecoder } from '@countersign/wire/postgres/startup'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { leftovers } from './support/aftermath.ts'
import { openStage, type Stage } from './support/stage.ts'
import { openTap, type Tap } from './support/tap.ts'
import { cancel, RawClient, tell } from './support/wire.ts'

const POLICY = `@id("works") permit (principal, action in [Action::"connect", Action::"sql"], resource);`

describe.each([
  { version: 18, upstream: { negotiates: false, keyBytes: 32 } },
  { version: 15, upstream: { negotiates: true, keyBytes: 4 } },
] as const)('the version of the protocol, before PostgreSQL $version', ({ version, upstream }) => {
  let stage: Stage
  let tap: Tap

  beforeAll(async () => {
    tap = await openTap(() => stage.target)
    stage = await openStage({ policy: POLICY, version, resources: { db: { url: `postgres://127.0.0.1:${tap.port}/postgres` } } })
  })

  afterAll(async () => {
    await stage?.close()
    tap?.close()
  })

  /** What a client that asks for 3.`minor` gets: the negotiation if there was one, and the bytes of its cancel key. */
  const knock = async (minor: number, ...options: readonly string[]) => {
    const client = new RawClient(stage.gateway.postgres)
    const parameters: [string, string][] = [['user', stage.alice.user], ['database', 'db'], ...options.map((name): [string, string] => [name, 'on'])]
    client.send(startup(minor, parameters))
    const negotiated = minor > 2 || options.length > 0 ? await client.next() : null
    await client.authenticate(stage.alice.token)
    const greeting = await client.until(Backend.readyForQuery)
    client.close()
    const key = greeting.find(({ code }) => code === Backend.backendKeyData)
    expect(greeting.map(({ code }) => code)).not.toContain(Backend.negotiateProtocolVersion)
    return {
      negotiated: negotiated && { code: negotiated.code, ...decodeNegotiateProtocolVersion(negotiated.body) },
      keyBytes: key && decodeBackendKeyData(key.body).secretKey.length,
    }
  }

  it('is what the client asks for, up to 3.2, with keys of its length, and unknown options are named', async () => {
    const negotiated = (minor: number, ...unrecognized: readonly string[]) => ({ code: Backend.negotiateProtocolVersion, minor, unrecognized })
    expect(await knock(0)).toEqual({ negotiated: null, keyBytes: 4 })
    expect(await knock(1)).toEqual({ negotiated: null, keyBytes: 4 })
    expect(await knock(2)).toEqual({ negotiated: null, keyBytes: 32 })
    expect(await knock(3)).toEqual({ negotiated: negotiated(2), keyBytes: 32 })
    expect(await knock(9999, '_pq_.grease', '_pq_.more')).toEqual({ negotiated: negotiated(2, '_pq_.grease', '_pq_.more'), keyBytes: 32 })
    expect(await knock(0, '_pq_.future')).toEqual({ negotiated: negotiated(0, '_pq_.future'), keyBytes: 4 })
  })

  it('towards the target is 3.2 where the target has it, and 3.0 where it says so', async () => {
    await knock(0)
    const { asked, answered } = tap.connections.at(-1) ?? expect.fail('nobody came')
    expect(asked().readUInt32BE(4)).toBe((3 << 16) | 2)
    expect(answered()[0] === Backend.negotiateProtocolVersion).toBe(upstream.negotiates)
  })

  it.each([0, 2])('of a client that speaks 3.%i lets it cancel what runs, by the key that the target gave', async (minor) => {
    const own = await RawClient.login(stage.gateway.postgres, stage.alice, 'db', [], minor)
    own.send(query('SELECT pg_sleep(60)'))
    await expect.poll(() => stage.ask("SELECT count(*)::int FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)' AND state = 'active'")).toEqual([1])
    const { key } = own
    if (!key) throw new Error('no key')
    for (const wrong of [key.secretKey.subarray(0, 4), Buffer.concat([key.secretKey, Buffer.of(0)])])
      if (wrong.length !== key.secretKey.length) await cancel(stage.gateway.postgres, { key: { ...key, secretKey: wrong } })
    expect(await own.silent(100)).toBe(true)
    await cancel(stage.gateway.postgres, own)
    expect((await own.until(Backend.readyForQuery)).map(tell)).toEqual([
      expect.stringMatching(/rowDescription/),
      expect.stringMatching(/^error 57014/),
      'ready I',
    ])
    expect(tap.connections.at(-1)?.asked().length).toBe(4 + 4 + 4 + upstream.keyBytes)
    own.close()
  })

  it('leaves nothing behind', async () => {
    expect(await leftovers(stage)).toEqual([])
  })
})

describe.each([
  { what: 'a PostgreSQL', code: '0A000', message: 'unsupported frontend protocol 3.2: server supports 1.0 to 3.0' },
  { what: 'a PgBouncer', code: '08P01', message: "bad packet header: '0000006500030002'" },
])('$what that knows nothing of newer versions', ({ code, message }) => {
  let stage: Stage
  let target: Server
  const minors: number[] = []

  beforeAll(async () => {
    target = createServer((socket) => {
      const opening = new StartupDecoder()
      socket.on('error', () => socket.destroy())
      socket.once('data', (chunk: Buffer) => {
        const packet = opening.push(chunk)?.packet
        if (packet?.kind !== 'startup') return void socket.end()
        // The gateway looks at its targets by itself when it starts.
        if (packet.parameters.get('application_name')?.startsWith('countersign:alice@')) minors.push(packet.minor)
        if (packet.minor === 0) return void socket.write(Buffer.concat([authenticationOk(), readyForQuery('I')]))
        return void socket.end(errorResponse({ severity: 'FATAL', code, message }))
      })
    })
    await new Promise<void>((resolve) => target.listen(0, '127.0.0.1', resolve))
    const address = target.address()
    if (address === null || typeof address === 'string') throw new Error('no port')
    stage = await openStage({
      policy: POLICY,
      resources: { db: {}, old: { url: `postgres://127.0.0.1:${address.port}/old`, credential: { username: 'app' } } },
    })
  })

  afterAll(async () => {
    await stage?.close()
    target?.close()
  })

  it('is asked again for 3.0', async () => {
    const own = await RawClient.login(stage.gateway.postgres, stage.alice, 'old')
    expect(minors).toEqual([2, 0])
    own.close()
  })
})
