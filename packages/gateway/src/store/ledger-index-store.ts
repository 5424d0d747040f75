/** Leaves in a block: block `n` has those from `n * BLOCK` on. */
export const BLOCK = 256

/** What the leaves of a block can be found by. Times are Unix milliseconds, of its earliest and its latest entry. */
export interface IndexedBlock {
  readonly block: number
  readonly firstAt: number
  readonly lastAt: number
  /** In whatever form: they are compared, and no more. */
  readonly terms: readonly string[]
}

/** Blocks that may have what is looked for: all of the terms, and something of that time. Null is any; `until` is not in it. */
export interface BlockQuery {
  readonly terms: readonly string[]
  readonly from: number | null
  readonly until: number | null
  /** Blocks before this one, `limit` at most. */
  readonly below: number
  readonly limit: number
}

/**
 * Where to look for something in the ledger: it can be made again from the entries, and proves nothing. Whoever may write to the database can hide
 * something from those who look by it, and from nobody who reads the entries. Tables `ledger_blocks`, `ledger_terms`.
 */
export interface LedgerIndexStore {
  /** How many blocks are there; they are the first ones of the tree. */
  count(): Promise<number>
  /** The blocks that come next, in order. Of one that is there already nothing changes. */
  add(blocks: readonly IndexedBlock[]): Promise<void>
  /** The last ones first. */
  find(query: BlockQuery): Promise<readonly number[]>
}
