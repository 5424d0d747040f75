import type { Database } from './database.ts'
import type { LoginRecord, LoginStore } from './people.ts'
import { loginShape, parseRow } from './shapes.ts'
import type { LoginRow } from './tables.ts'

export class Logins implements LoginStore {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  insert(login: LoginRecord): Promise<boolean> {
    return this.#database.write(async (transaction, changed) => {
      const { numInsertedOrUpdatedRows } = await transaction
        .insertInto('logins')
        .values(loginRow(login))
        .onConflict((conflict) => conflict.column('flow').doNothing())
        .executeTakeFirstOrThrow()
      if (numInsertedOrUpdatedRows !== 1n) return false
      changed({ kind: 'login', id: login.id, inserted: true })
      return true
    })
  }

  findByHash(hash: string): Promise<LoginRecord | null> {
    return this.#find('hash', hash)
  }

  get(id: string): Promise<LoginRecord | null> {
    return this.#find('id', id)
  }

  list({ user, live }: Parameters<LoginStore['list']>[0]): Promise<readonly LoginRecord[]> {
    return this.#database.read(async (db) => {
      let query = db.selectFrom('logins').selectAll().orderBy('created_at', 'desc').orderBy('id', 'desc')
      if (user !== undefined) query = query.where('username', '=', user)
      if (live !== undefined) query = query.where('ended_at', 'is', null).where('expires_at', '>', live)
      return (await query.execute()).map(loginOf)
    })
  }

  async used(id: string, at: number): Promise<void> {
    await this.#database.write((transaction) =>
      transaction.updateTable('logins').set({ last_used_at: at }).where('id', '=', id).where('last_used_at', '<', at).execute(),
    )
  }

  async verified(id: string, at: number): Promise<void> {
    await this.#database.write(async (transaction, changed) => {
      await transaction.updateTable('logins').set({ verified_at: at }).where('id', '=', id).where('verified_at', '<', at).execute()
      changed({ kind: 'login', id })
    })
  }

  end(id: string, at: number): Promise<boolean> {
    return this.#database.write(async (transaction, changed) => {
      const { numUpdatedRows } = await transaction
        .updateTable('logins')
        .set({ ended_at: at })
        .where('id', '=', id)
        .where('ended_at', 'is', null)
        .executeTakeFirstOrThrow()
      if (numUpdatedRows !== 1n) return false
      changed({ kind: 'login', id })
      return true
    })
  }

  async forget(before: number): Promise<void> {
    await this.#database.write((transaction) =>
      transaction
        .deleteFrom('logins')
        .where((row) => row.or([row('ended_at', '<', before), row('expires_at', '<', before)]))
        .execute(),
    )
  }

  #find(column: 'id' | 'hash', value: string): Promise<LoginRecord | null> {
    return this.#database.read(async (db) => {
      const row = await db.selectFrom('logins').selectAll().where(column, '=', value).executeTakeFirst()
      return row ? loginOf(row) : null
    })
  }
}

function loginRow({ verifiedAt, lastUsedAt, endedAt, ...login }: LoginRecord): LoginRow {
  return { ...columnsOf(login), verified_at: verifiedAt, last_used_at: lastUsedAt, ended_at: endedAt, body: JSON.stringify(login) }
}

function loginOf(row: LoginRow): LoginRecord {
  const login = parseRow('logins', row, loginShape, columnsOf)
  return { ...login, verifiedAt: row.verified_at, lastUsedAt: row.last_used_at, endedAt: row.ended_at }
}

function columnsOf(login: Omit<LoginRecord, 'verifiedAt' | 'lastUsedAt' | 'endedAt'>) {
  return { id: login.id, hash: login.hash, flow: login.flow, username: login.user, created_at: login.createdAt, expires_at: login.expiresAt }
}
