import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { csvOf } from '../src/pages/query/csv.ts'

const cell = fc.option(
  fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('', '-5', '+1e9', '-2.50', 'a,b', 'say "no"', 'two\r\nlines', ' padded '),
    fc.tuple(fc.constantFrom('=', '+', '-', '@', ' =', '\t=', '＝'), fc.string()).map((parts) => parts.join('')),
  ),
)

/** A reader of RFC 4180 that knows what COPY knows: a field without quotes and characters is NULL. */
function read(csv: string): readonly (readonly (string | null)[])[] {
  const rows: (string | null)[][] = []
  let row: (string | null)[] = []
  for (const [, quoted, plain = '', end] of csv.matchAll(/(?:"((?:[^"]|"")*)"|([^,"\r\n]*))(,|\r\n)/g)) {
    row.push(quoted === undefined ? (plain === '' ? null : plain) : quoted.replaceAll('""', '"'))
    if (end === ',') continue
    rows.push(row)
    row = []
  }
  return rows
}

describe('a result as CSV', () => {
  test('is read again as what it was, but for an apostrophe before what would be a formula', () => {
    fc.assert(
      fc.property(fc.array(fc.string(), { minLength: 1, maxLength: 4 }), fc.array(fc.array(cell, { minLength: 1, maxLength: 4 })), (names, rows) => {
        const found = read(csvOf(names, rows))
        const given = [names, ...rows]
        expect(found.map((row, at) => row.map((value, index) => (value === `'${given[at]?.[index]}` ? given[at]?.[index] : value)))).toEqual(given)
      }),
    )
  })

  test('has no cell that a spreadsheet runs, and numbers stay numbers', () => {
    fc.assert(
      fc.property(fc.array(cell, { minLength: 1 }), (row) => {
        for (const value of read(csvOf(['n'], [row]))[1] ?? []) {
          if (value !== null && !Number.isFinite(Number(value))) expect(value.trimStart()).not.toMatch(/^[=+\-@＝＋－＠]/)
        }
      }),
    )
    expect(csvOf(['n'], [['-5'], ['+1e9'], ['-5+cmd|x'], ["=HYPERLINK('x')"]])).toBe("n\r\n-5\r\n+1e9\r\n'-5+cmd|x\r\n'=HYPERLINK('x')\r\n")
  })

  test('tells NULL from an empty text', () => {
    expect(csvOf(['one', 'other'], [[null, '']])).toBe('one,other\r\n,""\r\n')
  })
})
