import { hashEntry } from '@countersign/ledger/entry'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Pending } from '../../src/journal/pending.ts'

const line = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.nat(2_000).map((size) => '€'.repeat(size)),
  fc.nat(200).map((size) => 'x'.repeat(size * 1000)),
)

test('lines that wait are the bytes that are written, and are hashed as they stand', () => {
  fc.assert(
    fc.property(fc.array(fc.array(line, { maxLength: 5 }), { maxLength: 4 }), (turns) => {
      const pending = new Pending()
      for (const lines of turns) {
        expect(pending.isEmpty).toBe(true)
        expect(lines.map((each) => pending.add(each))).toEqual(lines.map((each) => hashEntry(each)))
        expect(Buffer.from(pending.bytes).toString()).toBe(lines.map((each) => `${each}\n`).join(''))
        pending.clear()
      }
    }),
  )
})
