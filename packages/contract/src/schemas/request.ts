import { z } from 'zod'
import { ActionAsk } from './action.ts'
import { Duration, Flag, Name, Remark, Scope, text, Timestamp } from './common.ts'
import { Principal } from './principal.ts'
import { Assertion, RequestOptions } from './webauthn.ts'

export const RequestStatus = z.enum(['pending', 'approved', 'denied', 'withdrawn', 'expired']).meta({ id: 'RequestStatus' })
export type RequestStatus = z.infer<typeof RequestStatus>

/** An action type for a while, asked for ahead. */
export const ScopeAsk = z.object({ kind: z.literal('scope'), scope: Scope, durationMs: z.number().int().positive(), digest: z.string() })

/** The widest approval that policy lets a reviewer give. */
export const Ceiling = z
  .discriminatedUnion('kind', [
    z.object({ kind: z.literal('once') }),
    z.object({ kind: z.literal('shape') }),
    z.object({ kind: z.literal('duration'), durationMs: z.number().int().positive() }),
  ])
  .meta({ id: 'Ceiling' })
export type Ceiling = z.infer<typeof Ceiling>

/** What one reviewer gave. A bound of a shape is null where there is none but policy's. */
export const Given = z
  .discriminatedUnion('kind', [
    z.object({ kind: z.literal('once') }),
    z.object({
      kind: z.literal('shape'),
      maxRows: z.number().int().nonnegative().nullable(),
      uses: z.number().int().positive().nullable(),
      durationMs: z.number().int().positive().nullable(),
      until: Timestamp.nullable(),
    }),
    z.object({ kind: z.literal('duration'), durationMs: z.number().int().positive() }),
  ])
  .meta({ id: 'Given' })
export type Given = z.infer<typeof Given>

export const Review = z
  .object({
    reviewer: Principal,
    verdict: z.enum(['approve', 'deny']),
    comment: z.string().nullable(),
    given: Given.nullable(),
    /** Made with a token that the local administrator minted. */
    unproven: z.boolean(),
    /** The passkey that signed what was shown; null where policy asks for no signature. */
    signature: z.object({ passkey: z.string() }).nullable(),
    /** An approval that does not count: its reviewer was disabled, or left the group for which he approved, before there were enough. */
    lapsed: z.boolean(),
    at: Timestamp,
  })
  .meta({ id: 'Review' })
export type Review = z.infer<typeof Review>

/** `text` is all that is needed, in words; `missing` what is still open, null when nothing is. Every clause is met by any one of its requirements. */
export const Needs = z
  .object({
    text: z.string(),
    missing: z.string().nullable(),
    clauses: z.array(z.array(z.object({ policy: z.string(), groups: z.array(z.string()), quorum: z.number().int().positive() }))),
  })
  .meta({ id: 'Needs' })

export const Request = z
  .object({
    id: z.string(),
    status: RequestStatus,
    requester: Principal,
    resource: z.string(),
    ask: z.discriminatedUnion('kind', [ActionAsk, ScopeAsk]),
    needs: Needs,
    policies: z.array(z.string()),
    ceiling: Ceiling,
    /** An approval is signed with the reviewer's passkey. */
    sign: z.boolean(),
    reason: z.string().nullable(),
    ticket: z.string().nullable(),
    reviews: z.array(Review),
    /** The session it is held in; null when asked ahead. */
    session: z.string().nullable(),
    /** Held inside an open transaction: locks are held while it waits. */
    inTransaction: z.boolean(),
    createdAt: Timestamp,
    expiresAt: Timestamp,
    decidedAt: Timestamp.nullable(),
    link: z.string(),
  })
  .meta({ id: 'Request', description: 'Somebody asks for an action, or for an action type for a while' })
export type Request = z.infer<typeof Request>

/** Asks ahead for one action (its exact text), or for a scope for a while. Without either: `connect`. */
export const AskBody = z
  .strictObject({
    resource: Name,
    scope: Scope.optional(),
    action: text(1_000_000).optional(),
    for: Duration.optional(),
    reason: Remark.optional(),
    ticket: text(200).optional(),
  })
  .refine(({ scope, action }) => scope === undefined || action === undefined, 'give scope or action, not both')
  .refine(({ action, for: duration }) => action === undefined || duration === undefined, 'an action is asked for once: `for` goes with scope')
  .meta({ id: 'Ask' })

/** `attached`: the same was asked for already and waits; this is that request. */
export const Asked = z.object({ request: Request, attached: z.boolean() }).meta({ id: 'Asked' })
export type Asked = z.infer<typeof Asked>

/** A shape and its bounds: rows that one statement may touch, uses, and when it ends at the latest. Never later than policy lets it. */
export const ShapeBounds = z
  .strictObject({
    maxRows: z.number().int().nonnegative().optional(),
    uses: z.number().int().positive().max(1_000_000).optional(),
    for: Duration.optional(),
    until: Timestamp.optional(),
  })
  .meta({ id: 'ShapeBounds' })
export type ShapeBounds = z.infer<typeof ShapeBounds>

const approval = { comment: Remark.optional(), shape: ShapeBounds.optional(), for: Duration.optional() }
const isOneWidth = ({ shape, for: duration }: { readonly shape?: ShapeBounds | undefined; readonly for?: string | undefined }) =>
  shape === undefined || duration === undefined
const ONE_WIDTH = 'give shape or for, not both: the time of a shape is shape.for'

/** Where policy asks for one: what the reviewer's passkey gave for exactly this approval, and the time until which `to-sign` said that it may be given. */
export const Signature = z.strictObject({ before: Timestamp, credential: Assertion }).meta({ id: 'Signature' })
export type Signature = z.infer<typeof Signature>

/** Without `shape` and `for` the approval is exact: these bytes, once. */
export const ApproveBody = z
  .strictObject({ ...approval, signature: Signature.optional() })
  .refine(isOneWidth, ONE_WIDTH)
  .meta({ id: 'Approve' })

/** What would be approved, as `approve` takes it. */
export const ToSignBody = z.strictObject(approval).refine(isOneWidth, ONE_WIDTH).meta({ id: 'ToSign' })

/**
 * What a reviewer's passkey is to sign. `shown` is canonical JSON (RFC 8785) of all that is approved; the challenge in `options` is its SHA-256. Show what
 * is in `shown`, and nothing else.
 */
export const ToSign = z.object({ shown: z.string(), before: Timestamp, options: RequestOptions }).meta({ id: 'Signing' })
export type ToSign = z.infer<typeof ToSign>

export const DenyBody = z.strictObject({ comment: Remark }).meta({ id: 'Deny' })

export const RequestsQuery = z.strictObject({ inbox: Flag.optional(), status: RequestStatus.optional() })
