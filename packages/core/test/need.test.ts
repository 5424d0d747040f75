import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Approver, combineNeeds, describeNeed, isSatisfied, mayFill, missing, type Need, type Requirement } from '../src/need.ts'
import { approver, need, ONE_DBA } from './arbitraries.ts'

const people = fc.array(approver, { maxLength: 6 })

/** The oracle: tries every choice of requirements and every way to give each place a different human. Slow and obvious. */
function satisfiable(wanted: Need, approvers: readonly Approver[]): boolean {
  const groupsOf = new Map<string, Set<string>>()
  for (const { user, groups } of approvers) groupsOf.set(user, new Set([...(groupsOf.get(user) ?? []), ...groups]))
  const humans = [...groupsOf.values()]
  const seat = (places: readonly Requirement[], free: readonly Set<string>[]): boolean => {
    const [place, ...others] = places
    if (!place) return true
    return free.some((human, index) => place.groups.some((group) => human.has(group)) && seat(others, free.toSpliced(index, 1)))
  }
  const choose = (clauses: Need, chosen: readonly Requirement[]): boolean => {
    const [clause, ...others] = clauses
    if (!clause) {
      const once = [...new Map(chosen.map((each) => [JSON.stringify(each), each])).values()]
      return seat(
        once.flatMap((each) => Array.from({ length: each.quorum }, () => each)),
        humans,
      )
    }
    return clause.some((each) => choose(others, [...chosen, each]))
  }
  return choose(wanted, [])
}

describe('a need is satisfied', () => {
  test('exactly when a brute-force search finds a different human for every place', () => {
    fc.assert(
      fc.property(need, people, (wanted, approvers) => {
        expect(isSatisfied(wanted, approvers)).toBe(satisfiable(wanted, approvers))
      }),
      { numRuns: 1500 },
    )
  })

  test('never by fewer humans than the smallest choice of places, however many groups they are in', () => {
    fc.assert(
      fc.property(need, people, (wanted, approvers) => {
        const humans = new Set(approvers.map(({ user }) => user)).size
        const largestClause = Math.max(...wanted.map((clause) => Math.min(...clause.map(({ quorum }) => quorum))))
        fc.pre(isSatisfied(wanted, approvers))
        expect(humans).toBeGreaterThanOrEqual(largestClause)
      }),
    )
  })

  test('still, when more people approve than are needed', () => {
    fc.assert(
      fc.property(need, people, people, (wanted, approvers, more) => {
        fc.pre(isSatisfied(wanted, approvers))
        expect(isSatisfied(wanted, [...more, ...approvers])).toBe(true)
      }),
    )
  })

  test('no sooner when somebody is named twice', () => {
    fc.assert(
      fc.property(need, people, (wanted, approvers) => {
        expect(isSatisfied(wanted, [...approvers, ...approvers])).toBe(isSatisfied(wanted, approvers))
      }),
    )
  })

  test('whatever the order of the approvals', () => {
    fc.assert(
      fc.property(need, people, (wanted, approvers) => {
        expect(isSatisfied(wanted, approvers.toReversed())).toBe(isSatisfied(wanted, approvers))
      }),
    )
  })

  test('exactly when nothing is missing', () => {
    fc.assert(
      fc.property(need, people, (wanted, approvers) => {
        expect(missing(wanted, approvers).length === 0).toBe(isSatisfied(wanted, approvers))
      }),
    )
  })

  test('together only when each of two needs is satisfied alone', () => {
    fc.assert(
      fc.property(need, need, people, (one, other, approvers) => {
        fc.pre(isSatisfied(combineNeeds(one, other), approvers))
        expect(isSatisfied(one, approvers) && isSatisfied(other, approvers)).toBe(true)
      }),
    )
  })

  test('not at all by people who may fill none of its places', () => {
    fc.assert(
      fc.property(need, people, (wanted, approvers) => {
        const outsiders = approvers.filter(({ groups }) => !mayFill(wanted, groups))
        expect(isSatisfied(wanted, outsiders)).toBe(false)
      }),
    )
  })
})

describe('quorum', () => {
  const two: Need = [[{ policy: 'schema-changes', groups: ['dba'], quorum: 2 }]]
  const dbaAndSecurity: Need = [[{ policy: 'production-writes', groups: ['dba'], quorum: 1 }], [{ policy: 'big-writes', groups: ['security'], quorum: 1 }]]
  const carol = { user: 'carol', groups: ['dba', 'security'] }

  test('of two is not met by one person in two groups', () => {
    expect(isSatisfied(dbaAndSecurity, [carol])).toBe(false)
    expect(isSatisfied(dbaAndSecurity, [carol, { user: 'dave', groups: ['security'] }])).toBe(true)
    expect(isSatisfied(dbaAndSecurity, [carol, { user: 'dave', groups: ['dba'] }])).toBe(true)
  })

  test('of two takes two people of the group', () => {
    expect(isSatisfied(two, [carol, { user: 'dave', groups: ['security'] }])).toBe(false)
    expect(isSatisfied(two, [carol, { user: 'bob', groups: ['dba'] }])).toBe(true)
  })

  test('of two alternatives is met by either', () => {
    const either: Need = [
      [
        { policy: 'a', groups: ['dba'], quorum: 2 },
        { policy: 'b', groups: ['security'], quorum: 1 },
      ],
    ]
    expect(isSatisfied(either, [carol])).toBe(true)
    expect(missing(either, [{ user: 'bob', groups: ['dba'] }])).toEqual([{ policy: 'a', groups: ['dba'], quorum: 1 }])
  })

  test('that nobody could ever meet is not met: a clause without a requirement', () => {
    expect(isSatisfied([[]], [carol])).toBe(false)
    expect(mayFill([[]], carol.groups)).toBe(false)
  })
})

test('a need is told in words', () => {
  expect(describeNeed(ONE_DBA)).toBe('1 of dba')
  expect(describeNeed([...ONE_DBA, [{ policy: 'x', groups: ['security', 'sre'], quorum: 2 }]])).toBe('1 of dba and 2 of security or sre')
})
