import { z } from 'zod'
import { Flag, Name, Timestamp } from './common.ts'
import { wholeNumber } from './ledger.ts'
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

/**
 * One session, and where what it does is watched while it runs: at the gateway that answers; at the one that it is at, by the address of that one's console
 * where it is known; or nowhere, because its gateway records no sessions.
 */
export const SessionView = Session.extend({
  watch: z.discriminatedUnion('at', [
    z.object({ at: z.literal('here') }),
    z.object({ at: z.literal('elsewhere'), gateway: z.string(), url: z.string().nullable() }),
    z.object({ at: z.literal('nowhere') }),
  ]),
}).meta({ id: 'SessionView', description: 'One live or past connection, and where it is watched' })
export type SessionView = z.infer<typeof SessionView>

/** `user`: those of somebody, and of his agents. `before`: those that began before this one, as `placeOf` says; for the next page. */
export const SessionsQuery = z.strictObject({
  live: Flag.optional(),
  user: Name.optional(),
  before: z
    .string()
    .regex(/^\d{1,16}\.[a-z0-9-]{1,80}$/, 'expected when a session began, in Unix milliseconds, a dot, and its id')
    .optional(),
  limit: wholeNumber(500).optional(),
})

/** What to pass as `before` for the page after this session. */
export const placeOf = ({ startedAt, id }: Pick<Session, 'startedAt' | 'id'>): string => `${Date.parse(startedAt)}.${id}`
