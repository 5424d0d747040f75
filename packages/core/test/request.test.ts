import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { assertWithin } from '../src/coverage.ts'
import { DomainError } from '../src/error.ts'
import type { Grant } from '../src/grant.ts'
import { isSatisfied } from '../src/need.ts'
import { NO_OBLIGATIONS } from '../src/obligations.ts'
import { approveByPolicy, approvers, assertWithinCeiling, ceilingOf, expire, recounted, type Request, review, waitsFor, withdraw } from '../src/request.ts'
import { ALICE, aRequest, aReview, aShape, ask, attempt, BOB, CAROL, ceiling, MINUTE, NOW, principal, request, reviewAt, shapeCoverage } from './arbitraries.ts'

const moment = fc.integer({ min: NOW, max: NOW + 50 * 24 * 60 * MINUTE })
const reviews = fc.array(reviewAt(moment), { maxLength: 8 })

type Step = (from: Request) => { readonly request: Request; readonly grant: Grant | null }

/** Every transition that a request has, with arguments of all kinds. */
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: reviewAt(moment).map(
      (given): Step =>
        (from) =>
          review(from, given, { grantId: 'g' }),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(principal, moment).map(([by, now]): Step => (from) => ({ request: withdraw(from, by, now), grant: null })),
  },
  {
    weight: 1,
    arbitrary: moment.map((now): Step => (from) => ({ request: expire(from, now), grant: null })),
  },
  {
    weight: 1,
    arbitrary: moment.map(
      (now): Step =>
        (from) =>
          approveByPolicy(from, now, { grantId: 'g' }),
    ),
  },
)

/** Runs the steps one after the other, refusals left out, and returns every state passed through with the grants given. */
function walk(from: Request, steps: readonly Step[]): { readonly states: readonly Request[]; readonly grants: readonly Grant[] } {
  const states = [from]
  const grants: Grant[] = []
  for (const take of steps) {
    const outcome = attempt(() => take(states.at(-1) ?? from))
    if (outcome instanceof DomainError) continue
    states.push(outcome.request)
    if (outcome.grant) grants.push(outcome.grant)
  }
  return { states, grants }
}

describe('however a request goes', () => {
  test('two transitions from one version yield one version, so that compare-and-set takes one of them', () => {
    fc.assert(
      fc.property(request, step, step, (from, one, other) => {
        const outcomes = [attempt(() => one(from)), attempt(() => other(from))].flatMap((each) => (each instanceof DomainError ? [] : [each.request.version]))
        expect(outcomes.every((version) => version === from.version + 1)).toBe(true)
      }),
      { numRuns: 500 },
    )
  })

  test('nothing leaves a decided state, and there is one grant at most', () => {
    fc.assert(
      fc.property(request, fc.array(step, { maxLength: 12 }), (from, steps) => {
        const { states, grants } = walk(from, steps)
        expect(states.slice(0, -1).every(({ status }) => status === 'pending')).toBe(true)
        expect(grants.length).toBe(states.at(-1)?.status === 'approved' ? 1 : 0)
      }),
      { numRuns: 1000 },
    )
  })

  test('its reviews are by different humans, none of them the requester, none of them an agent', () => {
    fc.assert(
      fc.property(request, reviews, (from, all) => {
        const { states } = walk(
          from,
          all.map(
            (given): Step =>
              (at) =>
                review(at, given, { grantId: 'g' }),
          ),
        )
        const reviewers = states.at(-1)?.reviews.map(({ reviewer }) => reviewer) ?? []
        expect(new Set(reviewers.map(({ user }) => user)).size).toBe(reviewers.length)
        expect(reviewers.some(({ user, agent }) => agent !== null || user === from.requester.user)).toBe(false)
      }),
      { numRuns: 1000 },
    )
  })

  test('reviewers approve it only once they satisfy its need, and one denial by any of them ends it', () => {
    fc.assert(
      fc.property(request, reviews, (from, all) => {
        const { states } = walk(
          from,
          all.map(
            (given): Step =>
              (at) =>
                review(at, given, { grantId: 'g' }),
          ),
        )
        const end = states.at(-1) ?? from
        const denied = end.reviews.some(({ verdict }) => verdict === 'deny')
        expect(end.status).toBe(denied ? 'denied' : isSatisfied(end.need, approvers(end.reviews)) ? 'approved' : 'pending')
      }),
      { numRuns: 1000 },
    )
  })

  test('what it asks, who asked, what it needs and when it expires never change', () => {
    fc.assert(
      fc.property(request, fc.array(step, { maxLength: 8 }), (from, steps) => {
        for (const { id, requester, resource, ask: asked, need, obligations, createdAt, expiresAt } of walk(from, steps).states)
          expect({ id, requester, resource, asked, need, obligations, createdAt, expiresAt }).toEqual({
            id: from.id,
            requester: from.requester,
            resource: from.resource,
            asked: from.ask,
            need: from.need,
            obligations: from.obligations,
            createdAt: from.createdAt,
            expiresAt: from.expiresAt,
          })
      }),
    )
  })

  test('nobody decides it after its own end', () => {
    fc.assert(
      fc.property(request, reviewAt(moment), (from, given) => {
        fc.pre(given.at >= from.expiresAt)
        expect(attempt(() => review(from, given, { grantId: 'g' }))).toMatchObject({ code: 'expired' })
        expect(attempt(() => withdraw(from, from.requester, given.at))).toMatchObject({ code: 'expired' })
        expect(attempt(() => approveByPolicy(from, given.at, { grantId: 'g' }))).toMatchObject({ code: 'expired' })
        expect(expire(from, given.at).status).toBe('expired')
      }),
    )
  })
})

