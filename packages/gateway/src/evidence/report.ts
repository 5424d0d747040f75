import type { Report } from '@countersign/contract/schemas/report'
import type { Config } from '../config/config.ts'
import type { User } from '../identity/caller.ts'
import { fewAtATime } from '../export/few-at-a-time.ts'
import { readable } from '../export/pages.ts'
import type { PolicyEngine } from '../policy/engine.ts'
import type { Store } from '../store/store.ts'
import { Evidence, type Period } from './collect.ts'
import { unusedStanding } from './standing.ts'

/** Leaves that are read at once. */
const PAGE = 500

export interface ReportSources {
  readonly config: Pick<Config, 'resources'>
  users(): readonly User[]
  readonly store: { readonly tree: Pick<Store['tree'], 'state' | 'checkpoint' | 'read'> }
  policy(): PolicyEngine
  now(): number
}

/**
 * The evidence of a period, from the entries that the newest checkpoint covers: whoever has that checkpoint can tell whether they are the same. They are
 * read from the tree's beginning, because who approved what may stand long before the period; a page at a time, between whose parts others get their turn.
 */
export async function makeReport(sources: ReportSources, period: Period): Promise<Report> {
  const { config, store } = sources
  const { origin, size: newest } = await store.tree.state()
  const checkpoint = await store.tree.checkpoint()
  const size = checkpoint?.size ?? newest
  const evidence = new Evidence(period)
  let unreadable = 0
  for (let index = 0; index < size; index += PAGE) {
    const wanted = Math.min(PAGE, size - index)
    unreadable += wanted
    for await (const leaf of fewAtATime(await store.tree.read(index, wanted))) {
      const entry = readable(leaf)
      if (!entry) continue
      evidence.add(entry)
      unreadable -= 1
    }
  }
  const engine = sources.policy()
  const access = evidence.access()
  const iso = (at: number) => new Date(at).toISOString()
  return {
    from: iso(period.from),
    until: iso(period.until),
    madeAt: iso(sources.now()),
    origin,
    size,
    checkpoint: checkpoint?.note ?? null,
    policyVersion: engine.version,
    policies: [...evidence.policies()],
    unreadable,
    access: [...access],
    standing: [...(await unusedStanding(config, sources.users(), engine, access))],
    unproven: [...evidence.unproven()],
  }
}
