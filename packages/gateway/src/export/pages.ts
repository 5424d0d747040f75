import { LedgerError } from '@countersign/ledger/error'
import type { ExportConfig } from '../config/config.ts'
import type { Leaf, Store } from '../store/store.ts'
import { fewAtATime } from './few-at-a-time.ts'
import { jsonl } from './jsonl.ts'
import { Known } from './known.ts'
import { Ocsf } from './ocsf/ocsf.ts'
import { NO_KEYS, openLeaf } from './opening.ts'
import type { ExportEntry, Format } from './record.ts'

/** Of the leaves from `index` on, `limit` at most, those whose time is in the period. Times are Unix milliseconds, `until` not in it; null is open. */
export interface PageQuery {
  readonly format: ExportConfig['format']
  readonly index: number
  readonly limit: number
  readonly from: number | null
  readonly until: number | null
}

/** `next` is where the next page begins, and `size` how many leaves there are now. `missing` counts leaves that cannot be read. */
export interface Page {
  readonly records: readonly string[]
  readonly next: number
  readonly size: number
  readonly missing: number
}

/** The tree in one of the formats, page by page, for who asks. No text is opened: whoever may ask need not have the gateway's keys. */
export class Pages {
  readonly #store: Pick<Store, 'tree'>
  readonly #formats: Readonly<Record<ExportConfig['format'], Format>>

  constructor(store: Pick<Store, 'tree' | 'sessions' | 'requests' | 'grants'>, version: string) {
    this.#store = store
    this.#formats = { jsonl, ocsf: new Ocsf(new Known(store), version) }
  }

  async read({ format, index, limit, from, until }: PageQuery): Promise<Page> {
    const { size } = await this.#store.tree.state()
    const next = Math.max(index, Math.min(index + limit, size))
    const leaves = await this.#store.tree.read(index, next - index)
    const records: string[] = []
    let missing = next - index - leaves.length
    for await (const leaf of fewAtATime(leaves)) {
      const entry = readable(leaf)
      if (!entry) missing += 1
      else if (isWithin(entry.entry.at, from, until)) records.push(...(await this.#formats[format].records(entry)).map(({ text }) => text))
    }
    return { records, next, size, missing }
  }
}

const isWithin = (at: number, from: number | null, until: number | null): boolean => at >= (from ?? at) && at < (until ?? Infinity)

/** Null for what no gateway wrote. */
export function readable(leaf: Leaf): ExportEntry | null {
  try {
    return openLeaf(leaf, NO_KEYS)
  } catch (error) {
    if (error instanceof LedgerError) return null
    throw error
  }
}
