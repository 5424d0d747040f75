import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import * as encode from '../../src/postgres/encode.ts'
import { ProtocolError } from '../../src/postgres/error.ts'
import { MAX_STARTUP_BYTES, StartupDecoder, type Opening } from '../../src/postgres/startup.ts'
import { bytes, chunkSizes, concat, cut, everySplit, int32, RUNS, text, uint16 } from './arbitraries.ts'

const parameters = fc.uniqueArray(
  fc.tuple(
    text.filter((name) => name !== ''),
    text,
  ),
  { selector: ([name]) => name, maxLength: 8 },
)

/** The first packet, and everything after it in the chunks that follow. */
function feed(chunks: readonly Uint8Array[]): Opening | null {
  const decoder = new StartupDecoder()
  for (const [index, chunk] of chunks.entries()) {
    const opening = decoder.push(chunk)
    if (opening !== null) return { packet: opening.packet, rest: concat([opening.rest, ...chunks.slice(index + 1)]) }
  }
  return null
}

describe('the first packet', () => {
  test('of a session decodes to what was encoded, in whatever chunks, and leaves what follows', () => {
    fc.assert(
      fc.property(uint16, parameters, bytes(), chunkSizes, (minor, parameters, rest, sizes) => {
        const stream = concat([encode.startup(minor, parameters), rest])
        const packet = { kind: 'startup', major: 3, minor, parameters: new Map(parameters) }
        expect(feed(cut(stream, sizes))).toEqual({ packet, rest })
      }),
      RUNS,
    )
  })

  test('of a cancel has a key of 4 bytes in protocol 3.0 and up to 256 in 3.2', () => {
    fc.assert(
      fc.property(int32, fc.uint8Array({ minLength: 4, maxLength: 256 }), (processId, secretKey) => {
        expect(feed([encode.cancelRequest(processId, secretKey)])?.packet).toEqual({ kind: 'cancel', processId, secretKey })
      }),
      RUNS,
    )
    expect(() => feed([encode.cancelRequest(1, new Uint8Array(257))])).toThrow(expect.objectContaining({ code: 'malformed' }))
  })

  test('is the same when cut at any byte', () => {
    const stream = concat([encode.startup(2, [['user', 'alice']]), encode.sync()])
    const whole = feed([stream])
    for (const chunks of everySplit(stream)) expect(feed(chunks)).toEqual(whole)
  })

  test('may be SSLRequest, and bytes sent after it in clear are seen', () => {
    expect(feed([encode.sslRequest()])).toEqual({ packet: { kind: 'ssl' }, rest: new Uint8Array(0) })
    const injected = encode.startup(0, [['user', 'mallory']])
    expect(feed([concat([encode.sslRequest(), injected])])?.rest).toEqual(injected)
  })

  test('may be a TLS ClientHello with nothing before it, and all of it is left for TLS', () => {
    const hello = Uint8Array.from(Buffer.from('1603010200010001fc0303', 'hex'))
    for (const chunks of everySplit(hello)) expect(feed(chunks)).toEqual({ packet: { kind: 'tls' }, rest: hello })
  })

  test('may be GSSENCRequest, then SSLRequest, then a session, on one decoder', () => {
    const decoder = new StartupDecoder()
    expect(decoder.push(Uint8Array.of(0, 0, 0, 8, 4, 0xd2, 0x16, 0x30))?.packet).toEqual({ kind: 'gssenc' })
    expect(decoder.push(encode.sslRequest())?.packet).toEqual({ kind: 'ssl' })
    expect(decoder.push(encode.startup(0, [['user', 'alice']]))?.packet.kind).toBe('startup')
    expect(decoder.pending).toBe(false)
  })

  test('holds at most the cap', () => {
    const fits = MAX_STARTUP_BYTES - 8 - 'user'.length - 3
    expect(feed([encode.startup(0, [['user', 'x'.repeat(fits)]])])).not.toBeNull()
    expect(() => feed([encode.startup(0, [['user', 'x'.repeat(fits + 1)]]).subarray(0, 4)])).toThrow(expect.objectContaining({ code: 'too-large' }))
  })

  test.each([
    ['GET / HTTP/1.1\r\n', /HTTP/],
    ['SSH-2.0-OpenSSH', /SSH/],
    ['hello', /plain text/],
    ['Q\0\0\0\u000D', /before any startup packet/],
  ])('that belongs elsewhere is named: %j', (text, name) => {
    expect(() => feed([Buffer.from(text, 'latin1')])).toThrow(name)
  })

  test('of garbage throws nothing but ProtocolError', () => {
    const length = fc.integer({ min: 0, max: 60 }).map((size) => Uint8Array.of(0, 0, 0, size, 0, 3, 0, 0))
    fc.assert(
      fc.property(fc.oneof(bytes(100), fc.tuple(length, bytes(60)).map(concat)), chunkSizes, (stream, sizes) => {
        try {
          feed(cut(stream, sizes))
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError)
        }
      }),
      RUNS,
    )
  })
})
