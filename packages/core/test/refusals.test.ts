import { describe, expect, test } from 'vitest'
import { type DomainCode, DomainError } from '../src/error.ts'
import { consume, expireGrant, finish, revoke } from '../src/grant.ts'
import { NO_OBLIGATIONS } from '../src/obligations.ts'
import { approveByPolicy, assertAskable, assertWithinCeiling, expire, review, withdraw } from '../src/request.ts'
import { ALICE, aGrant, aRequest, aReview, aShape, attempt, BOB, CAROL, MINUTE, NOW, WRITE } from './arbitraries.ts'

const grantId = 'g'
const SIGNATURE = { passkey: 'pk-1', clientDataJSON: '', authenticatorData: '', signature: '', before: NOW + 2 * MINUTE }
const thirty = { kind: 'duration' as const, ms: 30 * MINUTE }
const scope = { kind: 'scope' as const, digest: 'd', scope: 'sql:write' as const, ms: 60 * MINUTE }
const one = aRequest().ask
const twoStatements = one.kind === 'action' ? { ...one, action: { ...one.action, statements: [WRITE, WRITE] } } : one
const noShape = { ...aRequest().ask, kind: 'scope' as const, scope: 'sql:write' as const, ms: 60 * MINUTE }
const reviewOf = (over: Parameters<typeof aRequest>[0], by: Parameters<typeof aReview>[0]) => () => review(aRequest(over), aReview(by), { grantId })

