import type { Database } from './database.ts'
import type { GatewayStore } from './store.ts'

export class Gateways implements GatewayStore {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  async beat(id: string, at: number): Promise<void> {
    await this.#database.write((transaction) =>
      transaction
        .insertInto('gateways')
        .values({ id, seen_at: at })
        .onConflict((conflict) => conflict.column('id').doUpdateSet({ seen_at: at }))
        .execute(),
    )
  }

  list(): Promise<readonly { readonly id: string; readonly seenAt: number }[]> {
    return this.#database.read(async (db) => {
      const rows = await db.selectFrom('gateways').selectAll().orderBy('id').execute()
      return rows.map(({ id, seen_at }) => ({ id, seenAt: seen_at }))
    })
  }
}
