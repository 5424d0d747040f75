import type { Database } from './database.ts'
import { erasePerson } from './erasing.ts'
import type { Erasure, ErasureRecord, ErasureStore } from './store.ts'

export class Erasures implements ErasureStore {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  async insert({ id, user, by, at }: ErasureRecord): Promise<void> {
    await this.#database.write(async (transaction, changed) => {
      await transaction.insertInto('erasures').values({ id, username: user, asked_by: by, at }).execute()
      changed({ kind: 'erasure', id })
    })
  }

  list(): Promise<readonly Erasure[]> {
    return this.#database.read(async (db) => {
      const rows = await db.selectFrom('erasures').selectAll().orderBy('at', 'desc').orderBy('id', 'desc').execute()
      const done = Map.groupBy(await db.selectFrom('erasures_done').selectAll().orderBy('at').orderBy('gateway').execute(), ({ erasure }) => erasure)
      return rows.map(({ id, username, asked_by, at }) => ({
        id,
        user: username,
        by: asked_by,
        at,
        done: (done.get(id) ?? []).map(({ gateway, at: when }) => ({ gateway, at: when })),
      }))
    })
  }

  erasePerson(user: string, before: number): Promise<void> {
    return this.#database.write((transaction, changed) => erasePerson(transaction, changed, user, before))
  }

  async done(id: string, gateway: string, at: number): Promise<void> {
    await this.#database.write(async (transaction, changed) => {
      await transaction
        .insertInto('erasures_done')
        .values({ erasure: id, gateway, at })
        .onConflict((conflict) => conflict.columns(['erasure', 'gateway']).doNothing())
        .execute()
      changed({ kind: 'erasure', id })
    })
  }
}
