import { BackendScanner } from '@countersign/wire/postgres/backend'
import { dataRow } from '@countersign/wire/postgres/encode'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Row, RowReader } from '../../src/query/rows.ts'

const values = fc.array(fc.option(fc.string({ unit: 'grapheme', maxLength: 40 })), { maxLength: 4 })
const messageOf = (row: Row) => dataRow(row.map((value) => (value === null ? null : Buffer.from(value))))

/** What is shown of these bytes when they come in chunks of `size`. */
function shown(bytes: Uint8Array, size: number, reader: RowReader): Row[] {
  const scanner = new BackendScanner()
  const rows: Row[] = []
  for (let at = 0; at < bytes.length; at += size) for (const piece of scanner.push(bytes.subarray(at, at + size))) rows.push(...reader.push(piece.bytes))
  return rows
}

test('rows are those that were sent, however they are cut on their way, up to the bounds', () => {
  fc.assert(
    fc.property(fc.array(values, { maxLength: 20 }), fc.integer({ min: 1, max: 50 }), fc.nat(20), fc.nat(400), (sent, size, maxRows, maxBytes) => {
      const messages = sent.map(messageOf)
      let left = maxBytes
      const fits = messages.findIndex((message, index) => index >= maxRows || (left -= message.length) < 0)
      const reader = new RowReader(maxRows, maxBytes)
      expect(shown(Buffer.concat(messages), size, reader)).toEqual(fits < 0 ? sent : sent.slice(0, fits))
      expect(reader.more).toBe(fits >= 0)
    }),
  )
})

test('the bytes are those of all statements together, the rows those of each', () => {
  const row = messageOf(['x'.repeat(100)])
  const reader = new RowReader(1, row.length * 2)
  for (const [count, more] of [
    [1, false],
    [1, false],
    [0, true],
  ] as const) {
    expect([shown(row, 7, reader).length, reader.more]).toEqual([count, more])
    reader.next()
  }
})
