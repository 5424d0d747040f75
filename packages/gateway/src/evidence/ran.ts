import type { Overview } from '@countersign/contract/schemas/overview'
import type { AccessRow } from '@countersign/contract/schemas/report'
import type { LedgerEvent } from '@countersign/ledger/group'
import { stringOf } from '../export/known.ts'
import type { ExportEntry } from '../export/record.ts'
import { isDenied } from './collect.ts'

type Counts = Omit<Overview['ran'], 'since'>
type Denied = Overview['denied'][number]

/** People, resources and actions that are told apart: more of them are counted, and not named. */
const MOST_NAMED = 5_000

/** Counts what ran and what was refused, from entries in any order. */
export class Ran {
  readonly counts: Counts = { allowed: 0, approved: 0, observed: 0, denied: 0 }
  readonly #denied = new Map<string, Denied>()
  readonly #used = new Map<string, AccessRow>()

  add({ entry, events }: ExportEntry): void {
    for (const event of events) {
      const outcome = outcomeOf(event)
      if (!outcome) continue
      this.counts[outcome] += 1
      const about = aboutOf(event)
      if (outcome === 'denied') this.#deny(about, event, entry.at)
      else this.#use(about, outcome)
    }
  }

  /** Those who were refused most often. */
  denied(most: number): Denied[] {
    return [...this.#denied.values()].toSorted((one, other) => other.count - one.count || (one.last < other.last ? 1 : -1)).slice(0, most)
  }

  /** Who used what. */
  used(): readonly AccessRow[] {
    return [...this.#used.values()]
  }

  #deny({ person, resource, action }: About, { body }: LedgerEvent, at: number): void {
    const key = JSON.stringify([person, resource, action])
    const before = this.#denied.get(key)
    if (!before && this.#denied.size >= MOST_NAMED) return
    const last = new Date(at).toISOString()
    const policies = Array.isArray(body['policies']) ? body['policies'].filter((each) => typeof each === 'string') : []
    const named = [...new Set([...(before?.policies ?? []), ...policies])]
    this.#denied.set(key, {
      person,
      resource,
      action,
      count: (before?.count ?? 0) + 1,
      last: before && before.last > last ? before.last : last,
      policies: named,
    })
  }

  #use({ person, resource, action }: About, outcome: AccessRow['outcome']): void {
    const key = JSON.stringify([person, resource, action])
    if (this.#used.has(key) || this.#used.size >= MOST_NAMED) return
    this.#used.set(key, { person, resource, action, outcome, first: '', last: '', count: 1, approvedBy: [], policies: [], request: null, entry: 0 })
  }
}

interface About {
  readonly person: string
  readonly resource: string
  readonly action: string
}

const aboutOf = ({ type, body }: LedgerEvent): About => ({
  person: stringOf(body['principal']) ?? 'unknown',
  resource: stringOf(body['resource']) ?? 'unknown',
  action: type.startsWith('session.') ? 'connect' : (stringOf(body['action']) ?? 'unknown'),
})

/** Null for what neither ran nor was refused. */
function outcomeOf({ type, body }: LedgerEvent): keyof Counts | null {
  switch (type) {
    case 'session.refused':
      return isDenied(body) ? 'denied' : null
    case 'session.started':
      if (typeof body['request'] === 'string') return 'approved'
      return body['mode'] === 'observe' ? 'observed' : 'allowed'
    case 'action.decided':
      return body['effect'] === 'deny' ? 'denied' : null
    case 'action.started':
      if (body['observed'] !== undefined) return 'observed'
      return Array.isArray(body['requests']) && body['requests'].length > 0 ? 'approved' : 'allowed'
    default:
      return null
  }
}
