import { ACTION_GROUPS, ACTION_TYPES } from '@countersign/core/action'
import type { Grant } from '@countersign/core/grant'
import { PERSONAL_FIELDS } from '@countersign/core/obligations'
import type { Request } from '@countersign/core/request'
import { DUTIES } from '@countersign/core/token-scope'
import { z } from 'zod'
import type { InviteRecord, PasskeyRecord } from './passkey-store.ts'
import type { DeviceRecord } from './device-store.ts'
import type { RecordingRecord } from './recording-store.ts'
import type { ScimGroupRecord } from './scim-group-store.ts'
import type { LoginRecord, PersonRecord, Source } from './people.ts'
import { type LeaseRecord, type SessionRecord, StoreUnavailable, type TokenRecord } from './store.ts'

/** What a row's `body` must be. Strict: a field that this version does not know would be lost when it saves. */

const strings = z.array(z.string())
const time = z.int()
const scope = z.enum([...ACTION_TYPES, ...ACTION_GROUPS])
const principal = z.strictObject({ user: z.string(), agent: z.string().nullable(), groups: strings })
const duration = z.strictObject({ kind: z.literal('duration'), ms: z.int() })
const once = z.strictObject({ kind: z.literal('once') })
const ceiling = z.discriminatedUnion('kind', [once, z.strictObject({ kind: z.literal('shape') }), duration])
const bound = z.int().nullable()
const givenShape = z.strictObject({ kind: z.literal('shape'), maxRows: bound, uses: bound, ms: bound, until: bound })
const given = z.discriminatedUnion('kind', [once, givenShape, duration])

const parameter = z.strictObject({ value: z.string().nullable(), format: z.enum(['text', 'binary']), type: z.int(), withheld: z.literal(true).optional() })
const count = z.int().min(0).nullable()
const impact = z.strictObject({
  rows: count,
  estimate: count,
  uniqueKey: z.boolean().nullable(),
  triggers: strings.nullable(),
  cascades: strings.nullable(),
  sets: strings.nullable(),
  where: strings.nullable(),
  locks: strings.nullable(),
  waiting: strings.nullable(),
  because: z.string().nullable(),
})
const part = z.strictObject({ text: z.string(), parameters: z.array(parameter), impact: impact.omit({ locks: true, waiting: true }).optional() })
const facts = z.strictObject({ rows: z.int(), rowsKnown: z.boolean(), unbounded: z.boolean(), tables: strings, columns: strings })
const statement = z.strictObject({ type: z.enum(ACTION_TYPES), fingerprint: z.string().nullable(), facts, part: part.optional() })
const state = z.strictObject({
  database: z.string(),
  role: z.string(),
  searchPath: z.string(),
  standardConformingStrings: z.string(),
  clientEncoding: z.string(),
})
const action = z.strictObject({
  type: z.enum(ACTION_TYPES),
  text: z.string(),
  parameters: z.array(parameter),
  state: state.nullable(),
  statements: z.array(statement),
  pipeline: z.literal(true).optional(),
  impact: impact.optional(),
  definition: z.string().optional(),
  objects: z.string().optional(),
  differs: z.array(z.strictObject({ from: z.int(), to: z.int() })).optional(),
  voided: z.string().optional(),
})
const ask = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('action'), digest: z.string(), action }),
  z.strictObject({ kind: z.literal('scope'), digest: z.string(), scope, ms: z.int() }),
])

const requirement = z.strictObject({ policy: z.string(), groups: strings, quorum: z.int() })
const obligations = z.strictObject({
  reason: z.boolean(),
  tickets: strings,
  sign: z.boolean(),
  mask: strings,
  /** Not in what was written before there were such marks. */
  personal: z.array(z.enum(PERSONAL_FIELDS)).default([]),
  secret: z.boolean().default(false),
  ceiling: ceiling.nullable(),
  expiresMs: z.int().nullable(),
})
const review = z.strictObject({
  reviewer: principal,
  verdict: z.enum(['approve', 'deny']),
  comment: z.string().nullable(),
  given: given.nullable(),
  proven: z.boolean(),
  signature: z
    .strictObject({ passkey: z.string(), clientDataJSON: z.string(), authenticatorData: z.string(), signature: z.string(), before: time })
    .nullable()
    .default(null),
  at: time,
  lapsed: z.literal(true).optional(),
})

