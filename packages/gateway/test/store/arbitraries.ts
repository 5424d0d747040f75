import { ACTION_GROUPS, ACTION_TYPES, type Action, type Part, type Statement } from '@countersign/core/action'
import type { Ceiling, Coverage, Given } from '@countersign/core/coverage'
import type { Grant } from '@countersign/core/grant'
import type { Impact } from '@countersign/core/impact'
import type { Principal } from '@countersign/core/principal'
import type { Ask, Request, Review } from '@countersign/core/request'
import { PERSONAL_FIELDS } from '@countersign/core/obligations'
import { DUTIES } from '@countersign/core/token-scope'
import fc from 'fast-check'
import type { RecordingRecord } from '../../src/store/recording-store.ts'
import type { InviteRecord, LeaseRecord, LoginRecord, PasskeyRecord, PersonRecord, SessionRecord, TokenRecord } from '../../src/store/store.ts'

/** Of a property over a store: that remembers, so what failed is not tried again smaller, which fails for another reason and hides the first. */
export const runs = (numRuns: number) => ({ numRuns, endOnFailure: true })

/** What a person typed or a client sent: any UTF-16 at all, NUL and lone surrogates included. */
const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)) }),
  fc.constantFrom('', '\0', '\ud800', "'; drop table requests --", '__proto__'),
)
/** What the gateway or its configuration names: any printable text. */
const name = fc.string({ unit: 'grapheme', minLength: 1 })
/** Never the same twice in one store: fast-check favours the least and the greatest, and shrinks towards them. */
const id = fc.noShrink(fc.noBias(fc.uuid()))
const time = fc.maxSafeNat()
const count = fc.maxSafeNat()
/** Goes up by one each time it is saved: twice in a test. */
const version = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER - 2 })
const texts = fc.array(text, { maxLength: 3 })
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null })
const one = <T extends string>(...values: readonly T[]) => fc.constantFrom(...values)

const principal: fc.Arbitrary<Principal> = fc.record({ user: name, agent: maybe(name), groups: texts })
const once = fc.constant({ kind: 'once' as const })
const duration = fc.record({ kind: one('duration'), ms: count })
const ceiling: fc.Arbitrary<Ceiling> = fc.oneof(once, fc.constant({ kind: 'shape' as const }), duration)
const given: fc.Arbitrary<Given> = fc.oneof(
  once,
  fc.record({ kind: one('shape'), maxRows: maybe(count), uses: maybe(count), ms: maybe(count), until: maybe(count) }),
  duration,
)
const scope = one(...ACTION_TYPES, ...ACTION_GROUPS)

const own = {
  rows: maybe(count),
  estimate: maybe(count),
  uniqueKey: maybe(fc.boolean()),
  triggers: maybe(texts),
  cascades: maybe(texts),
  sets: maybe(texts),
  where: maybe(texts),
  because: maybe(text),
}
const impact: fc.Arbitrary<Impact> = fc.record({ ...own, locks: maybe(texts), waiting: maybe(texts) })
const parameters = fc.array(fc.record({ value: maybe(text), format: one('text', 'binary'), type: fc.nat() }), { maxLength: 3 })
const part: fc.Arbitrary<Part> = fc.record({ text, parameters, impact: fc.record(own) }, { requiredKeys: ['text', 'parameters'] })
const statement: fc.Arbitrary<Statement> = fc.record(
  {
    type: one(...ACTION_TYPES),
    fingerprint: maybe(name),
    facts: fc.record({ rows: count, rowsKnown: fc.boolean(), unbounded: fc.boolean(), tables: texts, columns: texts }),
    part,
  },
  { requiredKeys: ['type', 'fingerprint', 'facts'] },
)
const state = fc.record({ database: text, role: text, searchPath: text, standardConformingStrings: text, clientEncoding: text })
const action: fc.Arbitrary<Action> = fc.record(
  {
    type: one(...ACTION_TYPES),
    text,
    parameters,
    state: maybe(state),
    statements: fc.array(statement, { maxLength: 3 }),
    pipeline: fc.constant(true as const),
    impact,
    definition: text,
    objects: text,
    differs: fc.array(fc.record({ from: count, to: count }), { maxLength: 2 }),
    voided: text,
  },
  { requiredKeys: ['type', 'text', 'parameters', 'state', 'statements'] },
)
const ask: fc.Arbitrary<Ask> = fc.oneof(
  fc.record({ kind: one('action'), digest: name, action }),
  fc.record({ kind: one('scope'), digest: name, scope, ms: count }),
)
const said = {
  reviewer: principal,
  verdict: one('approve', 'deny'),
  comment: maybe(text),
  given: maybe(given),
  proven: fc.boolean(),
  signature: maybe(fc.record({ passkey: id, clientDataJSON: text, authenticatorData: text, signature: text, before: time })),
  at: time,
}
const review: fc.Arbitrary<Review> = fc.oneof(fc.record(said), fc.record({ ...said, lapsed: fc.constant(true as const) }))

