import type { Transaction } from 'kysely'
import type { Database } from './database.ts'
import { deviceOf } from './devices.ts'
import { insertOwed } from './owed.ts'
import { parseRow, tokenShape } from './shapes.ts'
import type { OwedRecord, TokenRecord, TokenStore } from './store.ts'
import type { Tables, TokenRow } from './tables.ts'

export class Tokens implements TokenStore {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  insert(token: TokenRecord): Promise<void> {
    return this.#database.write(async (transaction, changed) => {
      await transaction.insertInto('tokens').values(tokenRow(token)).execute()
      changed({ kind: 'token', id: token.id, inserted: true })
    })
  }

  findByHash(hash: string): Promise<TokenRecord | null> {
    return this.#find('hash', hash)
  }

  get(id: string): Promise<TokenRecord | null> {
    return this.#find('id', id)
  }

  /** Newest first. */
  list({ user, live }: Parameters<TokenStore['list']>[0]): Promise<readonly TokenRecord[]> {
    return this.#database.read(async (db) => {
      let query = db.selectFrom('tokens').selectAll().orderBy('created_at', 'desc').orderBy('id', 'desc')
      if (user !== undefined) query = query.where('username', '=', user)
      if (live === true) query = query.where('revoked_at', 'is', null)
      return (await query.execute()).map(tokenOf)
    })
  }

  revoke(id: string, at: number, owed: readonly OwedRecord[] = []): Promise<boolean> {
    return this.#database.write(async (transaction, changed) => {
      const { numUpdatedRows } = await transaction
        .updateTable('tokens')
        .set({ revoked_at: at })
        .where('id', '=', id)
        .where('revoked_at', 'is', null)
        .executeTakeFirstOrThrow()
      if (numUpdatedRows !== 1n) return false
      await insertOwed(transaction, owed)
      changed({ kind: 'token', id })
      return true
    })
  }

  revokeAll(user: string, at: number): Promise<readonly string[]> {
    return this.#database.write(async (transaction, changed) => {
      const live = transaction.updateTable('tokens').set({ revoked_at: at }).where('username', '=', user).where('revoked_at', 'is', null)
      const revoked = await live.returning('id').execute()
      for (const { id } of revoked) changed({ kind: 'token', id })
      await takeBackConfirmed(transaction, user)
      return revoked.map(({ id }) => id)
    })
  }

  used(id: string, at: number, before: number): Promise<void> {
    return this.#database.write(async (transaction) => {
      await transaction
        .updateTable('tokens')
        .set({ last_used_at: at })
        .where('id', '=', id)
        .where((row) => row.or([row('last_used_at', 'is', null), row('last_used_at', '<=', before)]))
        .execute()
    })
  }

  #find(column: 'id' | 'hash', value: string): Promise<TokenRecord | null> {
    return this.#database.read(async (db) => {
      const row = await db.selectFrom('tokens').selectAll().where(column, '=', value).executeTakeFirst()
      return row ? tokenOf(row) : null
    })
  }
}

/** Command lines that he has confirmed, and that have not fetched their tokens. */
async function takeBackConfirmed(transaction: Transaction<Tables>, user: string): Promise<void> {
  const devices = (await transaction.selectFrom('devices').selectAll().execute()).map(deviceOf)
  for (const { id } of devices.filter(({ state, by }) => state === 'confirmed' && by?.user === user))
    await transaction.deleteFrom('devices').where('id', '=', id).execute()
}

export function tokenRow({ revokedAt, lastUsedAt, ...token }: TokenRecord): TokenRow {
  return { ...columnsOf(token), revoked_at: revokedAt, last_used_at: lastUsedAt, body: JSON.stringify(token) }
}

export function tokenOf(row: TokenRow): TokenRecord {
  return { ...parseRow('tokens', row, tokenShape, columnsOf), revokedAt: row.revoked_at, lastUsedAt: row.last_used_at }
}

function columnsOf(token: Omit<TokenRecord, 'revokedAt' | 'lastUsedAt'>): Omit<TokenRow, 'body' | 'revoked_at' | 'last_used_at'> {
  return { id: token.id, hash: token.hash, username: token.user, created_at: token.createdAt }
}
