import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ReadBuffers } from '../../src/net/buffers.ts'

const KIB = 1024
/** Pieces in which the source sends, each followed by a pause or not; and how often the sink stops reading. */
const traffic = fc.record({
  pieces: fc.array(fc.record({ kib: fc.integer({ min: 0, max: 3_000 }), odd: fc.integer({ min: 1, max: KIB }), pause: fc.boolean() }), {
    minLength: 1,
    maxLength: 12,
  }),
  sinkStops: fc.constantFrom(0, 1, 4),
})
type Traffic = typeof traffic extends fc.Arbitrary<infer T> ? T : never

const digest = (chunks: readonly Uint8Array[]) => chunks.reduce((hash, chunk) => hash.update(chunk), createHash('sha256')).digest('hex')

describe('buffers that are read into again', () => {
  let source: Server
  let sink: Server
  beforeAll(async () => {
    ;[source, sink] = [createServer(), createServer()]
    await Promise.all([source, sink].map((server) => once(server.listen(0, '127.0.0.1'), 'listening')))
  })
  afterAll(() => [source, sink].forEach((server) => server.close()))

  const portOf = (server: Server) => (server.address() as AddressInfo).port
  const accepted = async (server: Server) => ((await once(server, 'connection')) as [Socket])[0]

  /** From the source through one of them to the sink, with back-pressure as the relay has it. Returns what arrived, and the buffers that were used. */
  async function relay({ pieces, sinkStops }: Traffic, sent: readonly Uint8Array[]) {
    const [sending, receiving] = [accepted(source), accepted(sink)]
    const to = connect(portOf(sink), '127.0.0.1')
    const buffers = new ReadBuffers(() => to.writableLength > 0)
    const from = connect({ port: portOf(source), host: '127.0.0.1', onread: buffers.onread })
    buffers.fill(from)
    const used = new Set<ArrayBufferLike>()
    from.on('data', (chunk: Buffer) => {
      used.add(chunk.buffer)
      if (!to.write(chunk)) from.pause()
    })
    to.on('drain', () => from.resume())
    from.on('end', () => to.end())
    const arrived: Uint8Array[] = []
    const receiver = await receiving
    receiver.on('data', (chunk: Buffer) => {
      arrived.push(Buffer.from(chunk))
      if (sinkStops === 0 || arrived.length % sinkStops !== 0) return
      receiver.pause()
      setTimeout(() => receiver.resume(), 1)
    })
    const sender = await sending
    for (const [index, piece] of sent.entries()) {
      sender.write(piece)
      if (pieces[index]?.pause) await sleep(1)
    }
    sender.end()
    await once(receiver, 'end')
    for (const socket of [sender, receiver, from, to]) socket.destroy()
    return { arrived, used }
  }

  it('pass every byte on as it came, however slow the other side is', { timeout: 60_000 }, () =>
    fc.assert(
      fc.asyncProperty(traffic, async (how) => {
        const sent = how.pieces.map(({ kib, odd }) => randomBytes(kib * KIB + odd))
        const { arrived } = await relay(how, sent)
        expect(digest(arrived)).toBe(digest(sent))
      }),
      { numRuns: 20 },
    ),
  )

  it('are few, whatever comes through', async () => {
    const sent = Array.from({ length: 64 }, () => randomBytes(KIB * KIB))
    const { arrived, used } = await relay({ pieces: [], sinkStops: 4 }, sent)
    expect(digest(arrived)).toBe(digest(sent))
    expect(used.size).toBeLessThan(64) // without them there are some thousand
  })
})
