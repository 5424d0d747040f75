import type { Database } from './database.ts'
import type { GatewayRecord, GatewayStore } from './store.ts'

export class Gateways implements GatewayStore {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  async beat(id: string, at: number, url: string | null): Promise<void> {
    await this.#database.write((transaction) =>
      transaction
        .insertInto('gateways')
        .values({ id, seen_at: at, url })
        .onConflict((conflict) => conflict.column('id').doUpdateSet({ seen_at: at, url }))
        .execute(),
    )
  }

  list(): Promise<readonly GatewayRecord[]> {
    return this.#database.read(async (db) => {
      const rows = await db.selectFrom('gateways').selectAll().orderBy('id').execute()
      return rows.map(({ id, seen_at, url }) => ({ id, seenAt: seen_at, url }))
    })
  }
}