export const requestShape: z.ZodType<Request> = z.strictObject({
  id: z.string(),
  version: z.int(),
  requester: principal,
  resource: z.string(),
  ask,
  need: z.array(z.array(requirement)),
  policies: strings,
  obligations,
  signing: z.strictObject({ policy: z.string(), salt: z.string() }).nullish(),
  reason: z.string().nullable(),
  ticket: z.string().nullable(),
  status: z.enum(['pending', 'approved', 'denied', 'withdrawn', 'expired']),
  reviews: z.array(review),
  session: z.string().nullable(),
  others: strings.optional(),
  inTransaction: z.boolean(),
  createdAt: time,
  expiresAt: time,
  decidedAt: time.nullable(),
})

const coverage = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('exact'), digest: z.string() }),
  z.strictObject({ kind: z.literal('shape'), fingerprint: z.string(), state, definition: z.string(), maxRows: bound }),
  z.strictObject({ kind: z.literal('scope'), scope }),
])

export const grantShape: z.ZodType<Grant> = z.strictObject({
  id: z.string(),
  version: z.int(),
  request: z.string().nullable(),
  session: z.string().nullable(),
  subject: principal,
  resource: z.string(),
  coverage,
  approvers: z.array(z.strictObject({ user: z.string(), groups: strings, signed: z.literal(true).optional() })),
  status: z.enum(['active', 'used', 'done', 'revoked', 'expired', 'void']),
  startsAt: time,
  endsAt: time,
  usesLeft: z.int().min(0).nullable(),
  endedAt: time.nullable(),
  endReason: z.string().nullable(),
})

export const sessionShape: z.ZodType<SessionRecord> = z.strictObject({
  id: z.string(),
  version: z.int(),
  gateway: z.string(),
  principal,
  resource: z.string(),
  database: z.string(),
  grant: z.string().nullable(),
  client: z.string(),
  startedAt: time,
  endsAt: time,
  cut: z.strictObject({ by: z.string(), reason: z.string() }).nullable(),
  endedAt: time.nullable(),
  endReason: z.string().nullable(),
})

export const leaseShape: z.ZodType<LeaseRecord> = z.strictObject({
  id: z.string(),
  version: z.int(),
  kind: z.string(),
  resource: z.string(),
  account: z.string(),
  session: z.string(),
  gateway: z.string(),
  state: z.enum(['live', 'removing', 'removed']),
  createdAt: time,
  endsAt: time,
  attempts: z.int().min(0),
  lastError: z.string().nullable(),
  nextAt: time.nullable(),
  removedAt: time.nullable(),
})

export const recordingShape: z.ZodType<RecordingRecord> = z.strictObject({
  session: z.string(),
  version: z.int(),
  gateway: z.string(),
  user: z.string(),
  principal: z.string(),
  resource: z.string(),
  startedAt: time,
  endedAt: time,
  statements: z.int().min(0),
  failed: z.int().min(0),
  rows: z.int().min(0),
  answered: z.int().min(0),
  sha256: z.string(),
  bytes: z.int().min(0),
  stage: z.enum(['stored', 'recorded', 'deleting', 'deleted']),
  afterSeq: z.int().min(0),
  deleted: z.strictObject({ at: time, why: z.string() }).nullable(),
})

const tokenScope = z.strictObject({ resources: strings.nullable(), actions: z.array(z.enum([...ACTION_TYPES, ...ACTION_GROUPS, ...DUTIES])).nullable() })

const token = z.strictObject({
  id: z.string(),
  hash: z.string(),
  scram: z.strictObject({ storedKey: z.string(), serverKey: z.string() }),
  user: z.string(),
  agent: z.string().nullable(),
  /** Not in what was written before tokens had names and scopes. */
  name: z.string().nullable().default(null),
  scope: tokenScope.nullable().default(null),
  mayReview: z.boolean(),
  proven: z.boolean(),
  createdBy: z.string(),
  createdAt: time,
  expiresAt: time,
})

/** When it was revoked and last used are columns of their own, so that either is one UPDATE. */
export const tokenShape: z.ZodType<Omit<TokenRecord, 'revokedAt' | 'lastUsedAt'>> = token

/** A token as it is handed on. */
export const tokenRecordShape: z.ZodType<TokenRecord> = token.extend({ revokedAt: time.nullable(), lastUsedAt: time.nullable() })

