import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import * as decode from '../../src/postgres/backend-message.ts'
import { BACKEND_LIMITS, BackendScanner, type Piece } from '../../src/postgres/backend.ts'
import * as encode from '../../src/postgres/encode.ts'
import { ProtocolError } from '../../src/postgres/error.ts'
import { bytes, chunkSizes, column, concat, cut, everySplit, int32, RUNS, status, text, uint16, value } from './arbitraries.ts'

const key = fc.uint8Array({ minLength: 4, maxLength: 256 })
const row = fc.array(value, { maxLength: 5 })
const report = fc.record({ severity: text, code: text, message: text, detail: text, hint: text }, { requiredKeys: ['severity', 'code', 'message'] })

const anyMessage: fc.Arbitrary<Uint8Array> = fc.oneof(
  { arbitrary: row.map(encode.dataRow), weight: 5 },
  { arbitrary: bytes().map(encode.copyData), weight: 3 },
  fc.constant(encode.authenticationOk()),
  fc.tuple(text, text).map(([name, setting]) => encode.parameterStatus(name, setting)),
  fc.tuple(int32, key).map(([processId, secretKey]) => encode.backendKeyData(processId, secretKey)),
  status.map(encode.readyForQuery),
  report.map(encode.errorResponse),
  report.map(encode.noticeResponse),
  fc.array(column, { maxLength: 4 }).map(encode.rowDescription),
  text.map(encode.commandComplete),
  fc.constant(encode.parseComplete()),
  fc.constant(encode.emptyQueryResponse()),
  fc.constant(encode.copyDone()),
)

/** What does not depend on the chunks: the whole messages, and between them the bulk bytes and rows. */
function merged(pieces: readonly Piece[]): { readonly code: number; readonly hex: string; readonly rows: number }[] {
  const out: { code: number; hex: string; rows: number }[] = []
  for (const piece of pieces) {
    const last = out.at(-1)
    const hex = Buffer.from(piece.bytes).toString('hex')
    if (piece.body === null && last?.code === 0) out[out.length - 1] = { code: 0, hex: last.hex + hex, rows: last.rows + piece.rows }
    else out.push({ code: piece.code, hex, rows: piece.rows })
  }
  return out
}

function scan(chunks: readonly Uint8Array[]): Piece[] {
  const scanner = new BackendScanner()
  const pieces = chunks.flatMap((chunk) => scanner.push(chunk))
  expect(scanner.atBoundary).toBe(true)
  return pieces
}

const bodyOf = (message: Uint8Array) => message.subarray(5)

describe('what a server sends', () => {
  test('comes through in order, every byte, in whatever chunks', () => {
    fc.assert(
      fc.property(fc.array(anyMessage, { maxLength: 12 }), chunkSizes, (messages, sizes) => {
        const stream = concat(messages)
        const pieces = scan(cut(stream, sizes))
        expect(concat(pieces.map(({ bytes }) => bytes))).toEqual(stream)
        expect(merged(pieces)).toEqual(merged(scan([stream])))
      }),
      RUNS,
    )
  })

  test('is cut into runs of rows and whole messages, with the rows counted', () => {
    const rows = [encode.dataRow([Uint8Array.of(1)]), encode.dataRow([null])]
    const stream = concat([encode.parseComplete(), ...rows, encode.commandComplete('SELECT 2'), encode.copyData(Uint8Array.of(7)), encode.readyForQuery('I')])
    const pieces = scan([stream])
    expect(pieces.map(({ code, rows }) => [code, rows])).toEqual([
      [0x31, 0],
      [0, 2],
      [0x43, 0],
      [0, 0],
      [0x5a, 0],
    ])
    expect(pieces[1]?.bytes).toEqual(concat(rows))
    for (const chunks of everySplit(stream)) expect(merged(scan(chunks))).toEqual(merged(pieces))
  })

  test('knows at every byte whether a message has just ended', () => {
    fc.assert(
      fc.property(fc.array(anyMessage, { minLength: 1, maxLength: 6 }), (messages) => {
        const scanner = new BackendScanner()
        for (const message of messages) {
          for (const byte of message.subarray(0, -1)) {
            scanner.push(Uint8Array.of(byte))
            expect(scanner.atBoundary).toBe(false)
          }
          scanner.push(message.subarray(-1))
          expect(scanner.atBoundary).toBe(true)
        }
      }),
      RUNS,
    )
  })

  test('a row of two gigabytes passes without being kept', () => {
    const scanner = new BackendScanner()
    scanner.push(Uint8Array.of(0x44, 0x7f, 0xff, 0xff, 0xff))
    const chunk = new Uint8Array(65_536)
    for (let sent = 0; sent < 100; sent++) {
      const [piece] = scanner.push(chunk)
      expect(piece?.bytes.buffer).toBe(chunk.buffer)
      expect(scanner.buffered).toBe(0)
    }
    expect(scanner.atBoundary).toBe(false)
  })
})

describe('garbage from a server', () => {
  test('never throws anything but ProtocolError, and never buffers above the cap', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(bytes(200), anyMessage), { maxLength: 6 }), chunkSizes, (parts, sizes) => {
        const scanner = new BackendScanner({ maxMessageBytes: 100, maxLargeMessageBytes: 300 })
        try {
          for (const chunk of cut(concat(parts), sizes)) {
            scanner.push(chunk)
            expect(scanner.buffered).toBeLessThan(300)
          }
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError)
          expect(() => scanner.push(encode.parseComplete())).toThrow(ProtocolError)
        }
      }),
      RUNS,
    )
  })

  test.each(Object.entries(decode))('%s of any bytes throws nothing but ProtocolError', (_, decoder) => {
    fc.assert(
      fc.property(bytes(100), (body) => {
        try {
          decoder(body)
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError)
        }
      }),
      RUNS,
    )
  })

  test('an ErrorResponse may be larger than other messages', () => {
    const message = 'x'.repeat(BACKEND_LIMITS.maxMessageBytes)
    expect(scan([encode.errorResponse({ severity: 'ERROR', code: '22000', message })])).toHaveLength(1)
    expect(() => scan([encode.commandComplete(message)])).toThrow(expect.objectContaining({ code: 'too-large' }))
  })
})

