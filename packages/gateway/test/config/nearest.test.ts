import fc from 'fast-check'
import { expect, test } from 'vitest'
import { nearest, suggestion } from '../../src/config/nearest.ts'

test('a known word is its own nearest', () => {
  const words = fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 1, selector: (word) => word.toLowerCase() })
  fc.assert(
    fc.property(words, (known) => {
      expect(nearest(known[0] ?? '', known)).toBe(known[0])
    }),
  )
})

test.each([
  ['expirs', 'expires'],
  ['reveiw', 'review'],
  ['Grants', 'grants'],
  ['xyz', null],
])('%s is near %s', (word, expected) => {
  expect(nearest(word, ['review', 'expires', 'grants'])).toBe(expected)
})

test('when nothing is near, what is known is listed', () => {
  expect(suggestion('xyz', ['review', 'grants'])).toBe('; known: review, grants')
})