const required = {
  id,
  version,
  requester: principal,
  resource: name,
  ask,
  need: fc.array(fc.array(fc.record({ policy: text, groups: fc.array(name, { maxLength: 3 }), quorum: count }), { maxLength: 2 }), { maxLength: 2 }),
  policies: texts,
  obligations: fc.record({
    reason: fc.boolean(),
    tickets: texts,
    sign: fc.boolean(),
    mask: texts,
    personal: fc.subarray([...PERSONAL_FIELDS]),
    secret: fc.boolean(),
    ceiling: maybe(ceiling),
    expiresMs: maybe(count),
  }),
  reason: maybe(text),
  ticket: maybe(text),
  status: one('pending', 'approved', 'denied', 'withdrawn', 'expired'),
  reviews: fc.array(review, { maxLength: 3 }),
  session: maybe(name),
  inTransaction: fc.boolean(),
  createdAt: time,
  expiresAt: time,
  decidedAt: maybe(time),
}
export const anyRequest: fc.Arbitrary<Request> = fc.oneof(fc.record(required), fc.record({ ...required, others: texts }))

const coverage: fc.Arbitrary<Coverage> = fc.oneof(
  fc.record({ kind: one('exact'), digest: text }),
  fc.record({ kind: one('shape'), fingerprint: text, state, definition: text, maxRows: maybe(count) }),
  fc.record({ kind: one('scope'), scope }),
)

export const anyGrant: fc.Arbitrary<Grant> = fc.record({
  id,
  version,
  request: maybe(id),
  session: maybe(id),
  subject: principal,
  resource: name,
  coverage,
  approvers: fc.array(fc.record({ user: text, groups: texts }), { maxLength: 3 }),
  status: one('active', 'used', 'done', 'revoked', 'expired', 'void'),
  startsAt: time,
  endsAt: time,
  usesLeft: maybe(count),
  endedAt: maybe(time),
  endReason: maybe(text),
})

export const anySession: fc.Arbitrary<SessionRecord> = fc.record({
  id,
  version,
  gateway: name,
  principal,
  resource: text,
  database: text,
  grant: maybe(name),
  client: text,
  startedAt: time,
  endsAt: time,
  cut: maybe(fc.record({ by: text, reason: text })),
  endedAt: maybe(time),
  endReason: maybe(text),
})

export const anyLease: fc.Arbitrary<LeaseRecord> = fc.record({
  id,
  version,
  kind: text,
  resource: name,
  account: text,
  session: id,
  gateway: name,
  state: one('live', 'removing', 'removed'),
  createdAt: time,
  endsAt: time,
  attempts: count,
  lastError: maybe(text),
  nextAt: maybe(time),
  removedAt: maybe(time),
})

export const anyRecording: fc.Arbitrary<RecordingRecord> = fc.record({
  session: id,
  version,
  gateway: name,
  user: name,
  principal: name,
  resource: name,
  startedAt: time,
  endedAt: time,
  statements: count,
  failed: count,
  rows: count,
  answered: count,
  sha256: text,
  bytes: count,
  stage: one('stored', 'recorded', 'deleting', 'deleted'),
  afterSeq: count,
  deleted: maybe(fc.record({ at: time, why: text })),
})

export const anyToken: fc.Arbitrary<TokenRecord> = fc.record({
  id,
  hash: id,
  scram: fc.record({ storedKey: text, serverKey: text }),
  user: name,
  agent: maybe(text),
  name: maybe(text),
  scope: maybe(fc.record({ resources: maybe(texts), actions: maybe(fc.array(one(...ACTION_TYPES, ...ACTION_GROUPS, ...DUTIES), { maxLength: 3 })) })),
  mayReview: fc.boolean(),
  proven: fc.boolean(),
  createdBy: text,
  createdAt: time,
  expiresAt: time,
  revokedAt: maybe(time),
  lastUsedAt: maybe(time),
})

export const anyPerson: fc.Arbitrary<PersonRecord> = fc.record({
  id,
  version,
  name,
  source: one('local', 'scim', 'oidc:corp', 'oidc:'),
  externalId: maybe(name),
  groups: fc.array(text, { maxLength: 3 }),
  admin: fc.boolean(),
  auditor: fc.boolean(),
  active: fc.boolean(),
  disabledBy: maybe(text),
  displayName: maybe(text),
  email: maybe(text),
  createdAt: time,
  updatedAt: time,
  until: maybe(time),
})

export const anyPasskey: fc.Arbitrary<PasskeyRecord> = fc.record({
  id,
  version,
  credential: id,
  user: name,
  name: text,
  publicKey: text,
  algorithm: one('ES256', 'RS256', 'EdDSA'),
  rpId: text,
  counter: count,
  transports: texts,
  backedUp: fc.boolean(),
  status: one('waiting', 'active', 'leaving', 'removed'),
  by: name,
  agreed: fc.boolean(),
  createdAt: time,
  lastUsedAt: maybe(time),
  removedAt: maybe(time),
  entries: fc.array(fc.record({ gateway: name, seq: count }), { maxLength: 3 }),
})

export const anyInvite: fc.Arbitrary<InviteRecord> = fc.record({
  id,
  version,
  hash: id,
  user: name,
  createdBy: name,
  createdAt: time,
  expiresAt: time,
  usedAt: maybe(time),
  revokedAt: maybe(time),
})

export const anyLogin: fc.Arbitrary<LoginRecord> = fc.record({
  id,
  hash: id,
  flow: maybe(id),
  user: name,
  method: one('passkey', 'oidc:corp'),
  createdAt: time,
  verifiedAt: time,
  lastUsedAt: time,
  expiresAt: time,
  endedAt: maybe(time),
  client: text,
  userAgent: maybe(text),
  sealed: maybe(text),
})
