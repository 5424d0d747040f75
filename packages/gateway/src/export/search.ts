import { parseCheckpoint } from '@countersign/ledger/checkpoint'
import { type Entry, parseEntry } from '@countersign/ledger/entry'
import { GROUP, type LedgerEvent } from '@countersign/ledger/group'
import { parseNote } from '@countersign/ledger/note'
import { proveInclusion } from '@countersign/ledger/proof'
import { encodeProof } from '@countersign/ledger/receipt'
import { tilesOf } from '../ledger/stored-tiles.ts'
import type { Leaf, Store } from '../store/store.ts'
import { Known, stringOf } from './known.ts'
import { readable } from './pages.ts'

/** Null is any. Times are Unix milliseconds, `until` not in it. */
export interface Wanted {
  readonly type: string | null
  readonly person: string | null
  readonly resource: string | null
  readonly request: string | null
  readonly session: string | null
  readonly from: number | null
  readonly until: number | null
  /** Leaves before this one. */
  readonly before: number | null
  readonly limit: number
}

export interface Found {
  readonly leaf: Leaf
  readonly entry: Entry
  /** Which event of the entry. */
  readonly at: number
  readonly event: LedgerEvent
  readonly person: string | null
  readonly resource: string | null
}

/** `next` null: there is nothing before. `reached` is the time of the last entry that was looked at. */
export interface FoundPage {
  readonly found: readonly Found[]
  readonly next: number | null
  readonly reached: number | null
  readonly size: number
}

/** Leaves that are read at once: between them others have their turn. */
const READ = 200
/** One answer looks for this long, and says where to go on. */
const WITHIN_MS = 1_000

/** Looks back from the tree's end, as people do. Nothing is indexed by who or what: it reads entry by entry, for a while, and says how far it has come. */
export class LedgerSearch {
  readonly #store: Pick<Store, 'tree'>
  readonly #known: Known

  constructor(store: Pick<Store, 'tree' | 'sessions' | 'requests' | 'grants'>) {
    this.#store = store
    this.#known = new Known(store)
  }

  async search(wanted: Wanted): Promise<FoundPage> {
    const { tree } = this.#store
    const { size } = await tree.state()
    const began = performance.now()
    const found: Found[] = []
    let reached: number | null = null
    let next = Math.min(wanted.before ?? size, size)
    while (next > 0 && found.length < wanted.limit && performance.now() - began < WITHIN_MS) {
      const from = Math.max(0, next - READ)
      for (const leaf of (await tree.read(from, next - from)).toReversed()) {
        next = leaf.index
        const entry = readable(leaf)
        if (!entry) continue
        reached = entry.entry.at
        for (const [at, event] of [...entry.events.entries()].toReversed()) {
          const about = isLikely(wanted, entry.entry, event) ? await this.#about(wanted, event) : null
          if (about) found.push({ leaf, entry: entry.entry, at, event, ...about })
        }
        if (found.length >= wanted.limit) break
      }
      if (found.length < wanted.limit) next = from
    }
    return { found, next: next === 0 ? null : next, reached, size }
  }

  /** Null when the tree has no such leaf, or its entry is gone. */
  async entry(index: number) {
    const { tree } = this.#store
    const [leaf] = await tree.read(index, 1)
    if (leaf?.index !== index) return null
    const { at, type } = parseEntry(leaf.line)
    const stored = await tree.checkpoint()
    if (!stored || index >= stored.size) return { leaf, at, type, proof: null, checkpoint: null }
    const { proof } = await proveInclusion(tilesOf(tree), index, stored.size)
    return { leaf, at, type: type === GROUP ? 'actions' : type, proof: encodeProof(proof), checkpoint: stored.note }
  }

  async state() {
    const { tree } = this.#store
    const { origin, size } = await tree.state()
    const checkpoint = await tree.checkpoint()
    return { origin, size, checkpoint, witnessed: checkpoint && witnessedIn(checkpoint.note) }
  }

  /** Null where it is about somebody or something else. */
  async #about({ person, resource }: Wanted, event: LedgerEvent): Promise<Pick<Found, 'person' | 'resource'> | null> {
    const about = await this.#known.about(event)
    const people = [about.principal, ...DOERS.map((name) => stringOf(event.body[name]))]
    if (person !== null && !people.some((one) => one === person || one?.startsWith(`${person}/`))) return null
    if (resource !== null && about.resource !== resource) return null
    return { person: about.principal ?? people.find((one) => one !== null) ?? null, resource: about.resource }
  }
}

/** Where an event says who did it. */
const DOERS = ['by', 'reviewer', 'user']

/** What the event itself says against it. */
function isLikely({ type, request, session, from, until }: Wanted, { at }: Entry, event: LedgerEvent): boolean {
  const { body } = event
  return (
    (type === null || event.type === type || event.type.startsWith(`${type}.`)) &&
    (request === null || body['request'] === request || (Array.isArray(body['requests']) && body['requests'].includes(request))) &&
    (session === null || body['session'] === session) &&
    at >= (from ?? at) &&
    at < (until ?? Infinity)
  )
}

const WITNESSED = /^unwitnessed (\d+) (\S+)$/

/** What the checkpoint itself says (docs/checkpoints.md). */
function witnessedIn(note: string): { readonly size: number; readonly at: number } | null {
  const { extensions } = parseCheckpoint(parseNote(note).text)
  const [, size = '', at = ''] = extensions.map((line) => WITNESSED.exec(line)).find((match) => match !== null) ?? []
  return Number.isNaN(Date.parse(at)) ? null : { size: Number(size), at: Date.parse(at) }
}
