import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import * as encode from '../../src/postgres/encode.ts'
import { ProtocolError } from '../../src/postgres/error.ts'
import { decodePassword, decodeSaslInitial, type FrontendMessage } from '../../src/postgres/frontend-message.ts'
import { FrontendDecoder } from '../../src/postgres/frontend.ts'
import { bytes, chunkSizes, concat, cut, everySplit, int32, RUNS, target, text, uint16, uint32, value } from './arbitraries.ts'

const CAP = 4096
const decoder = () => new FrontendDecoder({ maxMessageBytes: CAP })

/** What was meant, beside its bytes. */
interface Sample {
  readonly raw: Uint8Array
  readonly fields: object
}

const sample = (raw: Uint8Array, fields: object): Sample => ({ raw, fields })

const bindFields = fc.record({
  portal: text,
  statement: text,
  formats: fc.array(uint16, { maxLength: 5 }),
  values: fc.array(value, { maxLength: 5 }),
  resultFormats: fc.array(uint16, { maxLength: 5 }),
})

const anyMessage: fc.Arbitrary<Sample> = fc.oneof(
  text.map((text) => sample(encode.query(text), { kind: 'query', text })),
  fc
    .tuple(text, text, fc.array(uint32, { maxLength: 5 }))
    .map(([name, text, types]) => sample(encode.parse(name, text, types), { kind: 'parse', name, text, types })),
  bindFields.map((fields) => sample(encode.bind(fields), { kind: 'bind', ...fields })),
  fc.tuple(target, text).map(([target, name]) => sample(encode.describe(target, name), { kind: 'describe', target, name })),
  fc.tuple(target, text).map(([target, name]) => sample(encode.close(target, name), { kind: 'close', target, name })),
  fc.tuple(text, int32).map(([portal, maxRows]) => sample(encode.execute(portal, maxRows), { kind: 'execute', portal, maxRows })),
  fc.constant(sample(encode.flush(), { kind: 'flush' })),
  fc.constant(sample(encode.sync(), { kind: 'sync' })),
  fc.constant(sample(encode.terminate(), { kind: 'terminate' })),
  fc.constant(sample(encode.copyDone(), { kind: 'copyDone' })),
  bytes().map((data) => sample(encode.copyData(data), { kind: 'copyData', data })),
  text.map((reason) => sample(encode.copyFail(reason), { kind: 'copyFail', reason })),
  bytes().map((body) => sample(encode.saslResponse(body), { kind: 'password', body })),
  fc
    .tuple(uint32, bindFields, fc.constantFrom(0, 1))
    .map(([functionOid, { formats, values }, resultFormat]) => ({ functionOid, formats, values, resultFormat }))
    .map((fields) => sample(encode.functionCall(fields), { kind: 'functionCall', ...fields })),
)

function feed(chunks: readonly Uint8Array[]): FrontendMessage[] {
  const one = decoder()
  return chunks.flatMap((chunk) => one.push(chunk))
}

describe('what a client sends', () => {
  test('decodes to what was encoded, in whatever chunks it comes', () => {
    fc.assert(
      fc.property(fc.array(anyMessage, { maxLength: 8 }), chunkSizes, (samples, sizes) => {
        const stream = concat(samples.map(({ raw }) => raw))
        expect(feed(cut(stream, sizes))).toEqual(samples.map(({ raw, fields }) => ({ raw, ...fields })))
      }),
      RUNS,
    )
  })

  test('is the same messages when cut at any byte, and byte by byte', () => {
    const bind = { portal: 'p', statement: 's', formats: [0], values: [null, Uint8Array.of(1, 2, 3)], resultFormats: [1] }
    const stream = concat([encode.query('SELECT 1'), encode.parse('s', 'SELECT $1', [23]), encode.bind(bind), encode.execute('p', 5), encode.sync()])
    const whole = feed([stream])
    expect(whole.map(({ kind }) => kind)).toEqual(['query', 'parse', 'bind', 'execute', 'sync'])
    for (const chunks of everySplit(stream)) expect(feed(chunks)).toEqual(whole)
  })

  test('is forwarded as it came: the raw messages are the stream', () => {
    fc.assert(
      fc.property(fc.array(anyMessage, { maxLength: 8 }), chunkSizes, (samples, sizes) => {
        const stream = concat(samples.map(({ raw }) => raw))
        expect(concat(feed(cut(stream, sizes)).map(({ raw }) => raw))).toEqual(stream)
      }),
      RUNS,
    )
  })

  test('is not copied when a chunk holds whole messages', () => {
    const stream = concat([encode.query('SELECT 1'), encode.query('SELECT 2')])
    for (const { raw } of feed([stream])) expect(raw.buffer).toBe(stream.buffer)
  })
})

