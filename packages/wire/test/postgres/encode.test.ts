import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import * as encode from '../../src/postgres/encode.ts'
import { ProtocolError } from '../../src/postgres/error.ts'
import { int32At } from '../../src/postgres/reader.ts'
import { RUNS, text } from './arbitraries.ts'

const column = { name: 'c', tableOid: 0, attribute: 0, typeOid: 25, typeSize: -1, typeModifier: -1, format: 0 }

/** Every encoder that takes text, with the text in each of its places in turn. */
const withText: [place: string, encoder: (text: string) => Uint8Array][] = [
  ['a parameter name', (text) => encode.startup(0, [[text, 'v']])],
  ['a parameter value', (text) => encode.startup(0, [['user', text]])],
  ['a password', encode.password],
  ['a SASL mechanism', (text) => encode.saslInitial(text, new Uint8Array(0))],
  ['a Query', encode.query],
  ['the name of a Parse', (text) => encode.parse(text, 'SELECT 1')],
  ['the text of a Parse', (text) => encode.parse('', text)],
  ['the portal of a Bind', (portal) => encode.bind({ portal, statement: '', formats: [], values: [], resultFormats: [] })],
  ['the statement of a Bind', (statement) => encode.bind({ portal: '', statement, formats: [], values: [], resultFormats: [] })],
  ['a Describe', (text) => encode.describe('S', text)],
  ['a Close', (text) => encode.close('P', text)],
  ['an Execute', (text) => encode.execute(text)],
  ['a CopyFail', encode.copyFail],
  ['an offered mechanism', (text) => encode.authenticationSasl([text])],
  ['the name of a ParameterStatus', (text) => encode.parameterStatus(text, '')],
  ['the value of a ParameterStatus', (text) => encode.parameterStatus('', text)],
  ['an error message', (message) => encode.errorResponse({ severity: 'ERROR', code: '42501', message })],
  ['an error detail', (detail) => encode.errorResponse({ severity: 'ERROR', code: '42501', message: '', detail })],
  ['a notice hint', (hint) => encode.noticeResponse({ severity: 'NOTICE', code: '00000', message: '', hint })],
  ['a column name', (name) => encode.rowDescription([{ ...column, name }])],
  ['a command tag', encode.commandComplete],
  ['an unrecognized option', (text) => encode.negotiateProtocolVersion(0, [text])],
]

describe.each(withText)('%s', (_, encoder) => {
  test('with a NUL byte is refused, rather than sent as two fields', () => {
    fc.assert(
      fc.property(text, text, (before, after) => {
        expect(() => encoder(`${before}\0${after}`)).toThrow(ProtocolError)
      }),
      RUNS,
    )
  })

  test('of any length is in a frame whose length field is right', () => {
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 50 }), (text, times) => {
        const message = encoder(text.repeat(times))
        const untyped = message[0] === 0
        expect(int32At(message, untyped ? 0 : 1)).toBe(message.length - (untyped ? 0 : 1))
      }),
      RUNS,
    )
  })
})

test('a number that does not fit its field is refused', () => {
  expect(() => encode.parse('', '', [2 ** 32])).toThrow(ProtocolError)
  expect(() => encode.execute('', 2 ** 33)).toThrow(ProtocolError)
  expect(() => encode.execute('', 1.5)).toThrow(ProtocolError)
  expect(() => encode.dataRow(Array.from({ length: 65_536 }, () => null))).toThrow(ProtocolError)
})
