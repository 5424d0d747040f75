import type { AccessRow, Outcome, UnprovenRow } from '@countersign/contract/schemas/report'
import type { LedgerEvent } from '@countersign/ledger/group'
import type { ExportEntry } from '../export/record.ts'

/** Unix milliseconds; `until` is not in it. */
export interface Period {
  readonly from: number
  readonly until: number
}

interface Use {
  readonly person: string
  readonly resource: string
  readonly action: string
  readonly outcome: Outcome
  readonly policies: readonly string[]
  /** The requests, or the grant, under which it was done; none for what policy allows by itself. */
  readonly under: readonly string[]
}

interface Counted extends Use {
  first: number
  last: number
  count: number
  readonly entry: number
}

interface Approved {
  readonly request: string
  readonly approvers: readonly string[]
}

/**
 * Counts what the entries of a period tell, read in the tree's order from its beginning. What it keeps grows with the rows of the report and with the
 * requests that people approved, and not with the entries.
 */
export class Evidence {
  readonly #period: Period
  readonly #uses = new Map<string, Counted>()
  /** By the id of the grant, and by that of its request. */
  readonly #approved = new Map<string, Approved>()
  /** Grants that policy gave to one connection, until that connection has begun. */
  readonly #own = new Set<string>()
  readonly #policies = new Set<string>()
  readonly #unproven: UnprovenRow[] = []
  /** The last that was loaded before the period. */
  #policy: string | null = null

  constructor(period: Period) {
    this.#period = period
  }

  add({ leaf, entry, events }: ExportEntry): void {
    const inPeriod = entry.at >= this.#period.from && entry.at < this.#period.until
    for (const event of events) {
      this.#learn(event, entry.at)
      if (!inPeriod) continue
      const use = this.#useOf(event)
      if (use) this.#count(use, entry.at, leaf.index)
      if (event.type === 'request.reviewed' && event.body['proven'] === false) this.#unproven.push(unprovenOf(event, entry.at, leaf.index))
    }
  }

  /** By person, resource, action and time. */
  access(): readonly AccessRow[] {
    const rows = [...this.#uses.values()].map(({ first, last, under, ...use }) => {
      const approved = under.flatMap((id) => this.#approved.get(id) ?? [])
      const approvedBy = [...new Set(approved.flatMap(({ approvers }) => approvers))]
      return { ...use, policies: [...use.policies], first: iso(first), last: iso(last), approvedBy, request: approved[0]?.request ?? under[0] ?? null }
    })
    const key = (row: AccessRow) => [row.person, row.resource, row.action, row.first, String(row.entry).padStart(16, '0')].join('\0')
    return rows.toSorted((a, b) => (key(a) < key(b) ? -1 : 1))
  }

  unproven(): readonly UnprovenRow[] {
    return this.#unproven
  }

  /** The versions that were in force in the period, and the one before it. */
  policies(): readonly string[] {
    return [...new Set([...(this.#policy === null ? [] : [this.#policy]), ...this.#policies])]
  }

  #learn({ type, body }: LedgerEvent, at: number): void {
    if (type === 'grant.issued') this.#issued(body)
    const { policy } = body
    if (!['gateway.started', 'policy.loaded'].includes(type) || typeof policy !== 'string') return
    if (at < this.#period.from) this.#policy = policy
    else if (at < this.#period.until) this.#policies.add(policy)
  }

  #issued(body: LedgerEvent['body']): void {
    const grant = text(body['grant'])
    if (typeof body['request'] !== 'string') this.#own.add(grant)
    else {
      const approved = { request: body['request'], approvers: texts(body['approvers']) }
      this.#approved.set(grant, approved).set(approved.request, approved)
    }
  }

  #useOf({ type, body }: LedgerEvent): Use | null {
    const use = { person: text(body['principal']), resource: text(body['resource']), action: text(body['action']), policies: texts(body['policies']) }
    switch (type) {
      case 'session.refused':
        return isDenied(body) ? { ...use, action: 'connect', outcome: 'denied', under: [] } : null
      case 'session.started': {
        const under = this.#own.delete(text(body['grant'])) ? [] : [text(body['grant'])]
        return { ...use, action: 'connect', outcome: under.length === 0 ? (body['mode'] === 'observe' ? 'observed' : 'allowed') : 'approved', under }
      }
      case 'action.decided':
        return body['effect'] === 'deny' ? { ...use, outcome: 'denied', under: [] } : null
      case 'action.started':
        return { ...use, ...underOf(body) }
      default:
        return null
    }
  }

  #count(use: Use, at: number, entry: number): void {
    const key = JSON.stringify([use.person, use.resource, use.action, use.outcome, use.under, use.policies])
    const counted = this.#uses.get(key)
    if (!counted) this.#uses.set(key, { ...use, first: at, last: at, count: 1, entry })
    else {
      counted.first = Math.min(counted.first, at)
      counted.last = Math.max(counted.last, at)
      counted.count += 1
    }
  }
}

function underOf({ observed, requests }: LedgerEvent['body']): Pick<Use, 'outcome' | 'under'> {
  if (observed !== undefined) return { outcome: 'observed', under: [] }
  const under = texts(requests)
  return { outcome: under.length === 0 ? 'allowed' : 'approved', under }
}

/** Whether a connection was refused for good: one that waits to be approved is refused after a while too, and made again. */
export const isDenied = ({ code }: LedgerEvent['body']): boolean => code === 'denied'

function unprovenOf({ body }: LedgerEvent, at: number, entry: number): UnprovenRow {
  return { at: iso(at), reviewer: text(body['reviewer']), request: text(body['request']), verdict: text(body['verdict']), token: text(body['token']), entry }
}

const iso = (at: number) => new Date(at).toISOString()
const text = (value: unknown): string => (typeof value === 'string' ? value : 'unknown')
const texts = (value: unknown): readonly string[] => (Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [])
