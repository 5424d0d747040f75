import { readFileSync } from 'node:fs'
import { connect as connectTcp } from 'node:net'
import { join } from 'node:path'
import { Duplex } from 'node:stream'
import { connect, type TLSSocket } from 'node:tls'
import { query, sslRequest, startup } from '@countersign/wire/postgres/encode'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { leftovers } from './support/aftermath.ts'
import { openStage, type Stage } from './support/stage.ts'
import { type Place, RawClient } from './support/wire.ts'

const POLICY = `@id("works") permit (principal, action in [Action::"connect", Action::"sql"], resource);`

/** A connection that sends the first bytes of each write by themselves. */
function slowly(place: Place): Duplex {
  const socket = connectTcp({ ...place, noDelay: true })
  const slow = new Duplex({
    read: () => void socket.resume(),
    write: (chunk: Buffer, _, done) => {
      for (const byte of chunk.subarray(0, 8)) socket.write(Buffer.of(byte))
      socket.write(chunk.subarray(8), done)
    },
    final: (done) => void socket.end(done),
    destroy: (error, done) => {
      socket.destroy()
      done(error)
    },
  })
  socket.on('data', (chunk: Buffer) => slow.push(chunk))
  socket.on('close', () => slow.push(null))
  socket.on('error', () => slow.destroy())
  return slow
}

/** As libpq 17 and newer do with sslnegotiation=direct: the ClientHello comes first, and asks for `postgresql` by ALPN. */
describe('TLS without an SSLRequest before it', () => {
  let stage: Stage

  beforeAll(async () => {
    stage = await openStage({ policy: POLICY })
  })

  afterAll(() => stage?.close())

  const secure = (protocols: readonly string[], more: object = {}): TLSSocket => {
    const { host, port } = stage.gateway.postgres
    const ca = readFileSync(join(stage.gateway.data, 'tls', 'cert.pem'))
    return connect({ host, port, ca, ...(protocols.length > 0 ? { ALPNProtocols: [...protocols] } : {}), ...more })
  }
  const knock = startup(0, [
    ['user', 'alice@example.com'],
    ['database', 'db'],
  ])

  it.each(['TLSv1.2', 'TLSv1.3'])('is taken, with the protocol agreed on, by %s', async (version) => {
    const socket = secure(['postgresql'], { minVersion: version, maxVersion: version })
    const own = await RawClient.login(socket, stage.alice)
    expect([socket.alpnProtocol, socket.getProtocol(), socket.authorized]).toEqual(['postgresql', version, true])
    expect(await own.ask(query('SELECT 1'))).toContain('row 1')
    own.close()
  })

  it('is taken whole when its first bytes come one by one', async () => {
    const client = secure(['postgresql'], { socket: slowly(stage.gateway.postgres), host: '127.0.0.1' })
    const own = await RawClient.login(client, stage.alice)
    expect(await own.ask(query('SELECT 1'))).toContain('row 1')
    own.close()
  })

  it('is closed when no protocol was asked for', async () => {
    const own = new RawClient(secure([]))
    own.send(knock)
    expect(await own.last()).toEqual([expect.stringMatching(/^error 08P01 .*must ask for the protocol postgresql \(ALPN\)/)])
  })

  it('is closed when another protocol was asked for', async () => {
    const failed = await new Promise<string>((resolve) => secure(['http/1.1']).once('error', ({ message }) => resolve(message)))
    expect(failed).toMatch(/no.application.protocol/i)
  })

  it('may hold no second TLS, however that is asked for', async () => {
    const inside = new RawClient(secure(['postgresql']))
    inside.send(sslRequest())
    expect(await inside.last()).toEqual([expect.stringMatching(/^error 08P01 encryption was asked for twice/)])
    const hello = new RawClient(secure(['postgresql']))
    hello.send(Buffer.from('16030100c8010000c40303', 'hex'))
    expect(await hello.last()).toEqual([expect.stringMatching(/^error 08P01 encryption was asked for twice/)])
  })

  it('leaves nothing behind', async () => {
    expect(await leftovers(stage)).toEqual([])
  })
})
