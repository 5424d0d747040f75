import { z } from 'zod'
import { SessionState } from './action.ts'
import { Name, Remark, Scope, Timestamp } from './common.ts'
import { Principal } from './principal.ts'

/** `void`: what was approved is no longer what would run, or its bound was passed. */
export const GrantStatus = z.enum(['active', 'used', 'done', 'revoked', 'expired', 'void']).meta({ id: 'GrantStatus' })

/** Exactly one action, the same statement with other values, or an action type for a while. */
export const Coverage = z
  .discriminatedUnion('kind', [
    z.object({ kind: z.literal('exact'), digest: z.string() }),
    z.object({
      kind: z.literal('shape'),
      fingerprint: z.string(),
      state: SessionState,
      /** Of everything that the statement may touch, as it was defined when it was held. */
      definition: z.string(),
      maxRows: z.number().int().nonnegative().nullable(),
    }),
    z.object({ kind: z.literal('scope'), scope: Scope }),
  ])
  .meta({ id: 'Coverage' })

export const Grant = z
  .object({
    id: z.string(),
    /** Null when policy allowed a connection by itself. */
    request: z.string().nullable(),
    session: z.string().nullable(),
    subject: Principal,
    resource: z.string(),
    coverage: Coverage,
    /** The coverage in words. */
    covers: z.string(),
    approvers: z.array(z.string()),
    status: GrantStatus,
    startsAt: Timestamp,
    /** Absolute: no reconnect or use moves it. */
    endsAt: Timestamp,
    /** Null is any number until the end. */
    usesLeft: z.number().int().nonnegative().nullable(),
    endedAt: Timestamp.nullable(),
    endReason: z.string().nullable(),
  })
  .meta({ id: 'Grant', description: 'What an approved request yields' })
export type Grant = z.infer<typeof Grant>

/** Takes a grant back, or cuts a session; the reason is shown to its subject. */
export const EndBody = z.strictObject({ reason: Remark.optional() }).meta({ id: 'End' })

/** Without a resource: all of them. */
export const DoneBody = z.strictObject({ resource: Name.optional() }).meta({ id: 'Done' })
