import fc from 'fast-check'
import { expect, test } from 'vitest'
import { shapeLine } from '../src/show-request.ts'

test('what may differ is marked, and no text can mark a part of itself', () => {
  const part = fc.string({ unit: fc.constantFrom('a', ' ', "'", '«', '»', '\n', '\u202e', '7') })
  fc.assert(
    fc.property(part, part, part, (before, value, behind) => {
      const line = shapeLine({ text: before + value + behind, differs: [{ from: before.length, to: before.length + value.length }] })
      expect(line).toMatch(/^[^«»\n\u202e]*«[^«»\n\u202e]*»[^«»\n\u202e]*$/)
    }),
  )
  expect(shapeLine({ text: 'DELETE FROM a WHERE b = 7 AND c = $1', differs: [{ from: 24, to: 25 }] })).toBe('DELETE FROM a WHERE b = «7» AND c = $1')
})