describe('garbage from a client', () => {
  test('never throws anything but ProtocolError, and never buffers above the cap', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            bytes(200),
            anyMessage.map(({ raw }) => raw),
          ),
          { maxLength: 6 },
        ),
        chunkSizes,
        (parts, sizes) => {
          const one = decoder()
          try {
            for (const chunk of cut(concat(parts), sizes)) {
              one.push(chunk)
              expect(one.buffered).toBeLessThan(Math.max(CAP, 65_536))
            }
          } catch (error) {
            expect(error).toBeInstanceOf(ProtocolError)
            expect(() => one.push(encode.sync())).toThrow(ProtocolError)
          }
        },
      ),
      RUNS,
    )
  })

  test('is refused in any single byte changed, or decodes to a message with exactly those bytes', () => {
    fc.assert(
      fc.property(anyMessage, fc.nat(), fc.nat(255), (sample, where, byte) => {
        const raw = sample.raw.slice()
        raw[where % raw.length] = byte
        try {
          for (const message of feed([raw])) expect(message.raw).toEqual(raw.subarray(0, message.raw.length))
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError)
        }
      }),
      RUNS,
    )
  })

  test('a message one byte over the cap is refused by its header, and one at the cap is not', () => {
    const atCap = encode.query('x'.repeat(CAP - 6))
    expect(atCap).toHaveLength(CAP)
    expect(feed([atCap])).toHaveLength(1)
    const over = encode.query('x'.repeat(CAP - 5))
    expect(() => feed([over.subarray(0, 5)])).toThrow(expect.objectContaining({ code: 'too-large' }))
  })

  test('messages before the bad one in a chunk are not delivered: the connection is over', () => {
    expect(() => feed([concat([encode.query('DELETE FROM t'), Uint8Array.of(0, 0, 0, 0, 0)])])).toThrow(ProtocolError)
  })

  test('a large message in single bytes takes time in proportion', () => {
    const one = new FrontendDecoder({ maxMessageBytes: 2 ** 24 })
    const stream = encode.query('x'.repeat(2 ** 20))
    const messages: FrontendMessage[] = []
    for (let at = 0; at < stream.length; at++) messages.push(...one.push(stream.subarray(at, at + 1)))
    expect(messages.map(({ raw }) => raw.length)).toEqual([stream.length])
  })
})

describe('the text of a statement', () => {
  test('is null when it is not UTF-8, and never a replacement of it', () => {
    const raw = Uint8Array.of(0x51, 0, 0, 0, 7, 0x61, 0xff, 0)
    expect(feed([raw])).toEqual([{ kind: 'query', text: null, raw }])
  })

  test('keeps a byte order mark, which the server reads too', () => {
    expect(feed([encode.query('\uFEFFSELECT 1')])).toMatchObject([{ text: '\uFEFFSELECT 1' }])
  })
})

describe('password messages', () => {
  test('decode to what was encoded', () => {
    fc.assert(
      fc.property(text, bytes(), (text, data) => {
        expect(decodePassword(encode.password(text).subarray(5))).toBe(text)
        expect(decodeSaslInitial(encode.saslInitial(text, data).subarray(5))).toEqual({ mechanism: text, data })
      }),
      RUNS,
    )
  })

  test('a SASLInitialResponse may carry no data', () => {
    expect(decodeSaslInitial(Uint8Array.of(0x58, 0, 255, 255, 255, 255))).toEqual({ mechanism: 'X', data: null })
  })
})
