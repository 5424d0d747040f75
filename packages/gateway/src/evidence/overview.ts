import type { Overview } from '@countersign/contract/schemas/overview'
import { describeCoverage } from '@countersign/core/coverage'
import { isLive } from '@countersign/core/grant'
import { principalId } from '@countersign/core/principal'
import type { Request } from '@countersign/core/request'
import type { Config } from '../config/config.ts'
import type { User } from '../identity/caller.ts'
import type { PolicyEngine } from '../policy/engine.ts'
import type { Store } from '../store/store.ts'
import { Ran } from './ran.ts'
import { readBack } from './read-back.ts'
import { unusedStanding } from './standing.ts'

const DAY_MS = 86_400_000
const MOST_REQUESTS = 2_000
/** The newest come first, and those that count are the last of them. */
const MOST_LIVE = 10_000
/** Of people and resources; each costs six questions to policy. */
const MOST_ASKED = 1_000
/** Rows of each list. */
const SHOWN = 10
const UNUSED_SHOWN = 50
const WAITED_MS = [60_000, 300_000, 900_000, 3_600_000, 14_400_000]
/** The figures are kept for so long: whoever looks again does not have them counted again. */
const KEPT_MS = 60_000

export interface OverviewSources {
  readonly config: Pick<Config, 'resources'>
  users(): readonly User[]
  readonly store: Pick<Store, 'requests' | 'grants' | 'tree'>
  policy(): PolicyEngine
  now(): number
}

/** Figures for who runs it, counted within bounds: the newest requests, and of the ledger what is read backwards in a moment. */
export class Overviews {
  readonly #sources: OverviewSources
  readonly #kept = new Map<number, { readonly at: number; readonly overview: Promise<Overview> }>()

  constructor(sources: OverviewSources) {
    this.#sources = sources
  }

  /** Of the last `days`. */
  of(days: number): Promise<Overview> {
    const now = this.#sources.now()
    const kept = this.#kept.get(days)
    if (kept && now - kept.at < KEPT_MS) return kept.overview
    const overview = this.#make(now, days)
    this.#kept.set(days, { at: now, overview })
    overview.catch(() => this.#kept.delete(days))
    return overview
  }

  async #make(now: number, days: number): Promise<Overview> {
    const { store, config } = this.#sources
    const from = Math.floor(now / DAY_MS) * DAY_MS - (days - 1) * DAY_MS
    const newest = await store.requests.list({ since: from, limit: MOST_REQUESTS + 1 })
    const requests = newest.slice(0, MOST_REQUESTS)
    const ran = new Ran()
    const since = await readBack(store.tree, from, (entry) => ran.add(entry))
    const live = (await store.grants.list({ live: true, asked: true, limit: MOST_LIVE })).filter((grant) => isLive(grant, now))
    const people = this.#sources.users()
    const isAsked = people.length * Object.keys(config.resources).length <= MOST_ASKED
    const unused = isAsked ? await unusedStanding(config, people, this.#sources.policy(), ran.used()) : null
    return {
      from: iso(from),
      until: iso(now),
      requestsCut: newest.length > MOST_REQUESTS,
      requests: daysOf(from, days, requests),
      waiting: waitingOf(requests),
      ran: { since: iso(since), ...ran.counts },
      denied: ran.denied(SHOWN),
      standing: live
        .toSorted((one, other) => one.startsAt - other.startsAt)
        .slice(0, SHOWN)
        .map(({ id, request, subject, resource, coverage, startsAt, endsAt }) => ({
          id,
          request,
          person: principalId(subject),
          resource,
          covers: describeCoverage(coverage),
          startsAt: iso(startsAt),
          endsAt: iso(endsAt),
        })),
      unused: unused && { count: unused.length, first: unused.slice(0, UNUSED_SHOWN) },
    }
  }
}

function daysOf(from: number, days: number, requests: readonly Request[]): Overview['requests'] {
  const rows = Array.from({ length: days }, (_, at) => ({
    day: iso(from + at * DAY_MS).slice(0, 10),
    approved: 0,
    denied: 0,
    withdrawn: 0,
    expired: 0,
    pending: 0,
  }))
  for (const { createdAt, status } of requests) {
    const row = rows[Math.floor((createdAt - from) / DAY_MS)]
    if (row) row[status] += 1
  }
  return rows
}

/** What policy approved at once waited for nobody. */
function waitingOf(requests: readonly Request[]): Overview['waiting'] {
  const waited = requests
    .flatMap(({ createdAt, decidedAt, reviews }) => (decidedAt === null || reviews.length === 0 ? [] : [decidedAt - createdAt]))
    .toSorted((one, other) => one - other)
  const at = (share: number) => waited[Math.min(waited.length - 1, Math.floor(waited.length * share))] ?? null
  const bounds = [...WAITED_MS, null]
  const distribution = bounds.map((upToMs, index) => {
    const above = WAITED_MS[index - 1] ?? -Infinity
    return { upToMs, count: waited.filter((ms) => ms > above && ms <= (upToMs ?? Infinity)).length }
  })
  return { count: waited.length, medianMs: at(0.5), p90Ms: at(0.9), distribution }
}

const iso = (at: number) => new Date(at).toISOString()
