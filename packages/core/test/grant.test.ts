import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { includes } from '../src/coverage.ts'
import { DomainError } from '../src/error.ts'
import { CLOCKS_MS, consume, covers, expireGrant, finish, type Grant, isLive, revoke, standsFor } from '../src/grant.ts'
import { isSatisfied } from '../src/need.ts'
import { NO_OBLIGATIONS } from '../src/obligations.ts'
import { ALICE, aGrant, attempt, BOB, digest, grant, MINUTE, need, NOW, ONE_DBA, principal, STATE, statement, WRITE } from './arbitraries.ts'

const moment = fc.integer({ min: NOW - MINUTE, max: NOW + 50 * 24 * 60 * MINUTE })

type Step = (from: Grant) => Grant

/** Every transition that a grant has. */
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: moment.map(
      (now): Step =>
        (from) =>
          consume(from, now),
    ),
  },
  {
    weight: 1,
    arbitrary: moment.map(
      (now): Step =>
        (from) =>
          revoke(from, now, 'enough'),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(principal, moment).map(
      ([by, now]): Step =>
        (from) =>
          finish(from, by, now),
    ),
  },
  {
    weight: 1,
    arbitrary: moment.map(
      (now): Step =>
        (from) =>
          expireGrant(from, now),
    ),
  },
)

function walk(from: Grant, steps: readonly Step[]): readonly Grant[] {
  const states = [from]
  for (const take of steps) {
    const outcome = attempt(() => take(states.at(-1) ?? from))
    if (!(outcome instanceof DomainError)) states.push(outcome)
  }
  return states
}

const run = (check: (states: readonly Grant[], from: Grant) => void) =>
  fc.assert(
    fc.property(grant, fc.array(step, { maxLength: 10 }), (from, steps) => check(walk(from, steps), from)),
    { numRuns: 1000 },
  )

describe('however a grant is used', () => {
  test('its end never moves, nor its beginning, subject, resource, coverage or approvers', () =>
    run((states, from) => {
      const fixed = ({ startsAt, endsAt, subject, resource, coverage, approvers }: Grant) => ({ startsAt, endsAt, subject, resource, coverage, approvers })
      for (const state of states) expect(fixed(state)).toEqual(fixed(from))
    }))

  test('its uses only ever go down, and never below zero', () =>
    run((states) => {
      const uses = states.flatMap(({ usesLeft }) => usesLeft ?? [])
      expect(uses.every((left, index) => left >= 0 && left <= (uses[index - 1] ?? left))).toBe(true)
    }))

  test('n uses are n uses', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 0, max: 10 }), (allowed, tries) => {
        const steps = Array.from({ length: tries }, (): Step => (from) => consume(from, NOW))
        expect(walk(aGrant({ usesLeft: allowed }), steps).length - 1).toBe(Math.min(allowed, tries))
      }),
    )
  })

  test('nothing leaves an ended state', () =>
    run((states) => {
      expect(states.slice(0, -1).every(({ status }) => status === 'active')).toBe(true)
    }))

  test('two transitions from one version that change anything yield one version', () => {
    fc.assert(
      fc.property(grant, step, step, (from, one, other) => {
        const changed = [attempt(() => one(from)), attempt(() => other(from))].filter((each): each is Grant => !(each instanceof DomainError) && each !== from)
        expect(changed.every(({ version }) => version === from.version + 1)).toBe(true)
      }),
    )
  })

  test('it is never used at or past its end, before its beginning by any clock that is nearly right, or once it has ended', () => {
    fc.assert(
      fc.property(grant, moment, fc.constantFrom('active', 'used', 'done', 'revoked', 'expired'), (from, now, status) => {
        const held: Grant = { ...from, status }
        const outcome = attempt(() => consume(held, now))
        expect(outcome instanceof DomainError).toBe(!isLive(held, now))
        if (now >= from.endsAt || now < from.startsAt - CLOCKS_MS || status !== 'active') expect(outcome).toBeInstanceOf(DomainError)
      }),
      { numRuns: 1000 },
    )
  })
})

const SENT = { digest: 'd1', state: STATE, alone: true }

