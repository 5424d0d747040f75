import fc from 'fast-check'
import {
  type Action,
  ACTION_GROUPS,
  ACTION_TYPES,
  type ActionType,
  NO_FACTS,
  ROWS_UNKNOWN,
  type Scope,
  type SessionState,
  type Statement,
} from '../src/action.ts'
import type { Ceiling, Coverage, Given, GivenShape, Shape } from '../src/coverage.ts'
import { DomainError } from '../src/error.ts'
import type { Grant } from '../src/grant.ts'
import type { Approver, Need, Requirement } from '../src/need.ts'
import { NO_OBLIGATIONS, type Obligations, PERSONAL_FIELDS } from '../src/obligations.ts'
import type { Principal } from '../src/principal.ts'
import type { Ask, Request, Review } from '../src/request.ts'

/** Few names and few groups, so that people collide, share groups and meet their own requests often. */
export const USERS = ['alice', 'bob', 'carol', 'dave', 'erin'] as const
export const GROUPS = ['dba', 'security', 'sre'] as const
export const NOW = 1_800_000_000_000
export const MINUTE = 60_000

export const user = fc.constantFrom(...USERS)
export const groups = fc.subarray([...GROUPS])
export const principal: fc.Arbitrary<Principal> = fc.record({ user, agent: fc.option(fc.constantFrom('claude', 'helper'), { freq: 4 }), groups })
export const approver: fc.Arbitrary<Approver> = fc.record({ user, groups })

export const requirement: fc.Arbitrary<Requirement> = fc.record({
  policy: fc.constantFrom('p1', 'p2', 'p3'),
  groups: fc.subarray([...GROUPS], { minLength: 1 }),
  quorum: fc.integer({ min: 1, max: 3 }),
})
export const need: fc.Arbitrary<Need> = fc.array(fc.array(requirement, { minLength: 1, maxLength: 2 }), { minLength: 1, maxLength: 3 })

export const STATE: SessionState = { database: 'orders', role: 'app', searchPath: 'public', standardConformingStrings: 'on', clientEncoding: 'UTF8' }
export const DEFINITION = 'defined so'

/** A shape as a reviewer gives it, and as a grant has it. */
export const aShape = (over: Partial<GivenShape> = {}): GivenShape => ({ kind: 'shape', maxRows: null, uses: null, ms: null, until: null, ...over })
export const shapeCoverage = (over: Partial<Shape> = {}): Shape => ({
  kind: 'shape',
  fingerprint: 'f1',
  state: STATE,
  definition: DEFINITION,
  maxRows: null,
  ...over,
})

export const duration = fc.integer({ min: 1, max: 40 * 24 * 60 }).map((minutes) => minutes * MINUTE)
export const ceiling: fc.Arbitrary<Ceiling> = fc.oneof(
  fc.constant<Ceiling>({ kind: 'once' }),
  fc.constant<Ceiling>({ kind: 'shape' }),
  duration.map((ms): Ceiling => ({ kind: 'duration', ms })),
)
export const given: fc.Arbitrary<Given> = fc.oneof(
  fc.constant<Given>({ kind: 'once' }),
  fc.record({ maxRows: fc.option(fc.nat(1000)), uses: fc.option(fc.integer({ min: 1, max: 9 })) }).map((bounds): Given => aShape(bounds)),
  duration.map((ms): Given => ({ kind: 'duration', ms })),
)
export const obligations: fc.Arbitrary<Obligations> = fc.record({
  reason: fc.boolean(),
  tickets: fc.subarray(['^INC-[0-9]+$', '^CHG-[0-9]+$', 'x']),
  sign: fc.boolean(),
  mask: fc.subarray(['email', 'ssn', 'iban']),
  personal: fc.subarray([...PERSONAL_FIELDS]),
  secret: fc.boolean(),
  ceiling: fc.option(ceiling),
  expiresMs: fc.option(duration),
})

export const actionType: fc.Arbitrary<ActionType> = fc.constantFrom(...ACTION_TYPES)
export const scope: fc.Arbitrary<Scope> = fc.constantFrom(...ACTION_TYPES, ...ACTION_GROUPS)
const rows = fc.option(fc.nat(2000)).map((known) => ({ rows: known ?? ROWS_UNKNOWN, rowsKnown: known !== null }))
export const statement: fc.Arbitrary<Statement> = fc
  .tuple(actionType, fc.option(fc.constantFrom('f1', 'f2')), rows)
  .map(([type, fingerprint, known]) => ({ type, fingerprint, facts: { ...NO_FACTS, ...known } }))