describe('the grant of an approval', () => {
  /** A request whose need Bob alone satisfies, and his approval. */
  const approval = fc.tuple(request, reviewAt(moment), ceiling).map(([from, given, most]) => ({
    from: { ...from, requester: { ...from.requester, user: 'alice' }, need: aRequest().need, obligations: { ...NO_OBLIGATIONS, ceiling: most } },
    given: { ...given, reviewer: BOB, verdict: 'approve' as const },
  }))

  test('is wider than neither what was given nor what policy grants, and its clock starts at the approval', () => {
    fc.assert(
      fc.property(approval, ({ from, given }) => {
        const outcome = attempt(() => review(from, given, { grantId: 'g' }))
        if (outcome instanceof DomainError || !outcome.grant) return
        const { grant } = outcome
        const most = ceilingOf(from)
        expect(grant.startsAt).toBe(given.at)
        expect(grant.approvers).toEqual([{ user: BOB.user, groups: BOB.groups }])
        if (from.ask.kind === 'scope') {
          expect(grant.coverage).toEqual({ kind: 'scope', scope: from.ask.scope })
          expect(grant.endsAt - given.at).toBeLessThanOrEqual(from.ask.ms)
          if (most.kind === 'once' || given.given?.kind === 'once') expect(grant.usesLeft).toBe(1)
        } else if (grant.coverage.kind === 'exact') {
          expect(grant).toMatchObject({ usesLeft: 1, endsAt: from.expiresAt, coverage: { digest: from.ask.digest } })
        } else {
          expect(most.kind).not.toBe('once')
          if (grant.coverage.kind === 'scope') expect(most.kind).toBe('duration')
          expect(grant.endsAt).toBeLessThanOrEqual(most.kind === 'duration' ? given.at + most.ms : from.expiresAt)
        }
      }),
      { numRuns: 1000 },
    )
  })

  test('is never given when the reviewer gives more than policy does', () => {
    fc.assert(
      fc.property(approval, ({ from, given }) => {
        const wide = given.given
        fc.pre(from.ask.kind === 'action' && wide !== null)
        if (wide === null || !(attempt(() => assertWithin(wide, ceilingOf(from))) instanceof DomainError)) return
        expect(attempt(() => review(from, given, { grantId: 'g' }))).toBeInstanceOf(DomainError)
      }),
    )
  })

  test('a scope of actions may be asked for only within a ceiling of that duration', () => {
    fc.assert(
      fc.property(ask, ceiling, (asked, most) => {
        const refused = attempt(() => assertWithinCeiling(asked, most)) instanceof DomainError
        const connectsOnce = asked.kind === 'scope' && asked.scope === 'connect' && most.kind !== 'duration'
        const fits = asked.kind === 'action' || connectsOnce || (most.kind === 'duration' && asked.ms <= most.ms)
        expect(refused).toBe(!fits)
      }),
    )
  })

  test('is exactly the action, once, until the request would have expired, when the reviewer says nothing else', () => {
    const outcome = review(aRequest(), aReview(), { grantId: 'grant-7' })
    expect(outcome.request).toMatchObject({ status: 'approved', version: 2, decidedAt: NOW + MINUTE })
    expect(outcome.grant).toMatchObject({
      id: 'grant-7',
      request: 'req-1',
      subject: ALICE,
      coverage: { kind: 'exact', digest: 'd1' },
      usesLeft: 1,
      startsAt: NOW + MINUTE,
      endsAt: NOW + 20 * MINUTE,
    })
  })

  test('is the shape with its bound, for the time that policy grants', () => {
    const from = aRequest({ obligations: { ...NO_OBLIGATIONS, ceiling: { kind: 'duration', ms: 30 * MINUTE } } })
    const { grant } = review(from, aReview({ given: aShape({ maxRows: 10 }) }), { grantId: 'g' })
    expect(grant).toMatchObject({ coverage: shapeCoverage({ maxRows: 10 }), usesLeft: null, endsAt: NOW + 31 * MINUTE })
  })

  test('is the shape with every bound that any of its reviewers gave', () => {
    const need = [[{ policy: 'p', groups: ['dba'], quorum: 2 }]]
    const from = aRequest({ need, obligations: { ...NO_OBLIGATIONS, ceiling: { kind: 'duration', ms: 30 * MINUTE } } })
    const first = review(from, aReview({ given: aShape({ uses: 9, until: NOW + 15 * MINUTE }) }), { grantId: 'g' })
    const second = aReview({ reviewer: CAROL, given: aShape({ maxRows: 3, uses: 5, ms: 20 * MINUTE }) })
    const { grant } = review(first.request, second, { grantId: 'g' })
    expect(grant).toMatchObject({ coverage: shapeCoverage({ maxRows: 3 }), usesLeft: 5, endsAt: NOW + 15 * MINUTE })
  })

  test('is the narrowest of what several reviewers gave', () => {
    const from = aRequest({
      need: [[{ policy: 'p', groups: ['dba'], quorum: 2 }]],
      obligations: { ...NO_OBLIGATIONS, ceiling: { kind: 'duration', ms: 30 * MINUTE } },
    })
    const first = review(from, aReview({ given: { kind: 'duration', ms: 30 * MINUTE } }), { grantId: 'g' })
    expect(first).toMatchObject({ request: { status: 'pending', version: 2 }, grant: null })
    const second = review(first.request, aReview({ reviewer: CAROL, given: { kind: 'duration', ms: 5 * MINUTE } }), { grantId: 'g' })
    expect(second.grant).toMatchObject({ coverage: { kind: 'scope', scope: 'sql:write' }, usesLeft: null, endsAt: NOW + 6 * MINUTE })
  })

  test('is the scope that was asked for, for as long as the reviewer gives', () => {
    const from = aRequest({ ask: { kind: 'scope', digest: 'd', scope: 'sql:write', ms: 30 * MINUTE } })
    const full = { ...from, obligations: { ...NO_OBLIGATIONS, ceiling: { kind: 'duration' as const, ms: 60 * MINUTE } } }
    expect(review(full, aReview(), { grantId: 'g' }).grant).toMatchObject({ endsAt: NOW + 31 * MINUTE, usesLeft: null })
    expect(review(full, aReview({ given: { kind: 'duration', ms: MINUTE } }), { grantId: 'g' }).grant).toMatchObject({ endsAt: NOW + 2 * MINUTE })
    expect(review(from, aReview(), { grantId: 'g' }).grant).toMatchObject({ usesLeft: 1 })
  })

  test('comes from policy alone where nothing needs a review', () => {
    const from = aRequest({ ask: { kind: 'scope', digest: 'd', scope: 'connect', ms: 30 * MINUTE }, need: [] })
    expect(approveByPolicy(from, NOW, { grantId: 'g' })).toMatchObject({ request: { status: 'approved' }, grant: { approvers: [], endsAt: NOW + 30 * MINUTE } })
  })
})

