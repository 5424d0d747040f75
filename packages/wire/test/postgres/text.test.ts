import fc from 'fast-check'
import { expect, test } from 'vitest'
import { shownText, strictText } from '../../src/postgres/text.ts'

const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc.string({ unit: 'binary', maxLength: 40 }).map((text) => new TextEncoder().encode(text)),
  fc.array(fc.integer({ min: 0, max: 0x7f }), { maxLength: 20 }).map((codes) => Uint8Array.from(codes)),
)

/** What the decoder of the platform says of any length. */
function decoded(input: Uint8Array, fatal: boolean): string | null {
  try {
    return new TextDecoder('utf-8', { fatal, ignoreBOM: true }).decode(input)
  } catch {
    return null
  }
}

test('text is what UTF-8 says, short or long: nothing that is not valid, and nothing dropped', () => {
  fc.assert(
    fc.property(bytes, (input) => {
      expect(strictText(input)).toBe(decoded(input, true))
      expect(shownText(input)).toBe(decoded(input, false))
    }),
    { numRuns: 1_000 },
  )
})
