import { z } from 'zod'
import { Timestamp } from './common.ts'
import { Principal } from './principal.ts'

export const Session = z
  .object({
    id: z.string(),
    gateway: z.string(),
    principal: Principal,
    resource: z.string(),
    database: z.string(),
    grant: z.string().nullable(),
    /** The client's address. */
    client: z.string(),
    startedAt: Timestamp,
    endsAt: Timestamp,
    /** Somebody asked for its end; the gateway that holds the connection obeys. */
    cut: z.object({ by: z.string(), reason: z.string() }).nullable(),
    endedAt: Timestamp.nullable(),
    endReason: z.string().nullable(),
  })
  .meta({ id: 'Session', description: 'One live or past connection' })
export type Session = z.infer<typeof Session>
