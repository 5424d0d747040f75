import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { canonical, isCanonical } from '../src/canonical.ts'

const vector = (name: string) => readFileSync(new URL(`vectors/${name}`, import.meta.url), 'utf8')

describe('canonical JSON', () => {
  test('means the same, and is canonical already', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
        const text = canonical(value)
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)))
        expect(canonical(JSON.parse(text))).toBe(text)
      }),
    )
  })

  test('does not depend on the order in which members were set', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue()), (value) => {
        expect(canonical(Object.fromEntries(Object.entries(value).reverse()))).toBe(canonical(value))
      }),
    )
  })

  test('is told from every other form', () => {
    const either = (ask: () => boolean) => {
      try {
        return ask()
      } catch (error) {
        return String(error)
      }
    }
    // Names that are numbers, which an object puts first; lone surrogates, written out and not; nesting beyond the bound.
    const name = fc.oneof(
      fc.constantFrom('9', '10', 'a', 'B', '__proto__', 'toJSON', '\u20ac', '\ud83d\ude00', '\ufb33', '\ud800'),
      fc.string({ unit: 'binary' }),
    )
    const { value } = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { depthSize: 'small', maxDepth: 4 },
        fc.oneof(fc.string({ unit: 'binary' }), fc.double(), fc.constantFrom(null, true, -0, '\ud800', '\\ud800')),
        fc.array(tie('value')),
        fc.array(fc.tuple(name, tie('value'))).map((members) => Object.fromEntries(members)),
      ),
    }))
    const sorted = fc.jsonValue().map((json) => canonical(JSON.parse(JSON.stringify(json))))
    const nested = fc.integer({ min: 60, max: 68 }).map((depth) => '['.repeat(depth) + ']'.repeat(depth))
    const texts = fc.oneof(
      value.map((any) => JSON.stringify(any)),
      value.map((any) => JSON.stringify(any, null, 1)),
      sorted,
      nested,
      fc.json(),
    )
    fc.assert(
      fc.property(texts, (text) => {
        const parsed: unknown = JSON.parse(text)
        expect(either(() => isCanonical(parsed, text))).toBe(either(() => canonical(parsed) === text))
      }),
      { numRuns: 300 },
    )
    expect(isCanonical(JSON.parse('{"a":1,"a":1}'), '{"a":1,"a":1}')).toBe(false)
    expect(isCanonical(JSON.parse('[-0]'), '[-0]')).toBe(false)
  })

  // RFC 8785 section 3.2.4 and the author's examples.
  it.each(['arrays', 'french', 'structures', 'unicode', 'values', 'weird'])('agrees with the published example %s', (name) => {
    expect(canonical(JSON.parse(vector(`${name}.in`)))).toBe(vector(`${name}.out`))
  })

  // RFC 8785 appendix B, and the sample lines of the author's number test.
  it.each([
    ['0000000000000000', '0'],
    ['8000000000000000', '0'],
    ['0000000000000001', '5e-324'],
    ['8000000000000001', '-5e-324'],
    ['7fefffffffffffff', '1.7976931348623157e+308'],
    ['ffefffffffffffff', '-1.7976931348623157e+308'],
    ['4340000000000000', '9007199254740992'],
    ['c340000000000000', '-9007199254740992'],
    ['4430000000000000', '295147905179352830000'],
    ['44b52d02c7e14af5', '9.999999999999997e+22'],
    ['44b52d02c7e14af6', '1e+23'],
    ['44b52d02c7e14af7', '1.0000000000000001e+23'],
    ['444b1ae4d6e2ef4e', '999999999999999700000'],
    ['444b1ae4d6e2ef4f', '999999999999999900000'],
    ['444b1ae4d6e2ef50', '1e+21'],
    ['3eb0c6f7a0b5ed8c', '9.999999999999997e-7'],
    ['3eb0c6f7a0b5ed8d', '0.000001'],
    ['41b3de4355555553', '333333333.3333332'],
    ['41b3de4355555554', '333333333.33333325'],
    ['41b3de4355555555', '333333333.3333333'],
    ['41b3de4355555556', '333333333.3333334'],
    ['41b3de4355555557', '333333333.33333343'],
    ['becbf647612f3696', '-0.0000033333333333333333'],
    ['43143ff3c1cb0959', '1424953923781206.2'],
  ])('writes the double %s as %s', (hex, text) => {
    expect(canonical(Buffer.from(hex, 'hex').readDoubleBE())).toBe(text)
  })

  it.each([
    ['NaN', Number.NaN],
    ['an infinity', Number.POSITIVE_INFINITY],
    ['undefined', undefined],
    ['undefined in an object', { a: undefined }],
    ['a hole in a list', Array.from({ length: 1 })],
    ['a lone surrogate', 'a\ud800b'],
    ['a lone surrogate in a name', { '\udead': 1 }],
    ['a bigint', 1n],
    ['a function', () => 1],
    ['a date', new Date(0)],
    ['a map', new Map([[1, 2]])],
  ])('refuses %s', (_name, value) => {
    expect(() => canonical(value)).toThrow(expect.objectContaining({ name: 'LedgerError', code: 'not-json' }))
  })

  it('refuses nesting that would exhaust the stack', () => {
    const deep: unknown = JSON.parse('['.repeat(50_000) + ']'.repeat(50_000))
    expect(() => canonical(deep)).toThrow(expect.objectContaining({ code: 'too-deep' }))
  })
})
