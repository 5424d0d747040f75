import { z } from 'zod'
import { Timestamp } from './common.ts'

export const Lease = z
  .object({
    id: z.string(),
    /** What the account is on its target: `postgres role`. */
    kind: z.string(),
    resource: z.string(),
    /** The account's name on the target, as its logs have it. */
    account: z.string(),
    session: z.string(),
    /** The gateway that removes it. */
    gateway: z.string(),
    /** `removing`: it is to go, and is not gone yet. */
    state: z.enum(['live', 'removing', 'removed']),
    createdAt: Timestamp,
    endsAt: Timestamp,
    /** How often its removal was tried, and what stood in the way the last time. */
    attempts: z.int(),
    lastError: z.string().nullable(),
    /** When it is tried again; null where nothing is put off. */
    nextAt: Timestamp.nullable(),
    removedAt: Timestamp.nullable(),
  })
  .meta({ id: 'Lease', description: 'An account that was made on a target for one session' })
export type Lease = z.infer<typeof Lease>
