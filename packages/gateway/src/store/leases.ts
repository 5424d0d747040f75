import type { Database } from './database.ts'
import { leaseShape, parseRow } from './shapes.ts'
import type { LeaseRecord, LeaseStore } from './store.ts'
import type { LeaseRow } from './tables.ts'

export class Leases implements LeaseStore {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  async insert(lease: LeaseRecord): Promise<void> {
    await this.#database.write((transaction) => transaction.insertInto('leases').values(leaseRow(lease)).execute())
  }

  get(id: string): Promise<LeaseRecord | null> {
    return this.#database.read(async (db) => {
      const row = await db.selectFrom('leases').selectAll().where('id', '=', id).executeTakeFirst()
      return row ? leaseOf(row) : null
    })
  }

  list({ open, gateway, limit }: Parameters<LeaseStore['list']>[0]): Promise<readonly LeaseRecord[]> {
    return this.#database.read(async (db) => {
      let query = db.selectFrom('leases').selectAll().orderBy('created_at', 'desc').orderBy('id', 'desc')
      if (open === true) query = query.where('removed_at', 'is', null)
      if (gateway !== undefined) query = query.where('gateway', '=', gateway)
      if (limit !== undefined) query = query.limit(limit)
      return (await query.execute()).map(leaseOf)
    })
  }

  save(next: LeaseRecord): Promise<boolean> {
    return this.#database.write(async (transaction) => {
      const { numUpdatedRows } = await transaction
        .updateTable('leases')
        .set(leaseRow(next))
        .where('id', '=', next.id)
        .where('version', '=', next.version - 1)
        .executeTakeFirstOrThrow()
      return numUpdatedRows === 1n
    })
  }
}

function leaseRow(lease: LeaseRecord): LeaseRow {
  return { ...columnsOf(lease), body: JSON.stringify(lease) }
}

function leaseOf(row: LeaseRow): LeaseRecord {
  return parseRow('leases', row, leaseShape, columnsOf)
}

function columnsOf(lease: LeaseRecord): Omit<LeaseRow, 'body'> {
  return { id: lease.id, version: lease.version, gateway: lease.gateway, created_at: lease.createdAt, removed_at: lease.removedAt }
}
