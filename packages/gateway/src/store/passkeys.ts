import type { Database } from './database.ts'
import type { ChallengeRecord, ChallengeStore, InviteRecord, InviteStore, PasskeyRecord, PasskeyStore } from './passkey-store.ts'
import { inviteShape, parseRow, passkeyShape } from './shapes.ts'
import type { InviteRow, PasskeyRow } from './tables.ts'

export class Passkeys implements PasskeyStore {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  insert(passkey: PasskeyRecord): Promise<boolean> {
    return this.#database.write(async (transaction, changed) => {
      const { numInsertedOrUpdatedRows } = await transaction
        .insertInto('passkeys')
        .values(passkeyRow(passkey))
        .onConflict((conflict) => conflict.column('credential').doNothing())
        .executeTakeFirstOrThrow()
      if (numInsertedOrUpdatedRows !== 1n) return false
      changed({ kind: 'passkey', id: passkey.id, inserted: true })
      return true
    })
  }

  get(id: string): Promise<PasskeyRecord | null> {
    return this.#find('id', id)
  }

  findByCredential(credential: string): Promise<PasskeyRecord | null> {
    return this.#find('credential', credential)
  }

  list({ user, status }: Parameters<PasskeyStore['list']>[0]): Promise<readonly PasskeyRecord[]> {
    return this.#database.read(async (db) => {
      let query = db.selectFrom('passkeys').selectAll().orderBy('created_at', 'desc').orderBy('id', 'desc')
      if (user !== undefined) query = query.where('username', '=', user)
      if (status !== undefined) query = query.where('status', '=', status)
      return (await query.execute()).map(passkeyOf)
    })
  }

  save(next: PasskeyRecord): Promise<boolean> {
    return this.#database.write(async (transaction, changed) => {
      const { numUpdatedRows } = await transaction
        .updateTable('passkeys')
        .set(passkeyRow(next))
        .where('id', '=', next.id)
        .where('version', '=', next.version - 1)
        .executeTakeFirstOrThrow()
      if (numUpdatedRows !== 1n) return false
      changed({ kind: 'passkey', id: next.id })
      return true
    })
  }

  #find(column: 'id' | 'credential', value: string): Promise<PasskeyRecord | null> {
    return this.#database.read(async (db) => {
      const row = await db.selectFrom('passkeys').selectAll().where(column, '=', value).executeTakeFirst()
      return row ? passkeyOf(row) : null
    })
  }
}

export class Invites implements InviteStore {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  async insert(invite: InviteRecord): Promise<void> {
    await this.#database.write((transaction) => transaction.insertInto('invites').values(inviteRow(invite)).execute())
  }

  findByHash(hash: string): Promise<InviteRecord | null> {
    return this.#find('hash', hash)
  }

  get(id: string): Promise<InviteRecord | null> {
    return this.#find('id', id)
  }

  list(): Promise<readonly InviteRecord[]> {
    return this.#database.read(async (db) => {
      const rows = await db.selectFrom('invites').selectAll().orderBy('created_at', 'desc').orderBy('id', 'desc').execute()
      return rows.map(inviteOf)
    })
  }

  save(next: InviteRecord): Promise<boolean> {
    return this.#database.write(async (transaction) => {
      const { numUpdatedRows } = await transaction
        .updateTable('invites')
        .set(inviteRow(next))
        .where('id', '=', next.id)
        .where('version', '=', next.version - 1)
        .executeTakeFirstOrThrow()
      return numUpdatedRows === 1n
    })
  }

  /** When one was used or taken back is in its body alone. */
  forget(before: number): Promise<void> {
    return this.#database.write(async (transaction) => {
      const old = await transaction.selectFrom('invites').selectAll().where('created_at', '<', before).execute()
      for (const invite of old.map(inviteOf)) {
        if (overAt(invite) >= before) continue
        await transaction.deleteFrom('invites').where('id', '=', invite.id).where('version', '=', invite.version).execute()
      }
    })
  }

  #find(column: 'id' | 'hash', value: string): Promise<InviteRecord | null> {
    return this.#database.read(async (db) => {
      const row = await db.selectFrom('invites').selectAll().where(column, '=', value).executeTakeFirst()
      return row ? inviteOf(row) : null
    })
  }
}

export class Challenges implements ChallengeStore {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  key(fresh: string): Promise<string> {
    return this.#database.write(async (transaction) => {
      await transaction
        .insertInto('challenge_keys')
        .values({ id: 1, key: fresh })
        .onConflict((conflict) => conflict.column('id').doNothing())
        .execute()
      return (await transaction.selectFrom('challenge_keys').select('key').where('id', '=', 1).executeTakeFirstOrThrow()).key
    })
  }

  spend({ hash, expiresAt }: ChallengeRecord): Promise<boolean> {
    return this.#database.write(async (transaction) => {
      const { numInsertedOrUpdatedRows } = await transaction
        .insertInto('challenges')
        .values({ hash, expires_at: expiresAt })
        .onConflict((conflict) => conflict.column('hash').doNothing())
        .executeTakeFirstOrThrow()
      return numInsertedOrUpdatedRows === 1n
    })
  }

  async forget(before: number): Promise<void> {
    await this.#database.write((transaction) => transaction.deleteFrom('challenges').where('expires_at', '<', before).execute())
  }
}

export function passkeyRow(passkey: PasskeyRecord): PasskeyRow {
  return { ...passkeyColumns(passkey), body: JSON.stringify(passkey) }
}

export function passkeyOf(row: PasskeyRow): PasskeyRecord {
  return parseRow('passkeys', row, passkeyShape, passkeyColumns)
}

function passkeyColumns({ id, version, credential, user, status, createdAt }: PasskeyRecord): Omit<PasskeyRow, 'body'> {
  return { id, version, credential, username: user, status, created_at: createdAt }
}

const overAt = ({ usedAt, revokedAt, expiresAt }: InviteRecord) => Math.min(usedAt ?? Infinity, revokedAt ?? Infinity, expiresAt)

function inviteRow(invite: InviteRecord): InviteRow {
  return { ...inviteColumns(invite), body: JSON.stringify(invite) }
}

export function inviteOf(row: InviteRow): InviteRecord {
  return parseRow('invites', row, inviteShape, inviteColumns)
}

function inviteColumns({ id, version, hash, createdAt }: InviteRecord): Omit<InviteRow, 'body'> {
  return { id, version, hash, created_at: createdAt }
}