export const digest = fc.constantFrom('d1', 'd2')
export const coverage: fc.Arbitrary<Coverage> = fc.oneof(
  digest.map((value): Coverage => ({ kind: 'exact', digest: value })),
  fc.record({ fingerprint: fc.constantFrom('f1', 'f2'), maxRows: fc.option(fc.nat(2000)) }).map((over): Coverage => shapeCoverage(over)),
  scope.map((value): Coverage => ({ kind: 'scope', scope: value })),
)

export const grant: fc.Arbitrary<Grant> = fc
  .record({ subject: principal, coverage, approvers: fc.array(approver, { maxLength: 4 }), ms: duration, usesLeft: fc.option(fc.integer({ min: 0, max: 3 })) })
  .map(({ ms, ...fields }) => aGrant({ ...fields, endsAt: NOW + ms }))

const actionOf = (statements: readonly Statement[]): Action => ({
  type: statements[0]?.type ?? 'sql:unknown',
  text: 'DELETE FROM orders WHERE id = 7',
  parameters: [],
  state: STATE,
  definition: DEFINITION,
  statements,
})

export const ask: fc.Arbitrary<Ask> = fc.oneof(
  fc.tuple(digest, fc.array(statement, { minLength: 1, maxLength: 2 })).map(([value, all]): Ask => ({ kind: 'action', digest: value, action: actionOf(all) })),
  fc.tuple(digest, scope, duration).map(([value, wanted, ms]): Ask => ({ kind: 'scope', digest: value, scope: wanted, ms })),
)

export const request: fc.Arbitrary<Request> = fc
  .record({ requester: principal, ask, need, ceiling: fc.option(ceiling), life: duration })
  .map(({ requester, ask: asked, need: needed, ceiling: most, life }) =>
    aRequest({ requester, ask: asked, need: needed, obligations: { ...NO_OBLIGATIONS, ceiling: most }, expiresAt: NOW + life }),
  )

export const reviewAt = (at: fc.Arbitrary<number>): fc.Arbitrary<Review> =>
  fc.record({
    reviewer: principal,
    verdict: fc.constantFrom('approve' as const, 'approve' as const, 'approve' as const, 'deny' as const),
    comment: fc.option(fc.constantFrom('fine', ' ', '')),
    given: fc.option(given),
    proven: fc.boolean(),
    signature: fc.constant(null),
    at,
  })

export const ALICE: Principal = { user: 'alice', agent: null, groups: ['engineering'] }
export const BOB: Principal = { user: 'bob', agent: null, groups: ['dba'] }
export const CAROL: Principal = { user: 'carol', agent: null, groups: ['dba', 'security'] }

export const WRITE: Statement = { type: 'sql:write', fingerprint: 'f1', facts: { ...NO_FACTS, rows: ROWS_UNKNOWN, rowsKnown: false } }
export const ONE_DBA: Need = [[{ policy: 'production-writes', groups: ['dba'], quorum: 1 }]]

/** Alice asks for one DELETE on orders-db, which needs one of dba, for twenty minutes. */
export function aRequest(over: Partial<Request> = {}): Request {
  return {
    id: 'req-1',
    version: 1,
    requester: ALICE,
    resource: 'orders-db',
    ask: { kind: 'action', digest: 'd1', action: actionOf([WRITE]) },
    need: ONE_DBA,
    policies: ['production-writes'],
    obligations: NO_OBLIGATIONS,
    reason: null,
    ticket: null,
    status: 'pending',
    reviews: [],
    session: null,
    inTransaction: false,
    createdAt: NOW,
    expiresAt: NOW + 20 * MINUTE,
    decidedAt: null,
    ...over,
  }
}

/** Bob approves, a minute later, and says nothing else. */
export function aReview(over: Partial<Review> = {}): Review {
  return { reviewer: BOB, verdict: 'approve', comment: null, given: null, proven: true, signature: null, at: NOW + MINUTE, ...over }
}

/** Alice may send exactly d1, once, in the next twenty minutes. */
export function aGrant(over: Partial<Grant> = {}): Grant {
  return {
    id: 'grant-1',
    version: 1,
    request: 'req-1',
    session: null,
    subject: ALICE,
    resource: 'orders-db',
    coverage: { kind: 'exact', digest: 'd1' },
    approvers: [{ user: 'bob', groups: ['dba'] }],
    status: 'active',
    startsAt: NOW,
    endsAt: NOW + 20 * MINUTE,
    usesLeft: 1,
    endedAt: null,
    endReason: null,
    ...over,
  }
}

/** What a transition yields, or its refusal; anything else that is thrown is a fault and stays one. */
export function attempt<T>(transition: () => T): T | DomainError {
  try {
    return transition()
  } catch (error) {
    if (error instanceof DomainError) return error
    throw error
  }
}