/** Every code with every transition that refuses with it: a code that nothing can reach does not type-check its way out of here. */
const refusals: Record<DomainCode, readonly (readonly [string, () => unknown])[]> = {
  'not-pending': [
    ['review of a denied request', reviewOf({ status: 'denied' }, {})],
    ['policy approving an approved request', () => approveByPolicy(aRequest({ status: 'approved' }), NOW, { grantId })],
    ['withdrawing an approved request', () => withdraw(aRequest({ status: 'approved' }), ALICE, NOW)],
    ['expiring a withdrawn request', () => expire(aRequest({ status: 'withdrawn' }), NOW + 60 * MINUTE)],
    ['expiring a request whose time is not up', () => expire(aRequest(), NOW + 20 * MINUTE - 1)],
  ],
  expired: [
    ['review at the end', reviewOf({}, { at: NOW + 20 * MINUTE })],
    ['policy approving at the end', () => approveByPolicy(aRequest(), NOW + 20 * MINUTE, { grantId })],
    ['withdrawing at the end', () => withdraw(aRequest(), ALICE, NOW + 20 * MINUTE)],
  ],
  'own-request': [
    ['review by the requester, though he is a dba', reviewOf({}, { reviewer: { ...ALICE, groups: ['dba'] } })],
    ["review of an agent's request by its own user", reviewOf({ requester: { ...BOB, agent: 'claude' } }, {})],
    ['denying one’s own request', reviewOf({}, { reviewer: ALICE, verdict: 'deny', comment: 'changed my mind' })],
  ],
  'agent-cannot-review': [
    ["approval by a dba's agent", reviewOf({}, { reviewer: { ...BOB, agent: 'claude' } })],
    ["denial by a dba's agent", reviewOf({}, { reviewer: { ...BOB, agent: 'claude' }, verdict: 'deny', comment: 'no' })],
  ],
  'not-a-reviewer': [
    ['approval by somebody in no group that is asked for', reviewOf({}, { reviewer: { ...BOB, groups: ['sre'] } })],
    ['denial by somebody in no group at all', reviewOf({}, { reviewer: { ...BOB, groups: [] }, verdict: 'deny', comment: 'no' })],
    ['approval where nobody could ever approve', reviewOf({ need: [[]] }, {})],
  ],
  'already-reviewed': [
    ['a second approval', reviewOf({ reviews: [aReview()] }, {})],
    [
      'a denial after an approval, in another group',
      reviewOf({ reviews: [aReview({ reviewer: CAROL })] }, { reviewer: { ...CAROL, groups: ['dba'] }, verdict: 'deny', comment: 'x' }),
    ],
  ],
  'not-the-requester': [['withdrawing what somebody else asked', () => withdraw(aRequest(), BOB, NOW)]],
  'comment-required': [
    ['a denial without a comment', reviewOf({}, { verdict: 'deny' })],
    ['a denial with a blank comment', reviewOf({}, { verdict: 'deny', comment: ' \n' })],
  ],
  'reason-required': [
    ['asking without a reason', () => assertAskable({ ...NO_OBLIGATIONS, reason: true }, null, null)],
    ['asking with a blank reason', () => assertAskable({ ...NO_OBLIGATIONS, reason: true }, '  ', null)],
  ],
  'ticket-required': [
    ['asking without a ticket', () => assertAskable({ ...NO_OBLIGATIONS, tickets: ['^INC-[0-9]+$'] }, 'because', null)],
    ['asking with one of two tickets', () => assertAskable({ ...NO_OBLIGATIONS, tickets: ['^INC-[0-9]+$', '-9$'] }, null, 'INC-7')],
    ['asking with a ticket and something after it', () => assertAskable({ ...NO_OBLIGATIONS, tickets: ['^INC-[0-9]+$'] }, null, 'INC-7; --')],
  ],
  'signature-required': [['approval where policy wants a passkey', reviewOf({ obligations: { ...NO_OBLIGATIONS, sign: true } }, {})]],
  'signature-refused': [
    [
      'an approval that was signed too long ago',
      reviewOf({ obligations: { ...NO_OBLIGATIONS, sign: true } }, { signature: { ...SIGNATURE, before: NOW + MINUTE } }),
    ],
  ],
  'too-wide': [
    ['a time where policy says nothing', reviewOf({}, { given: thirty })],
    ['a shape where policy says once', reviewOf({}, { given: aShape({ maxRows: 1 }) })],
    [
      'a shape for longer than policy grants',
      reviewOf({ obligations: { ...NO_OBLIGATIONS, ceiling: thirty } }, { given: aShape({ until: NOW + MINUTE + thirty.ms + 1 }) }),
    ],
    [
      'a shape for longer than its request',
      reviewOf({ obligations: { ...NO_OBLIGATIONS, ceiling: { kind: 'shape' } } }, { given: aShape({ ms: 20 * MINUTE }) }),
    ],
    ['more time than policy grants', reviewOf({ obligations: { ...NO_OBLIGATIONS, ceiling: thirty } }, { given: { kind: 'duration', ms: thirty.ms + 1 } })],
    [
      'more time than was asked for',
      reviewOf(
        { ask: scope, obligations: { ...NO_OBLIGATIONS, ceiling: { kind: 'duration', ms: 90 * MINUTE } } },
        { given: { kind: 'duration', ms: 61 * MINUTE } },
      ),
    ],
    ['asking for longer than policy grants', () => assertWithinCeiling(scope, thirty)],
    ['asking for a scope of writes where policy says once', () => assertWithinCeiling(scope, { kind: 'once' })],
  ],
  'no-shape': [
    [
      'the shape of two statements',
      reviewOf({ ask: twoStatements, obligations: { ...NO_OBLIGATIONS, ceiling: thirty } }, { given: aShape({ maxRows: null }) }),
    ],
    ['the shape of a scope', reviewOf({ ask: noShape, obligations: { ...NO_OBLIGATIONS, ceiling: thirty } }, { given: aShape({ maxRows: null }) })],
  ],
  'not-active': [
    ['using a revoked grant', () => consume(aGrant({ status: 'revoked' }), NOW)],
    ['using a grant at its end', () => consume(aGrant(), NOW + 20 * MINUTE)],
    ['using a grant before its beginning by any clock that is nearly right', () => consume(aGrant(), NOW - MINUTE - 1)],
    ['revoking a used grant', () => revoke(aGrant({ status: 'used' }), NOW, 'x')],
    ['finishing an expired grant', () => finish(aGrant({ status: 'expired' }), ALICE, NOW)],
    ['expiring a grant that is done', () => expireGrant(aGrant({ status: 'done' }), NOW + 60 * MINUTE)],
    ['expiring a grant before its end', () => expireGrant(aGrant(), NOW + 20 * MINUTE - 1)],
  ],
  'not-yours': [['finishing somebody else’s grant', () => finish(aGrant(), BOB, NOW)]],
  'used-up': [['a second use of a session for one connection', () => consume(aGrant({ coverage: { kind: 'scope', scope: 'connect' }, usesLeft: 0 }), NOW)]],
}

describe.each(Object.entries(refusals))('%s refuses', (code, cases) => {
  test.each(cases)('%s', (_, transition) => {
    const refusal = attempt(transition)
    expect(refusal).toBeInstanceOf(DomainError)
    expect(refusal).toMatchObject({ code, name: 'DomainError' })
  })
})

test('what is asked for with all that policy wants is askable', () => {
  expect(() => assertAskable({ ...NO_OBLIGATIONS, reason: true, tickets: ['^INC-[0-9]+$'] }, 'the queue is stuck', 'INC-7')).not.toThrow()
})
