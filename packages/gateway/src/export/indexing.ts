import { type Entry, readEntry } from '@countersign/ledger/entry'
import { LedgerError } from '@countersign/ledger/error'
import { eventsOf, type LedgerEvent } from '@countersign/ledger/group'
import { breathe } from '../ledger/breathe.ts'
import { BLOCK, type IndexedBlock } from '../store/ledger-index-store.ts'
import type { Store } from '../store/store.ts'
import { Known } from './known.ts'
import { aboutTerms, indexed, ownTerms, sourceOfTerms } from './terms.ts'

/** Blocks that one turn takes at most: the tree has its turn between them. */
const AT_ONCE = 4
/** Leaves that are looked at before the processor is left to others. */
const AT_A_STRETCH = 64
/** What fails is not tried again at once. */
const PAUSE_MS = 10_000

/** Says of each whole block of the tree what is in it, for those who look for something. Behind everything else: what is not indexed yet is read entry by entry. */
export class LedgerIndexing {
  readonly #store: Pick<Store, 'tree' | 'ledgerIndex'>
  readonly #known: Known
  #next: number | null = null
  #pausedUntil = 0

  constructor(store: Pick<Store, 'tree' | 'ledgerIndex' | 'sessions' | 'requests' | 'grants'>) {
    this.#store = store
    this.#known = new Known(store)
  }

  /** Of a tree of `size` leaves. Resolves to how many blocks it did. Rejects as the store does, which may be for one row that is not what a gateway wrote. */
  async turn(size: number): Promise<number> {
    const whole = Math.floor(size / BLOCK)
    if (this.#next === whole || performance.now() < this.#pausedUntil) return 0
    try {
      const from = (this.#next ??= await this.#store.ledgerIndex.count())
      const blocks: IndexedBlock[] = []
      for (let block = from; block < Math.min(from + AT_ONCE, whole); block++) blocks.push(await this.#block(block))
      if (blocks.length > 0) await this.#store.ledgerIndex.add(blocks)
      this.#next = from + blocks.length
      return blocks.length
    } catch (error) {
      this.#pausedUntil = performance.now() + PAUSE_MS
      throw error
    }
  }

  /** Most events of a block are like others of it, two for each statement of a session: what terms come of is looked at once. */
  async #block(block: number): Promise<IndexedBlock> {
    const terms = new Set<string>()
    const seen = new Set<string>()
    let [firstAt, lastAt] = [Number.MAX_SAFE_INTEGER, 0]
    for (const [at, { line }] of (await this.#store.tree.read(block * BLOCK, BLOCK)).entries()) {
      if (at % AT_A_STRETCH === 0) await breathe()
      const told = toldIn(line)
      if (!told) continue
      firstAt = Math.min(firstAt, told.entry.at)
      lastAt = Math.max(lastAt, told.entry.at)
      for (const event of told.events) {
        const source = sourceOfTerms(event)
        if (seen.has(source)) continue
        seen.add(source)
        for (const term of [...ownTerms(event), ...aboutTerms(event, await this.#known.about(event))]) terms.add(term)
      }
    }
    return { block, firstAt, lastAt, terms: [...terms].map(indexed) }
  }
}

/** Null for what no gateway wrote. Whoever searches looks whether the form is canonical; here it would only take time. */
function toldIn(line: string): { readonly entry: Entry; readonly events: readonly LedgerEvent[] } | null {
  try {
    const entry = readEntry(line)
    return { entry, events: eventsOf(entry) }
  } catch (error) {
    if (error instanceof LedgerError) return null
    throw error
  }
}
