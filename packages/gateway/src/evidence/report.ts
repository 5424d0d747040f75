import type { Report } from '@countersign/contract/schemas/report'
import type { Config } from '../config/config.ts'
import type { User } from '../identity/caller.ts'
import type { PolicyEngine } from '../policy/engine.ts'
import type { Period } from './collect.ts'
import type { Told } from './entries.ts'
import { unusedStanding } from './standing.ts'

export interface ReportSources {
  readonly config: Pick<Config, 'resources'>
  users(): readonly User[]
  /** What the ledger tells, which takes as long as it is long. */
  entries(period: Period): Promise<Told>
  policy(): PolicyEngine
  now(): number
}

/** The evidence of a period, and what policy allows now that nobody used in it. */
export async function makeReport(sources: ReportSources, period: Period): Promise<Report> {
  const { origin, size, checkpoint, unreadable, access, policies, unproven } = await sources.entries(period)
  const engine = sources.policy()
  const iso = (at: number) => new Date(at).toISOString()
  return {
    from: iso(period.from),
    until: iso(period.until),
    madeAt: iso(sources.now()),
    origin,
    size,
    checkpoint,
    policyVersion: engine.version,
    policies: [...policies],
    unreadable,
    access: [...access],
    standing: [...(await unusedStanding(sources.config, sources.users(), engine, access))],
    unproven: [...unproven],
  }
}
