import type { Transaction } from 'kysely'
import type { Database } from './database.ts'
import type { OwedRecord, OwedStore } from './owed-store.ts'
import type { Tables } from './tables.ts'

/** Parameters of one statement are limited (SQLite: 32,766). */
const ROWS_AT_ONCE = 1_000

export class OwedEntries implements OwedStore {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  of(gateway: string): Promise<readonly OwedRecord[]> {
    return this.#database.read(async (db) => {
      const rows = await db.selectFrom('owed').selectAll().where('gateway', '=', gateway).orderBy('id').execute()
      return rows.map(({ erased, ...row }) => ({ ...row, erased: erased !== 0 }))
    })
  }

  settle(ids: readonly string[]): Promise<void> {
    return this.#database.write(async (transaction) => {
      for (let from = 0; from < ids.length; from += ROWS_AT_ONCE)
        await transaction
          .deleteFrom('owed')
          .where('id', 'in', ids.slice(from, from + ROWS_AT_ONCE))
          .execute()
    })
  }
}

/** In the transaction that makes the change. */
export async function insertOwed(transaction: Transaction<Tables>, owed: readonly OwedRecord[]): Promise<void> {
  if (owed.length === 0) return
  const rows = owed.map(({ id, gateway, person, erased, sealed }) => ({ id, gateway, person, erased: erased ? 1 : 0, sealed }))
  await transaction.insertInto('owed').values(rows).execute()
}

/** His personal data in them is not to be recorded any more. */
export async function eraseOwed(transaction: Transaction<Tables>, user: string): Promise<void> {
  await transaction.updateTable('owed').set({ erased: 1 }).where('person', '=', user).execute()
}