describe('a grant covers', () => {
  test('only its own principal, its own resource, what its coverage includes, and only while it is live', () => {
    fc.assert(
      fc.property(grant, principal, fc.constantFrom('orders-db', 'other-db'), digest, statement, moment, (held, by, resource, sent, each, now) => {
        const self = by.user === held.subject.user && by.agent === held.subject.agent
        const expected = isLive(held, now) && self && resource === held.resource && includes(held.coverage, { ...SENT, digest: sent }, each)
        expect(covers(held, { ...SENT, principal: by, resource, digest: sent }, each, now)).toBe(expected)
      }),
      { numRuns: 1000 },
    )
  })

  test('its subject in whatever groups he is now', () => {
    const held = aGrant()
    expect(covers(held, { principal: { ...ALICE, groups: [] }, resource: 'orders-db', ...SENT }, WRITE, NOW)).toBe(true)
    expect(covers(held, { principal: { ...ALICE, agent: 'claude' }, resource: 'orders-db', ...SENT }, WRITE, NOW)).toBe(false)
  })

  test('nobody whose name merely reads the same', () => {
    const held = aGrant({ subject: { ...ALICE, agent: 'claude' } })
    expect(covers(held, { principal: { user: 'alice/claude', agent: null, groups: [] }, resource: 'orders-db', ...SENT }, WRITE, NOW)).toBe(false)
  })

  test('nothing from the millisecond of its end on', () => {
    const held = aGrant()
    const sent = { principal: ALICE, resource: 'orders-db', ...SENT }
    expect(covers(held, sent, WRITE, held.endsAt - 1)).toBe(true)
    expect(covers(held, sent, WRITE, held.endsAt)).toBe(false)
  })
})

test('a grant never stands in for a need that its reviewers do not satisfy', () => {
  fc.assert(
    fc.property(grant, need, (held, wanted) => {
      expect(standsFor(held, wanted, NO_OBLIGATIONS)).toBe(isSatisfied(wanted, held.approvers))
    }),
  )
  expect(standsFor(aGrant(), ONE_DBA, NO_OBLIGATIONS)).toBe(true)
  expect(standsFor(aGrant(), [...ONE_DBA, [{ policy: 'big-writes', groups: ['security'], quorum: 1 }]], NO_OBLIGATIONS)).toBe(false)
  expect(standsFor(aGrant({ approvers: [] }), ONE_DBA, NO_OBLIGATIONS)).toBe(false)
})

test('a grant that nobody signed stands for nothing of which policy has come to want a signature', () => {
  const signed = aGrant({ approvers: [{ user: 'bob', groups: ['dba'], signed: true }] })
  expect([aGrant(), signed].map((held) => standsFor(held, ONE_DBA, { sign: true }))).toEqual([false, true])
  expect([aGrant(), signed].map((held) => standsFor(held, ONE_DBA, { sign: false }))).toEqual([true, true])
})

describe('a grant ends', () => {
  test('as used with the last use of an approved action', () => {
    expect(consume(aGrant(), NOW + 1)).toMatchObject({ status: 'used', usesLeft: 0, version: 2, endedAt: NOW + 1 })
    expect(consume(aGrant({ usesLeft: 2 }), NOW)).toMatchObject({ status: 'active', usesLeft: 1, endedAt: null })
  })

  test('not with the last use of a time-boxed session, which lives on under it', () => {
    const session = aGrant({ coverage: { kind: 'scope', scope: 'connect' } })
    const used = consume(session, NOW)
    expect(used).toMatchObject({ status: 'active', usesLeft: 0, version: 2 })
    expect(isLive(used, NOW)).toBe(false)
    expect(expireGrant(used, used.endsAt).status).toBe('expired')
  })

  test('never by being used, where uses are not counted', () => {
    const free = aGrant({ usesLeft: null })
    expect(consume(free, NOW)).toBe(free)
  })

  test('as revoked, done or expired, and says when', () => {
    expect(revoke(aGrant(), NOW + 5, 'INC-7 is closed')).toMatchObject({ status: 'revoked', endedAt: NOW + 5, endReason: 'INC-7 is closed', version: 2 })
    expect(finish(aGrant(), ALICE, NOW + 5)).toMatchObject({ status: 'done', endedAt: NOW + 5 })
    expect(attempt(() => finish(aGrant(), BOB, NOW))).toMatchObject({ code: 'not-yours' })
    expect(expireGrant(aGrant(), NOW + 20 * MINUTE)).toMatchObject({ status: 'expired', endedAt: NOW + 20 * MINUTE })
  })
})