const CLAUDE = { ...ALICE, agent: 'claude' }

describe('the requester', () => {
  test('takes a request back, and so he does that of his agent', () => {
    expect(withdraw(aRequest(), ALICE, NOW)).toMatchObject({ status: 'withdrawn', version: 2, decidedAt: NOW })
    expect(withdraw(aRequest({ requester: CLAUDE }), ALICE, NOW).status).toBe('withdrawn')
  })

  test('that is an agent takes back what it has asked itself', () => {
    expect(withdraw(aRequest({ requester: CLAUDE }), CLAUDE, NOW).status).toBe('withdrawn')
    for (const requester of [ALICE, { ...ALICE, agent: 'another' }])
      expect(attempt(() => withdraw(aRequest({ requester }), CLAUDE, NOW))).toMatchObject({ code: 'not-the-requester' })
  })

  test('is not somebody whose name merely reads the same', () => {
    const from = aRequest({ requester: { ...ALICE, agent: 'claude' } })
    expect(attempt(() => withdraw(from, { user: 'alice/claude', agent: null, groups: [] }, NOW))).toMatchObject({ code: 'not-the-requester' })
  })
})

test('one denial with a comment ends it', () => {
  const outcome = review(aRequest(), aReview({ verdict: 'deny', comment: 'not today' }), { grantId: 'g' })
  expect(outcome).toMatchObject({ request: { status: 'denied', version: 2 }, grant: null })
})

