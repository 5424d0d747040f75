import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { decodeBundle, decodeLines, encodeBundle, encodeLines } from '../src/bundle.ts'
import { LedgerError } from '../src/error.ts'

const entries = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 })
const lines = entries.map((list) => list.map((entry) => entry.filter((byte) => byte !== 10)))
const plain = (list: readonly Uint8Array[]) => list.map((entry) => Uint8Array.from(entry))

describe('an entry bundle', () => {
  test('reads back as the entries that it holds', () => {
    fc.assert(
      fc.property(entries, lines, (list, one) => {
        expect(plain(decodeBundle(encodeBundle(list), list.length))).toEqual(list)
        expect(plain(decodeLines(encodeLines(one), one.length))).toEqual(one)
      }),
    )
  })

  test('of another width, and anybody else’s bytes, are refused or are the bundle of what was read', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.nat(6), (bytes, width) => {
        for (const [decode, encode] of [
          [decodeBundle, encodeBundle],
          [decodeLines, encodeLines],
        ] as const)
          try {
            expect(Uint8Array.from(encode(decode(bytes, width)))).toEqual(bytes)
          } catch (error) {
            expect(error).toBeInstanceOf(LedgerError)
          }
      }),
      { numRuns: 2000 },
    )
  })

  it('holds an entry of 65,535 bytes and none that is longer; lines do', () => {
    const longest = Buffer.alloc(65_535, 'x')
    expect(decodeBundle(encodeBundle([longest]), 1)[0]?.length).toBe(65_535)
    const longer = Buffer.alloc(65_536, 'x')
    expect(() => encodeBundle([longer])).toThrow(expect.objectContaining({ code: 'too-long' }))
    expect(decodeLines(encodeLines([longer]), 1)[0]?.length).toBe(65_536)
  })
})
