import { z } from 'zod'
import { Timestamp } from './common.ts'
import { wholeNumber } from './ledger.ts'

export const OverviewQuery = z.strictObject({ days: wholeNumber(90).optional() })

const count = z.number().int()

/** What became of the requests that were opened on a day (UTC). */
const RequestDay = z.object({ day: z.string(), approved: count, denied: count, withdrawn: count, expired: count, pending: count })

/** How many waited for no longer than `upToMs`, and for longer than the one before; null: for longer than all. */
const Waited = z.object({ upToMs: z.number().int().nullable(), count })

/** Somebody who was refused, and how often. */
const Denied = z.object({ person: z.string(), resource: z.string(), action: z.string(), count, last: Timestamp, policies: z.array(z.string()) })

const LiveGrant = z.object({
  id: z.string(),
  request: z.string().nullable(),
  person: z.string(),
  resource: z.string(),
  covers: z.string(),
  startsAt: Timestamp,
  endsAt: Timestamp,
})

const Unused = z.object({ person: z.string(), resource: z.string(), action: z.string(), policies: z.array(z.string()) })

/**
 * Figures of the last days. Requests are those that were opened since `from`, the newest 2,000 where `requestsCut`; what ran is counted in the ledger back to
 * `ran.since`, which is later than `from` where there was too much to read.
 */
export const Overview = z
  .object({
    from: Timestamp,
    until: Timestamp,
    requestsCut: z.boolean(),
    requests: z.array(RequestDay),
    /** From asking to the decision, of those that people approved or denied. */
    waiting: z.object({ count, medianMs: z.number().nullable(), p90Ms: z.number().nullable(), distribution: z.array(Waited) }),
    /** Statements and connections: `allowed` by policy alone, `approved` by people, `observed` where nothing is held, and `denied`. */
    ran: z.object({ since: Timestamp, allowed: count, approved: count, observed: count, denied: count }),
    denied: z.array(Denied),
    /** Grants that are live, those first that have been for longest. */
    standing: z.array(LiveGrant),
    /** What policy allows without a review and nobody used since `ran.since`; null where there are too many people and resources to ask. */
    unused: z.object({ count, first: z.array(Unused) }).nullable(),
  })
  .meta({ id: 'Overview' })
export type Overview = z.infer<typeof Overview>
