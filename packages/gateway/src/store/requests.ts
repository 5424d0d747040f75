import type { Grant } from '@countersign/core/grant'
import { principalId } from '@countersign/core/principal'
import { likenessOf, type Request } from '@countersign/core/request'
import { sql, type Transaction } from 'kysely'
import type { Changed, Database } from './database.ts'
import { insertGrant } from './grants.ts'
import { insertOwed } from './owed.ts'
import { insertGroups, newestOfGroups, ofGroups } from './request-groups.ts'
import { parseRow, requestShape } from './shapes.ts'
import { type OwedRecord, type RequestStore, StoreUnavailable } from './store.ts'
import type { RequestRow, Tables } from './tables.ts'

/** Each round somebody else was first: he opened the same ask, or decided the one that was found. */
const OPEN_ROUNDS = 20

export class Requests implements RequestStore {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  open(request: Request, owed: readonly OwedRecord[] = []): ReturnType<RequestStore['open']> {
    return this.#database.write(async (transaction, changed) => {
      for (let round = 0; round < OPEN_ROUNDS; round++) {
        if (await insertPending(transaction, request, changed)) {
          await insertOwed(transaction, owed)
          return { request, attached: false, isOver: false }
        }
        const pending = await findPending(transaction, request)
        if (pending !== null) return { request: pending, attached: true, isOver: request.createdAt >= pending.expiresAt }
      }
      throw new StoreUnavailable(`the ask of ${request.id} is being opened and decided by too many at once; ask again`)
    })
  }

  get(id: string): Promise<Request | null> {
    return this.#database.read(async (db) => {
      const row = await db.selectFrom('requests').selectAll().where('id', '=', id).executeTakeFirst()
      return row ? requestOf(row) : null
    })
  }

  list({
    status,
    since,
    user,
    reviewer,
    groups,
    resource,
    likeness,
    session,
    before,
    limit,
  }: Parameters<RequestStore['list']>[0]): Promise<readonly Request[]> {
    return this.#database.read(async (db) => {
      let query = db.selectFrom('requests').selectAll().orderBy('created_at', 'desc').orderBy('id', 'desc')
      if (since !== undefined) query = query.where('created_at', '>=', since)
      if (status !== undefined) query = query.where('status', '=', status)
      if (user !== undefined) query = query.where('username', '=', user)
      if (resource !== undefined) query = query.where('resource', '=', resource)
      if (likeness !== undefined) query = query.where('likeness', '=', likeness)
      if (session !== undefined) query = query.where('session', '=', session)
      if (groups !== undefined) {
        const isAll = [status, since, user, reviewer, resource, likeness, session].every((each) => each === undefined)
        query = query.where('id', 'in', isAll && limit !== undefined ? newestOfGroups(db, groups, before, limit) : ofGroups(db, groups))
      }
      if (reviewer !== undefined) query = query.where('body', 'like', mentioning(reviewer))
      if (before !== undefined)
        query = query.where((of) =>
          of.or([of('created_at', '<', before.createdAt), of.and([of('created_at', '=', before.createdAt), of('id', '<', before.id)])]),
        )
      if (limit !== undefined) query = query.limit(limit)
      const found = (await query.execute()).map(requestOf)
      return reviewer === undefined ? found : found.filter(({ reviews }) => reviews.some((review) => review.reviewer.user === reviewer))
    })
  }

  pending(): Promise<readonly string[]> {
    return this.#database.read(async (db) => {
      const rows = await db.selectFrom('requests').select('id').where('status', '=', 'pending').execute()
      return rows.map(({ id }) => id)
    })
  }

  due(now: number): Promise<readonly Request[]> {
    return this.#database.read(async (db) => {
      const rows = await db.selectFrom('requests').selectAll().where('status', '=', 'pending').where('expires_at', '<=', now).orderBy('expires_at').execute()
      return rows.map(requestOf)
    })
  }

  save(next: Request, grant: Grant | null = null, owed: readonly OwedRecord[] = []): Promise<boolean> {
    return this.#database.write(async (transaction, changed) => {
      if (!(await replace(transaction, next, changed))) return false
      if (grant) await insertGrant(transaction, grant, changed)
      await insertOwed(transaction, owed)
      return true
    })
  }
}

/** Finds every body with this user in it, and some others: `_` is any character, and neither database then takes one of the name's for more than itself. */
const mentioning = (user: string) => `%"user":${JSON.stringify(user).replaceAll(/[\\%_]/g, '_')}%`

/** False when the same ask is pending already; the partial index `requests_pending` decides among racing gateways. */
async function insertPending(transaction: Transaction<Tables>, request: Request, changed: Changed): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await transaction
    .insertInto('requests')
    .values(requestRow(request))
    // The literal, not a parameter: PostgreSQL must see at planning that the index applies.
    .onConflict((conflict) => conflict.columns(['requester', 'resource', 'digest']).where('status', '=', sql.lit('pending')).doNothing())
    .executeTakeFirstOrThrow()
  if (numInsertedOrUpdatedRows !== 1n) return false
  await insertGroups(transaction, request)
  changed({ kind: 'request', id: request.id, inserted: true })
  return true
}

async function findPending(transaction: Transaction<Tables>, { requester, resource, ask }: Request): Promise<Request | null> {
  const row = await transaction
    .selectFrom('requests')
    .selectAll()
    .where('requester', '=', principalId(requester))
    .where('resource', '=', resource)
    .where('digest', '=', ask.digest)
    .where('status', '=', 'pending')
    .executeTakeFirst()
  return row ? requestOf(row) : null
}

async function replace(transaction: Transaction<Tables>, next: Request, changed: Changed): Promise<boolean> {
  const { numUpdatedRows } = await transaction
    .updateTable('requests')
    .set(requestRow(next))
    .where('id', '=', next.id)
    .where('version', '=', next.version - 1)
    .executeTakeFirstOrThrow()
  if (numUpdatedRows !== 1n) return false
  changed({ kind: 'request', id: next.id })
  return true
}

function requestRow(request: Request): RequestRow {
  return { ...columnsOf(request), body: JSON.stringify(request) }
}

function requestOf(row: RequestRow): Request {
  return parseRow('requests', row, requestShape, columnsOf)
}

function columnsOf(request: Request): Omit<RequestRow, 'body'> {
  return {
    id: request.id,
    version: request.version,
    requester: principalId(request.requester),
    username: request.requester.user,
    resource: request.resource,
    digest: request.ask.digest,
    likeness: likenessOf(request.ask),
    session: request.session,
    status: request.status,
    created_at: request.createdAt,
    expires_at: request.expiresAt,
  }
}
