import type { Grant } from '@countersign/core/grant'
import type { Transaction } from 'kysely'
import type { Changed, Database } from './database.ts'
import { insertOwed } from './owed.ts'
import { ofGroups } from './request-groups.ts'
import { grantShape, parseRow } from './shapes.ts'
import { type GrantStore, type OwedRecord, StoreUnavailable } from './store.ts'
import type { GrantRow, Tables } from './tables.ts'

/** Thrown in a transaction, so that nothing of it is left. */
class LostRace extends Error {}

const byId = (one: Grant, other: Grant) => (one.id < other.id ? -1 : 1)

export class Grants implements GrantStore {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  insert(grant: Grant): Promise<void> {
    return this.#database.write((transaction, changed) => insertGrant(transaction, grant, changed))
  }

  get(id: string): Promise<Grant | null> {
    return this.#database.read(async (db) => {
      const row = await db.selectFrom('grants').selectAll().where('id', '=', id).executeTakeFirst()
      return row ? grantOf(row) : null
    })
  }

  list({ user, agent, resource, groups, asked, live, before, limit }: Parameters<GrantStore['list']>[0]): Promise<readonly Grant[]> {
    return this.#database.read(async (db) => {
      let query = db.selectFrom('grants').selectAll().orderBy('starts_at', 'desc').orderBy('id', 'desc')
      if (user !== undefined) query = query.where('username', '=', user)
      if (agent !== undefined) query = agent === null ? query.where('agent', 'is', null) : query.where('agent', '=', agent)
      if (resource !== undefined) query = query.where('resource', '=', resource)
      if (groups !== undefined) query = query.where('request', 'in', ofGroups(db, groups))
      if (asked === true) query = query.where('session', 'is', null)
      if (live === true) query = query.where('status', '=', 'active')
      if (before !== undefined)
        query = query.where((of) => of.or([of('starts_at', '<', before.startsAt), of.and([of('starts_at', '=', before.startsAt), of('id', '<', before.id)])]))
      if (limit !== undefined) query = query.limit(limit)
      return (await query.execute()).map(grantOf)
    })
  }

  due(now: number): Promise<readonly Grant[]> {
    return this.#database.read(async (db) => {
      const rows = await db.selectFrom('grants').selectAll().where('status', '=', 'active').where('ends_at', '<=', now).orderBy('ends_at').execute()
      return rows.map(grantOf)
    })
  }

  save(next: Grant, owed: readonly OwedRecord[] = []): Promise<boolean> {
    return this.saveAll([next], owed)
  }

  async saveAll(next: readonly Grant[], owed: readonly OwedRecord[] = []): Promise<boolean> {
    try {
      await this.#database.write(async (transaction, changed) => {
        // In one order everywhere, so that two of them do not wait for each other.
        for (const grant of next.toSorted(byId)) if (!(await replaceGrant(transaction, grant, changed))) throw new LostRace(`${grant.id} was changed meanwhile`)
        await insertOwed(transaction, owed)
      })
      return true
    } catch (error) {
      if (error instanceof StoreUnavailable && error.cause instanceof LostRace) return false
      throw error
    }
  }
}

export async function insertGrant(transaction: Transaction<Tables>, grant: Grant, changed: Changed): Promise<void> {
  await transaction.insertInto('grants').values(grantRow(grant)).execute()
  changed({ kind: 'grant', id: grant.id, inserted: true })
}

/** False when somebody else was first: nothing has changed then. */
export async function replaceGrant(transaction: Transaction<Tables>, next: Grant, changed: Changed): Promise<boolean> {
  const { numUpdatedRows } = await transaction
    .updateTable('grants')
    .set(grantRow(next))
    .where('id', '=', next.id)
    .where('version', '=', next.version - 1)
    .executeTakeFirstOrThrow()
  if (numUpdatedRows !== 1n) return false
  changed({ kind: 'grant', id: next.id })
  return true
}

function grantRow(grant: Grant): GrantRow {
  return { ...columnsOf(grant), body: JSON.stringify(grant) }
}

function grantOf(row: GrantRow): Grant {
  return parseRow('grants', row, grantShape, columnsOf)
}

function columnsOf(grant: Grant): Omit<GrantRow, 'body'> {
  return {
    id: grant.id,
    version: grant.version,
    username: grant.subject.user,
    agent: grant.subject.agent,
    resource: grant.resource,
    request: grant.request,
    session: grant.session,
    status: grant.status,
    starts_at: grant.startsAt,
    ends_at: grant.endsAt,
  }
}
