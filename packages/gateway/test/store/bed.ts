import { afterEach, beforeEach } from 'vitest'
import type { OpenLedger, OpenTree } from '../../src/store/open.ts'
import type { Store } from '../../src/store/store.ts'

/** A database of one test's own. */
export interface Bed {
  /** Another gateway's store on the same database. */
  open(): Promise<Store>
  /** The ledger of a store that is open, as the thread that drains a journal has it. */
  openLedger(): OpenLedger
  /** The ledger and its tree, as the sequencer's thread has them. */
  openTree(): OpenTree
  /** What somebody does to the database behind the gateways' back; tables are qualified by `schema`. */
  sql(text: string): Promise<void>
  readonly schema: string
  remove(): Promise<void>
}

/** Two gateways, `here` and `there`, on a new database for each test. */
export interface Pair {
  readonly bed: Bed
  readonly here: Store
  readonly there: Store
}

export function pairs(makeBed: () => Promise<Bed>): () => Pair {
  let pair: Pair | null = null
  beforeEach(async () => {
    const bed = await makeBed()
    pair = { bed, here: await bed.open(), there: await bed.open() }
  })
  afterEach(async () => {
    await Promise.all([pair?.here.close(), pair?.there.close()])
    await pair?.bed.remove()
  })
  return () => {
    if (!pair) throw new Error('there is a pair only while a test runs')
    return pair
  }
}
