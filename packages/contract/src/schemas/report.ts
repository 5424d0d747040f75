import { z } from 'zod'
import { Timestamp } from './common.ts'

export const ReportQuery = z.strictObject({ from: Timestamp, until: Timestamp })

/** `allowed`: by policy alone. `approved`: reviewed by people. `observed`: it ran, and with `mode: enforce` would not have without a review, or at all. */
export const Outcome = z.enum(['allowed', 'approved', 'observed', 'denied'])
export type Outcome = z.infer<typeof Outcome>

/**
 * What somebody did of one kind in the period. What was reviewed has a row for each request, whose id finds its receipt; `entry` is the index in the
 * tree of the first that is counted.
 */
export const AccessRow = z.object({
  person: z.string(),
  resource: z.string(),
  action: z.string(),
  outcome: Outcome,
  first: Timestamp,
  last: Timestamp,
  count: z.number().int(),
  approvedBy: z.array(z.string()),
  policies: z.array(z.string()),
  request: z.string().nullable(),
  entry: z.number().int(),
})
export type AccessRow = z.infer<typeof AccessRow>

/** What policy lets somebody do without a review, and nobody in that name did in the period. */
export const StandingRow = z.object({ person: z.string(), resource: z.string(), action: z.string(), policies: z.array(z.string()) })
export type StandingRow = z.infer<typeof StandingRow>

/** A review by a token of which nobody proved whose it is: the local administrator made it. */
export const UnprovenRow = z.object({
  at: Timestamp,
  reviewer: z.string(),
  request: z.string(),
  verdict: z.string(),
  token: z.string(),
  entry: z.number().int(),
})
export type UnprovenRow = z.infer<typeof UnprovenRow>

/**
 * Evidence for an auditor, of the period from `from` to before `until`, made from the first `size` entries of the tree, which `checkpoint` (a
 * signed note, null where there is none yet) vouches for. `policies` are the versions that were in force in the period; `standing` is by `policyVersion`, which is now.
 */
export const Report = z
  .object({
    from: Timestamp,
    until: Timestamp,
    madeAt: Timestamp,
    origin: z.string(),
    size: z.number().int(),
    checkpoint: z.string().nullable(),
    policyVersion: z.string(),
    policies: z.array(z.string()),
    unreadable: z.number().int(),
    access: z.array(AccessRow),
    standing: z.array(StandingRow),
    unproven: z.array(UnprovenRow),
  })
  .meta({ id: 'EvidenceReport' })
export type Report = z.infer<typeof Report>
