import { parseCheckpoint } from '@countersign/ledger/checkpoint'
import { type Entry, parseEntry } from '@countersign/ledger/entry'
import { GROUP, type LedgerEvent } from '@countersign/ledger/group'
import { parseNote } from '@countersign/ledger/note'
import { proveInclusion } from '@countersign/ledger/proof'
import { encodeProof } from '@countersign/ledger/receipt'
import { tilesOf } from '../ledger/stored-tiles.ts'
import { BLOCK } from '../store/ledger-index-store.ts'
import type { Leaf, Store } from '../store/store.ts'
import { Known } from './known.ts'
import { readable } from './pages.ts'
import type { ExportEntry } from './record.ts'
import { aboutTerms, indexed, ownTerms, peopleIn, type Sought, termsSought, type TermsSought } from './terms.ts'

/** Times are Unix milliseconds, `until` not in it; null is any. */
export interface Wanted extends Sought {
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
/** Blocks that the index is asked for at once. */
const BLOCKS = 32
/** One answer looks for this long, and says where to go on. */
const WITHIN_MS = 1_000

interface Searched extends Pick<Store, 'ledgerIndex'> {
  readonly tree: Pick<Store['tree'], 'state' | 'read' | 'tile' | 'checkpoint'>
}

/** Leaves from `from` on, without `to`. */
interface Stretch {
  readonly from: number
  readonly to: number
}

/** Looks back from the tree's end, as people do: where the index says that it may be, and entry by entry where there is none yet. For a while, and says how far it has come. */
export class LedgerSearch {
  readonly #store: Searched
  readonly #known: Known

  constructor(store: Searched & Pick<Store, 'sessions' | 'requests' | 'grants'>) {
    this.#store = store
    this.#known = new Known(store)
  }

  async search(wanted: Wanted): Promise<FoundPage> {
    const { tree } = this.#store
    const { size } = await tree.state()
    const sought = termsSought(wanted)
    const began = performance.now()
    const found: Found[] = []
    let reached: number | null = null
    for await (const { from, to } of this.#stretches(Math.min(wanted.before ?? size, size), wanted, sought)) {
      for (const leaf of (await tree.read(from, to - from)).toReversed()) {
        const entry = readable(leaf)
        if (!entry) continue
        reached = entry.entry.at
        found.push(...(await this.#in(entry, wanted, sought)))
        if (found.length >= wanted.limit) return { found, next: leaf.index === 0 ? null : leaf.index, reached, size }
      }
      if (performance.now() - began >= WITHIN_MS) return { found, next: from === 0 ? null : from, reached, size }
    }
    return { found, next: null, reached, size }
  }

  /** Where it may be, the last first: everything that is not indexed, and of the rest the blocks that have all of what is sought. */
  async *#stretches(end: number, { from, until }: Wanted, { own, about }: TermsSought): AsyncGenerator<Stretch> {
    const { ledgerIndex } = this.#store
    const terms = [...own, ...about].map(indexed)
    const isAny = terms.length === 0 && from === null && until === null
    const start = isAny ? 0 : Math.min(end, BLOCK * (await ledgerIndex.count()))
    for (let to = end; to > start; to -= READ) yield { from: Math.max(start, to - READ), to }
    for (let below = Math.ceil(start / BLOCK); below > 0;) {
      const blocks = await ledgerIndex.find({ terms, from, until, below, limit: BLOCKS })
      for (const block of blocks) yield { from: block * BLOCK, to: Math.min(start, (block + 1) * BLOCK) }
      below = blocks.length < BLOCKS ? 0 : (blocks.at(-1) ?? 0)
    }
  }

  /** What of an entry is sought, its last event first. */
  async #in({ leaf, entry, events }: ExportEntry, { from, until }: Wanted, { own, about }: TermsSought): Promise<readonly Found[]> {
    if (entry.at < (from ?? entry.at) || entry.at >= (until ?? Infinity)) return []
    const found: Found[] = []
    for (const [at, event] of [...events.entries()].toReversed()) {
      if (!hasAll(ownTerms(event), own)) continue
      const whom = await this.#known.about(event)
      if (hasAll(aboutTerms(event, whom), about)) found.push({ leaf, entry, at, event, person: peopleIn(event, whom)[0] ?? null, resource: whom.resource })
    }
    return found
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
}

const hasAll = (terms: readonly string[], sought: readonly string[]): boolean => sought.every((term) => terms.includes(term))

const WITNESSED = /^unwitnessed (\d+) (\S+)$/

/** What the checkpoint itself says (docs/checkpoints.md). */
function witnessedIn(note: string): { readonly size: number; readonly at: number } | null {
  const { extensions } = parseCheckpoint(parseNote(note).text)
  const [, size = '', at = ''] = extensions.map((line) => WITNESSED.exec(line)).find((match) => match !== null) ?? []
  return Number.isNaN(Date.parse(at)) ? null : { size: Number(size), at: Date.parse(at) }
}
