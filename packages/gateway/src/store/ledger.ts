import type { Database } from './database.ts'
import type { RunRecord } from './run-store.ts'
import { runningOf, tellRuns } from './runs.ts'
import type { LedgerStore, StoredEntry, StoredHead } from './store.ts'

/** Three parameters an entry: far below what one statement of either database takes. */
const BATCH = 1_000

export class Ledger implements LedgerStore {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  append(entries: readonly StoredEntry[], head?: StoredHead | null, runs: readonly RunRecord[] = []): Promise<void> {
    return this.#database.write(async (transaction) => {
      for (let start = 0; start < entries.length; start += BATCH) {
        await transaction
          .insertInto('ledger')
          .values(entries.slice(start, start + BATCH).map(({ gateway, seq, line }) => ({ gateway, seq, line })))
          .onConflict((conflict) => conflict.columns(['gateway', 'seq']).doNothing())
          .execute()
      }
      await tellRuns(transaction, runs)
      if (!head) return
      const { gateway, seq, ...signed } = head
      await transaction
        .insertInto('ledger_heads')
        .values({ gateway, seq, ...signed })
        .onConflict((conflict) => conflict.columns(['gateway', 'seq']).doUpdateSet(signed))
        .execute()
    })
  }

  read(gateway: string, from: number, limit: number): Promise<readonly StoredEntry[]> {
    return this.#database.read((db) =>
      db.selectFrom('ledger').selectAll().where('gateway', '=', gateway).where('seq', '>=', from).orderBy('seq').limit(limit).execute(),
    )
  }

  heads(): Promise<readonly { readonly gateway: string; readonly seq: number }[]> {
    return this.#database.read((db) =>
      lastOfEach((after) => {
        const next = db
          .selectFrom('ledger')
          .select(({ fn }) => fn.min('gateway').as('gateway'))
          .where('gateway', '>', after)
        return db.selectFrom('ledger').select(['gateway', 'seq']).where('gateway', '=', next).orderBy('seq', 'desc').limit(1).executeTakeFirst()
      }),
    )
  }

  running(gateway: string): Promise<readonly RunRecord[]> {
    return this.#database.read((db) => runningOf(db, gateway))
  }

  signedHeads(gateway: string, from: number, limit: number): Promise<readonly StoredHead[]> {
    return this.#database.read((db) =>
      db.selectFrom('ledger_heads').selectAll().where('gateway', '=', gateway).where('seq', '>=', from).orderBy('seq').limit(limit).execute(),
    )
  }
}

/**
 * The last row of each gateway, in the order of their names, by two looks at an index for each of them. `group by` would read the
 * whole index, in SQLite and in PostgreSQL: of a table of millions, each time somebody asks how far it is.
 */
export async function lastOfEach<R extends { readonly gateway: string }>(lastOfNext: (after: string) => Promise<R | undefined>): Promise<readonly R[]> {
  const rows: R[] = []
  for (let row = await lastOfNext(''); row; row = await lastOfNext(row.gateway)) rows.push(row)
  return rows
}