export const sourceShape: z.ZodType<Source> = z.templateLiteral(['oidc:', z.string()]).or(z.enum(['local', 'scim']))
const method = z.templateLiteral(['oidc:', z.string()]).or(z.literal('passkey'))

export const personShape: z.ZodType<PersonRecord> = z.strictObject({
  id: z.string(),
  version: z.int(),
  name: z.string(),
  source: sourceShape,
  externalId: z.string().nullable(),
  groups: strings,
  admin: z.boolean(),
  auditor: z.boolean(),
  active: z.boolean(),
  disabledBy: z.string().nullable().optional(),
  displayName: z.string().nullable(),
  email: z.string().nullable(),
  createdAt: time,
  updatedAt: time,
  until: time.nullable(),
})

const login = z.strictObject({
  id: z.string(),
  hash: z.string(),
  flow: z.string().nullable(),
  user: z.string(),
  method,
  createdAt: time,
  expiresAt: time,
  client: z.string(),
  userAgent: z.string().nullable(),
  sealed: z.string().nullable(),
})

export const passkeyShape: z.ZodType<PasskeyRecord> = z.strictObject({
  id: z.string(),
  version: z.int(),
  credential: z.string(),
  user: z.string(),
  name: z.string(),
  publicKey: z.string(),
  algorithm: z.enum(['ES256', 'RS256', 'EdDSA']),
  rpId: z.string(),
  counter: z.int(),
  transports: strings,
  backedUp: z.boolean(),
  status: z.enum(['waiting', 'active', 'leaving', 'removed']),
  by: z.string(),
  /** Not in what was written before keys of those who become admins were agreed to. */
  agreed: z.boolean().default(false),
  createdAt: time,
  lastUsedAt: time.nullable(),
  removedAt: time.nullable(),
  entries: z.array(z.strictObject({ gateway: z.string(), seq: z.int() })),
})

export const inviteShape: z.ZodType<InviteRecord> = z.strictObject({
  id: z.string(),
  version: z.int(),
  hash: z.string(),
  user: z.string(),
  createdBy: z.string(),
  createdAt: time,
  expiresAt: time,
  usedAt: time.nullable(),
  revokedAt: time.nullable(),
})

/** What changes of a login has columns of its own, so that each change is one UPDATE. */
export const loginShape: z.ZodType<Omit<LoginRecord, 'verifiedAt' | 'lastUsedAt' | 'endedAt'>> = login

/** When it was polled is told in columns. */
export const deviceShape: z.ZodType<Omit<DeviceRecord, 'polledAt' | 'intervalMs'>> = z.strictObject({
  id: z.string(),
  version: z.int(),
  hash: z.string(),
  userCode: z.string(),
  client: z.string(),
  host: z.string().nullable(),
  address: z.string(),
  createdAt: time,
  expiresAt: time,
  state: z.enum(['pending', 'confirmed', 'refused', 'used']),
  by: z.strictObject({ user: z.string(), mayReview: z.boolean(), proven: z.boolean() }).nullable(),
})

export const scimGroupShape: z.ZodType<ScimGroupRecord> = z.strictObject({
  id: z.string(),
  version: z.int(),
  name: z.string(),
  externalId: z.string().nullable(),
  createdAt: time,
  updatedAt: time,
})

/** A row as its table's type has it. */
type Row = { readonly id: string; readonly body: string }

/**
 * The value of a row, which is hostile until parsed: its body must have the shape, and its columns must be those that
 * follow from it. Otherwise somebody else than a gateway wrote it, and StoreUnavailable names it.
 */
export function parseRow<T, R extends Row>(table: string, row: R, shape: z.ZodType<T>, columnsOf: (value: T) => Partial<R>): T {
  const value = shape.safeParse(parseJson(row.body))
  if (!value.success) throw malformed(table, row.id, z.prettifyError(value.error))
  const columns: Partial<Record<string, unknown>> = columnsOf(value.data)
  const differs = Object.entries(row).find(([name, held]) => name !== 'body' && name in columns && columns[name] !== held)
  if (differs) throw malformed(table, row.id, `its column ${differs[0]} is not what its body says`)
  return value.data
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    return error
  }
}

const malformed = (table: string, id: string, why: string) =>
  new StoreUnavailable(`row ${id} of the store's table ${table} is not what a gateway wrote, so it is not used; restore or remove it: ${why}`)
