import type { Grant } from '@countersign/core/grant'
import type { Transaction } from 'kysely'
import type { Changed, Database } from './database.ts'
import { insertGrant, replaceGrant } from './grants.ts'
import { insertOwed } from './owed.ts'
import { parseRow, sessionShape } from './shapes.ts'
import type { OwedRecord, SessionRecord, SessionStore } from './store.ts'
import type { SessionRow, Tables } from './tables.ts'

export class Sessions implements SessionStore {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  insert(session: SessionRecord, grant: Grant | null = null): Promise<void> {
    return this.#database.write(async (transaction, changed) => {
      await transaction.insertInto('sessions').values(sessionRow(session)).execute()
      if (grant) await insertGrant(transaction, grant, changed)
      changed({ kind: 'session', id: session.id, inserted: true })
    })
  }

  get(id: string): Promise<SessionRecord | null> {
    return this.#database.read(async (db) => {
      const row = await db.selectFrom('sessions').selectAll().where('id', '=', id).executeTakeFirst()
      return row ? sessionOf(row) : null
    })
  }

  list({ live, user, gateway, grant, before, limit }: Parameters<SessionStore['list']>[0]): Promise<readonly SessionRecord[]> {
    return this.#database.read(async (db) => {
      let query = db.selectFrom('sessions').selectAll().orderBy('started_at', 'desc').orderBy('id', 'desc')
      if (live === true) query = query.where('ended_at', 'is', null)
      if (user !== undefined) query = query.where('username', '=', user)
      if (gateway !== undefined) query = query.where('gateway', '=', gateway)
      if (grant !== undefined) query = query.where('grant_id', '=', grant)
      if (before !== undefined)
        query = query.where((of) =>
          of.or([of('started_at', '<', before.startedAt), of.and([of('started_at', '=', before.startedAt), of('id', '<', before.id)])]),
        )
      if (limit !== undefined) query = query.limit(limit)
      return (await query.execute()).map(sessionOf)
    })
  }

  save(next: SessionRecord, owed: readonly OwedRecord[] = []): Promise<boolean> {
    return this.#database.write(async (transaction, changed) => {
      if (!(await replaceSession(transaction, next, changed))) return false
      await insertOwed(transaction, owed)
      return true
    })
  }

  end(next: SessionRecord, grant: Grant | null): Promise<{ readonly session: boolean; readonly grant: boolean }> {
    return this.#database.write(async (transaction, changed) => {
      const session = await replaceSession(transaction, next, changed)
      return { session, grant: session && grant !== null && (await replaceGrant(transaction, grant, changed)) }
    })
  }
}

async function replaceSession(transaction: Transaction<Tables>, next: SessionRecord, changed: Changed): Promise<boolean> {
  const { numUpdatedRows } = await transaction
    .updateTable('sessions')
    .set(sessionRow(next))
    .where('id', '=', next.id)
    .where('version', '=', next.version - 1)
    .executeTakeFirstOrThrow()
  if (numUpdatedRows !== 1n) return false
  changed({ kind: 'session', id: next.id })
  return true
}

function sessionRow(session: SessionRecord): SessionRow {
  return { ...columnsOf(session), body: JSON.stringify(session) }
}

function sessionOf(row: SessionRow): SessionRecord {
  return parseRow('sessions', row, sessionShape, columnsOf)
}

function columnsOf(session: SessionRecord): Omit<SessionRow, 'body'> {
  return {
    id: session.id,
    version: session.version,
    gateway: session.gateway,
    username: session.principal.user,
    grant_id: session.grant,
    started_at: session.startedAt,
    ended_at: session.endedAt,
  }
}