test('an approval that a policy wants signed may still be a denial', () => {
  const signed = aRequest({ obligations: { ...NO_OBLIGATIONS, sign: true } })
  expect(review(signed, aReview({ verdict: 'deny', comment: 'no' }), { grantId: 'g' }).request.status).toBe('denied')
})

test('only the approvals of humans count, whatever a stored request says', () => {
  const agent = { ...CAROL, agent: 'claude' }
  const stored = [aReview(), aReview({ reviewer: agent }), aReview({ reviewer: CAROL, verdict: 'deny', comment: 'no' })]
  expect(approvers(stored)).toEqual([{ user: BOB.user, groups: BOB.groups }])
})

describe('an approval whose reviewer is gone, or has left the group that he approved for', () => {
  const need = [[{ policy: 'writes', groups: ['dba', 'security'], quorum: 2 }]]
  const bob = aReview({ reviewer: { ...BOB, groups: ['dba', 'staff'] }, given: { kind: 'once' } })
  const carol = aReview({ reviewer: { ...CAROL, groups: ['security'] } })
  const world = (bobsGroups: readonly string[] | null) => ({ grantId: 'g', groupsOf: (user: string) => (user === BOB.user ? bobsGroups : ['security']) })
  const once = () => review(aRequest({ need }), bob, world(['dba', 'staff'])).request

  test.each([
    ['is disabled', null],
    ['has left it', ['staff']],
    ['has another instead', ['security']],
  ])('does not count where he %s', (_, groups) => {
    const second = review(once(), carol, world(groups))
    expect(second).toMatchObject({ grant: null, request: { status: 'pending', reviews: [{ verdict: 'approve', lapsed: true }, { verdict: 'approve' }] } })
    expect(approvers(second.request.reviews).map(({ user }) => user)).toEqual([CAROL.user])
    expect(recounted(second.request, world(groups).groupsOf)).toEqual(second.request)
  })

  test('counts where what he has left is no group of these, and again where he is back', () => {
    expect(review(once(), carol, world(['dba']))).toMatchObject({ grant: { approvers: [{ user: BOB.user }, { user: CAROL.user }] } })
    const without = review(once(), carol, world(null)).request
    expect(recounted(without, world(['dba']).groupsOf).reviews).toEqual([bob, carol])
  })

  test('may be given anew for the group that he has, and what he gave before narrows nothing', () => {
    const without = recounted(once(), world(['security']).groupsOf)
    const again = aReview({ reviewer: { ...BOB, groups: ['security'] } })
    expect(waitsFor(without, again.reviewer, NOW)).toBe(true)
    const both = review(review(once(), carol, world(['security'])).request, again, world(['security']))
    expect(both.grant?.approvers).toEqual([
      { user: CAROL.user, groups: ['security'] },
      { user: BOB.user, groups: ['security'] },
    ])
    expect(() => review(without, again, world(['dba', 'security']))).toThrow('has reviewed')
  })

  test('stays as it was in what is decided', () => {
    const approved = review(once(), carol, world(['dba'])).request
    expect(recounted(approved, () => null)).toEqual(approved)
  })
})