/** Bodies and what was encoded into them, beside their decoder. */
function roundtrip<T>(name: string, values: fc.Arbitrary<T>, encoder: (value: T) => Uint8Array, decoder: (body: Uint8Array) => unknown) {
  return { name, samples: values.map((meant) => ({ meant, body: bodyOf(encoder(meant)) })), decoder }
}

const { decodeAuthentication } = decode
const mechanism = text.filter((name) => name !== '')
const letter = fc.integer({ min: 1, max: 255 }).map((code) => String.fromCharCode(code))
const fields = fc.uniqueArray(fc.tuple(letter, text), { selector: ([letter]) => letter }).map((pairs) => new Map(pairs))
const md5 = fc.record({ kind: fc.constant('md5'), salt: fc.uint8Array({ minLength: 4, maxLength: 4 }) })
const sasl = fc.record({ kind: fc.constant('sasl'), mechanisms: fc.array(mechanism) })
const saslContinue = fc.record({ kind: fc.constant('saslContinue'), data: bytes() })
const saslFinal = fc.record({ kind: fc.constant('saslFinal'), data: bytes() })
const parameter = fc.record({ name: text, value: text })
const keyData = fc.record({ processId: int32, secretKey: key })
const negotiation = fc.record({ minor: uint16, unrecognized: fc.array(text, { maxLength: 4 }) })

const roundtrips = [
  roundtrip('AuthenticationOk', fc.constant({ kind: 'ok' }), encode.authenticationOk, decodeAuthentication),
  roundtrip('AuthenticationCleartextPassword', fc.constant({ kind: 'cleartext' }), encode.authenticationCleartext, decodeAuthentication),
  roundtrip('AuthenticationMD5Password', md5, ({ salt }) => encode.authenticationMd5(salt), decodeAuthentication),
  roundtrip('AuthenticationSASL', sasl, ({ mechanisms }) => encode.authenticationSasl(mechanisms), decodeAuthentication),
  roundtrip('AuthenticationSASLContinue', saslContinue, ({ data }) => encode.authenticationSaslContinue(data), decodeAuthentication),
  roundtrip('AuthenticationSASLFinal', saslFinal, ({ data }) => encode.authenticationSaslFinal(data), decodeAuthentication),
  roundtrip('ParameterStatus', parameter, ({ name, value }) => encode.parameterStatus(name, value), decode.decodeParameterStatus),
  roundtrip('BackendKeyData', keyData, ({ processId, secretKey }) => encode.backendKeyData(processId, secretKey), decode.decodeBackendKeyData),
  roundtrip('ReadyForQuery', status, encode.readyForQuery, decode.decodeReadyForQuery),
  roundtrip('RowDescription', fc.array(column, { maxLength: 5 }), encode.rowDescription, decode.decodeRowDescription),
  roundtrip('DataRow', row, encode.dataRow, decode.decodeDataRow),
  roundtrip('ErrorResponse with any letters', fields, (fields) => encode.fields('E', fields), decode.decodeFields),
  roundtrip('NegotiateProtocolVersion', negotiation, (it) => encode.negotiateProtocolVersion(it.minor, it.unrecognized), decode.decodeNegotiateProtocolVersion),
]

describe('the body of a server message', () => {
  test.each(roundtrips)('decodes to what was encoded: $name', ({ samples, decoder }) => {
    fc.assert(
      fc.property(samples, ({ meant, body }) => {
        expect(decoder(body)).toEqual(meant)
      }),
      RUNS,
    )
  })

  test('names the type of each parameter, also one above 2^31', () => {
    expect(decode.decodeParameterDescription(Uint8Array.of(0, 2, 0, 0, 0, 23, 0xff, 0xff, 0xff, 0xff))).toEqual([23, 0xffff_ffff])
    expect(() => decode.decodeParameterDescription(Uint8Array.of(0, 2, 0, 0, 0, 23))).toThrow('a ParameterDescription')
  })

  test('may ask for a method that is not spoken here', () => {
    expect(decodeAuthentication(Uint8Array.of(0, 0, 0, 7))).toEqual({ kind: 'other', method: 7 })
  })

  test('an error with detail and hint has psql show each under its name', () => {
    const error = encode.errorResponse({ severity: 'ERROR', code: '42501', message: 'refused', detail: 'by policy p', hint: 'ask bob' })
    expect([...decode.decodeFields(bodyOf(error))].map(([letter, text]) => letter + text)).toEqual([
      'SERROR',
      'VERROR',
      'C42501',
      'Mrefused',
      'Dby policy p',
      'Hask bob',
    ])
  })

  test.each([
    ['INSERT 0 5', 5],
    ['SELECT 0', 0],
    ['COPY 12', 12],
    ['CREATE TABLE', null],
    ['', null],
  ])('the tag %j counts %j rows', (tag, rows) => {
    expect(decode.decodeCommandComplete(bodyOf(encode.commandComplete(tag)))).toEqual({ tag, rows })
  })

  test('text that is not UTF-8 is shown with replacements, and so equals no setting', () => {
    expect(decode.decodeParameterStatus(Uint8Array.of(0x61, 0, 0x6f, 0xff, 0x6e, 0))).toEqual({ name: 'a', value: 'o\uFFFDn' })
  })
})
