import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { EVERYTHING, mayBeChosen, present, reachable } from '../../../src/adapters/postgres/catalog/choosing.ts'
import type { Callable, Objects, UserCast, UserType } from '../../../src/adapters/postgres/catalog/facts.ts'

const [INTEGER, TEXT, INTERNAL, ANYELEMENT] = [23, 25, 2281, 2283]
const [MOOD, CITEXT, PAIR, SPAN] = [20_000, 20_001, 20_002, 20_003]

const type = (oid: number, said: Partial<UserType> = {}): UserType => ({
  oid,
  schema: 'public',
  name: `t${oid}`,
  extension: null,
  kind: 'b',
  category: 'U',
  preferred: false,
  parts: [],
  io: [],
  checks: [],
  isTable: false,
  ...said,
})

const types: Objects['types'] = new Map([
  [MOOD, type(MOOD, { kind: 'e', category: 'E' })],
  [CITEXT, type(CITEXT, { category: 'S' })],
  [PAIR, type(PAIR, { kind: 'c', category: 'C', parts: [MOOD] })],
  [SPAN, type(SPAN, { category: 'T', preferred: true, parts: [PAIR] })],
])

const called = (...args: readonly number[]): Callable => ({ oid: 30_000, schema: 'public', name: 'f', extension: null, args })
const cast = (source: number, target: number, implicit = true): UserCast => ({
  source,
  target,
  function: 0,
  called: null,
  implicit,
  written: '',
  extension: null,
})
const reach = (seeds: readonly number[], casts: readonly UserCast[] = []) => reachable(present(seeds, types), { types, casts })

describe('the types that values of a statement can have', () => {
  test('are those that are there, and what they are made of', () => {
    expect(new Set(present([SPAN], types))).toEqual(new Set([MOOD, PAIR, SPAN]))
    expect(reach([PAIR]).has(MOOD)).toBe(true)
    expect(reach([MOOD]).has(PAIR)).toBe(false)
    expect(reach([]).has(INTEGER)).toBe(true)
    expect([reach([]), EVERYTHING].map((each) => each.has(INTERNAL))).toEqual([false, false])
  })

  test('are also what the server casts them to unasked, step by step, and its own types too', () => {
    expect(reach([MOOD], [cast(MOOD, CITEXT), cast(CITEXT, SPAN)]).has(PAIR)).toBe(true)
    expect(reach([], [cast(TEXT, CITEXT)]).has(CITEXT)).toBe(true)
    expect(reach([], [cast(TEXT, CITEXT, false)]).has(CITEXT)).toBe(false)
  })
})

describe("somebody's function or operator of a built-in name", () => {
  test('may be chosen where values of its types are', () => {
    expect(mayBeChosen(called(MOOD, TEXT), [], reach([MOOD]), types)).toBe(true)
    expect(mayBeChosen(called(INTEGER), [[INTEGER]], reach([]), types)).toBe(true)
    expect(mayBeChosen(called(), [], reach([]), types)).toBe(true)
  })

  test('may be chosen for a literal, unless a built-in one stands in its place', () => {
    expect(mayBeChosen(called(CITEXT, INTEGER), [], reach([]), types)).toBe(true)
    expect(mayBeChosen(called(CITEXT, INTEGER), [[TEXT, INTEGER]], reach([]), types)).toBe(false)
    expect(mayBeChosen(called(CITEXT, INTEGER), [[INTEGER, INTEGER]], reach([]), types)).toBe(true)
    expect(mayBeChosen(called(CITEXT, INTEGER), [[TEXT]], reach([]), types)).toBe(true)
    expect(mayBeChosen(called(MOOD), [[ANYELEMENT]], reach([]), types)).toBe(true) // a literal does not tell what anyelement is
    expect(mayBeChosen(called(SPAN), [[TEXT]], reach([]), types)).toBe(true) // a preferred type is guessed first
    expect(mayBeChosen(called(29_999), [[TEXT]], reach([]), types)).toBe(true) // nobody knows what it is
  })

  test('is never chosen with an argument that no SQL can give', () => {
    expect(mayBeChosen(called(INTERNAL, INTEGER), [], EVERYTHING, types)).toBe(false)
  })

  test('is chosen no less often where more types can be had', () => {
    const oids = fc.constantFrom(INTEGER, TEXT, ANYELEMENT, MOOD, CITEXT, PAIR, SPAN)
    const args = fc.array(oids, { maxLength: 3 })
    fc.assert(
      fc.property(args, fc.array(args, { maxLength: 3 }), fc.array(oids), fc.array(oids), (wanted, own, seeds, more) => {
        const chosen = mayBeChosen(called(...wanted), own, reach(seeds), types)
        expect(!chosen || mayBeChosen(called(...wanted), own, reach([...seeds, ...more]), types)).toBe(true)
        expect(!chosen || mayBeChosen(called(...wanted), own, EVERYTHING, types)).toBe(true)
      }),
    )
  })
})
