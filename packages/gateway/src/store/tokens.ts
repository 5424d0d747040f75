import type { Database } from './database.ts'
import { parseRow, tokenShape } from './shapes.ts'
import type { TokenRecord, TokenStore } from './store.ts'
import type { TokenRow } from './tables.ts'

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

  revoke(id: string, at: number): Promise<boolean> {
    return this.#database.write(async (transaction, changed) => {
      const { numUpdatedRows } = await transaction
        .updateTable('tokens')
        .set({ revoked_at: at })
        .where('id', '=', id)
        .where('revoked_at', 'is', null)
        .executeTakeFirstOrThrow()
      if (numUpdatedRows !== 1n) return false
      changed({ kind: 'token', id })
      return true
    })
  }

  #find(column: 'id' | 'hash', value: string): Promise<TokenRecord | null> {
    return this.#database.read(async (db) => {
      const row = await db.selectFrom('tokens').selectAll().where(column, '=', value).executeTakeFirst()
      return row ? tokenOf(row) : null
    })
  }
}

function tokenRow({ revokedAt, ...token }: TokenRecord): TokenRow {
  return { ...columnsOf(token), revoked_at: revokedAt, body: JSON.stringify(token) }
}

function tokenOf(row: TokenRow): TokenRecord {
  return { ...parseRow('tokens', row, tokenShape, columnsOf), revokedAt: row.revoked_at }
}

function columnsOf(token: Omit<TokenRecord, 'revokedAt'>): Omit<TokenRow, 'body' | 'revoked_at'> {
  return { id: token.id, hash: token.hash, username: token.user, created_at: token.createdAt }
}
