import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { assertWithin, DEFAULT_CEILING } from '../src/coverage.ts'
import { DomainError } from '../src/error.ts'
import { isSatisfied } from '../src/need.ts'
import { combineObligations, type Decision, NO_OBLIGATIONS, strictest } from '../src/obligations.ts'
import { approver, attempt, given, need, obligations, ONE_DBA } from './arbitraries.ts'

const policies = fc.subarray(['p1', 'p2', 'p3'])
const decision: fc.Arbitrary<Decision> = fc.oneof(
  fc.record({ effect: fc.constant('allow' as const), policies, obligations }),
  fc.record({ effect: fc.constant('review' as const), policies, obligations, need }),
  fc.record({ effect: fc.constant('deny' as const), policies, message: fc.constantFrom('no', 'never') }),
)
const RANK = { allow: 0, review: 1, deny: 2 } as const

describe('obligations together', () => {
  test('ask for everything that any of them asks', () => {
    fc.assert(
      fc.property(fc.array(obligations, { maxLength: 4 }), (all) => {
        const sum = combineObligations(...all)
        expect(sum.reason).toBe(all.some((each) => each.reason))
        expect(sum.sign).toBe(all.some((each) => each.sign))
        expect(new Set(sum.tickets)).toEqual(new Set(all.flatMap((each) => each.tickets)))
        expect(new Set(sum.personal)).toEqual(new Set(all.flatMap((each) => each.personal)))
        expect(new Set(sum.mask)).toEqual(new Set(all.flatMap((each) => each.mask)))
      }),
    )
  })

  test('give no more than the least of them gives', () => {
    fc.assert(
      fc.property(fc.array(obligations, { maxLength: 4 }), given, (all, wanted) => {
        const sum = combineObligations(...all)
        const lives = all.flatMap((each) => each.expiresMs ?? [])
        expect(sum.expiresMs).toBe(lives.length > 0 ? Math.min(...lives) : null)
        const ceilings = all.flatMap((each) => each.ceiling ?? [])
        const fits = (most: (typeof ceilings)[number]) => !(attempt(() => assertWithin(wanted, most)) instanceof DomainError)
        if (sum.ceiling === null) expect(ceilings).toEqual([])
        else expect(fits(sum.ceiling)).toBe(ceilings.every(fits))
      }),
    )
  })

  test('of nobody are none', () => {
    expect(combineObligations()).toEqual(NO_OBLIGATIONS)
  })
})

describe('the strictest decision', () => {
  test('is as strict as the strictest of them, in any order', () => {
    fc.assert(
      fc.property(fc.array(decision, { minLength: 1, maxLength: 4 }), (all) => {
        const highest = Math.max(...all.map(({ effect }) => RANK[effect]))
        expect(RANK[strictest(all).effect]).toBe(highest)
        expect(strictest(all.toReversed()).effect).toBe(strictest(all).effect)
      }),
    )
  })

  test('is satisfied only by people who satisfy every one of the reviews', () => {
    fc.assert(
      fc.property(fc.array(decision, { minLength: 1, maxLength: 3 }), fc.array(approver, { maxLength: 6 }), (all, people) => {
        const answer = strictest(all)
        fc.pre(answer.effect === 'review')
        if (answer.effect !== 'review' || !isSatisfied(answer.need, people)) return
        expect(all.every((each) => each.effect !== 'review' || isSatisfied(each.need, people))).toBe(true)
      }),
    )
  })

  test('of several gives no more than each review gives by itself: once, where its policies do not say', () => {
    fc.assert(
      fc.property(fc.array(decision, { minLength: 1, maxLength: 4 }), given, (all, wanted) => {
        const answer = strictest(all)
        fc.pre(answer.effect === 'review')
        const fits = (one: Decision) =>
          one.effect !== 'review' || !(attempt(() => assertWithin(wanted, one.obligations.ceiling ?? DEFAULT_CEILING)) instanceof DomainError)
        expect(!fits(answer) || all.every(fits)).toBe(true)
      }),
    )
  })

  test('of several for a connection lasts as long as the shortest of those that say how long', () => {
    const halfAnHour: Decision = {
      effect: 'review',
      policies: ['user'],
      obligations: { ...NO_OBLIGATIONS, ceiling: { kind: 'duration', ms: 1_800_000 } },
      need: ONE_DBA,
    }
    const unsaid: Decision = { effect: 'review', policies: ['agent'], obligations: NO_OBLIGATIONS, need: ONE_DBA }
    expect(strictest([halfAnHour, unsaid])).toMatchObject({ obligations: { ceiling: { kind: 'once' } } })
    expect(strictest([halfAnHour, unsaid], null)).toMatchObject({ obligations: { ceiling: { kind: 'duration', ms: 1_800_000 } } })
  })

  test('keeps the obligations of what is allowed beside what is reviewed', () => {
    const masked: Decision = { effect: 'allow', policies: ['reads'], obligations: { ...NO_OBLIGATIONS, mask: ['email'] } }
    const reviewed: Decision = { effect: 'review', policies: ['writes'], obligations: NO_OBLIGATIONS, need: ONE_DBA }
    expect(strictest([masked, reviewed])).toEqual({ ...reviewed, obligations: masked.obligations })
  })

  test('of nothing is a denial', () => {
    expect(strictest([])).toMatchObject({ effect: 'deny' })
  })
})
