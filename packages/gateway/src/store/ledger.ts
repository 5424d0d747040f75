import type { Database } from './database.ts'
import type { LedgerStore, StoredEntry } from './store.ts'

/** Three parameters an entry: far below what one statement of either database takes. */
const BATCH = 1_000

export class Ledger implements LedgerStore {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  append(entries: readonly StoredEntry[]): Promise<void> {
    return this.#database.write(async (transaction) => {
      for (let start = 0; start < entries.length; start += BATCH) {
        await transaction
          .insertInto('ledger')
          .values(entries.slice(start, start + BATCH).map(({ gateway, seq, line }) => ({ gateway, seq, line })))
          .onConflict((conflict) => conflict.columns(['gateway', 'seq']).doNothing())
          .execute()
      }
    })
  }

  read(gateway: string, from: number, limit: number): Promise<readonly StoredEntry[]> {
    return this.#database.read((db) =>
      db.selectFrom('ledger').selectAll().where('gateway', '=', gateway).where('seq', '>=', from).orderBy('seq').limit(limit).execute(),
    )
  }

  heads(): Promise<readonly { readonly gateway: string; readonly seq: number }[]> {
    return this.#database.read((db) =>
      db
        .selectFrom('ledger')
        .select(({ fn }) => ['gateway', fn.max('seq').as('seq')])
        .groupBy('gateway')
        .orderBy('gateway')
        .execute(),
    )
  }
}
