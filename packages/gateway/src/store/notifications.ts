import { createHash } from 'node:crypto'
import type { NotificationChoices } from '@countersign/core/notification'
import type { Transaction } from 'kysely'
import type { Database } from './database.ts'
import type { DeliveryRecord, NotificationStore, PushSubscriptionRecord } from './notification-store.ts'
import { choicesShape, deliveryShape, subscriptionShape } from './notification-shapes.ts'
import { parseRow } from './shapes.ts'
import type { DeliveryRow, PushSubscriptionRow, Tables } from './tables.ts'

/** Parameters of one statement are limited (SQLite: 32,766). */
const ROWS_AT_ONCE = 500
/** One transaction for each would cost a flood a wait for the disk each time; one for all would keep others waiting. */
const SAVED_AT_ONCE = 100

export class Notifications implements NotificationStore {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  choices(user: string): Promise<NotificationChoices | null> {
    return this.#database.read(async (db) => {
      const row = await db.selectFrom('notification_choices').selectAll().where('username', '=', user).executeTakeFirst()
      return row ? parseRow('notification_choices', { id: row.username, body: row.body }, choicesShape, () => ({})) : null
    })
  }

  async choose(username: string, choices: NotificationChoices): Promise<void> {
    const body = JSON.stringify(choices)
    await this.#database.write((transaction) =>
      transaction
        .insertInto('notification_choices')
        .values({ username, body })
        .onConflict((conflict) => conflict.column('username').doUpdateSet({ body }))
        .execute(),
    )
  }

  subscriptions(user: string): Promise<readonly PushSubscriptionRecord[]> {
    return this.#database.read(async (db) => {
      const rows = await db.selectFrom('push_subscriptions').selectAll().where('username', '=', user).orderBy('created_at').orderBy('id').execute()
      return rows.map(subscriptionOf)
    })
  }

  subscribe(subscription: PushSubscriptionRecord): Promise<PushSubscriptionRecord> {
    return this.#database.write(async (transaction) => {
      const { endpoint } = subscriptionColumns(subscription)
      const there = await transaction.selectFrom('push_subscriptions').selectAll().where('endpoint', '=', endpoint).executeTakeFirst()
      const before = there && subscriptionOf(there)
      const next = before?.user === subscription.user ? { ...subscription, id: before.id, createdAt: before.createdAt } : subscription
      const row = { ...subscriptionColumns(next), body: JSON.stringify(next) }
      await transaction
        .insertInto('push_subscriptions')
        .values(row)
        .onConflict((conflict) => conflict.column('endpoint').doUpdateSet(row))
        .execute()
      return next
    })
  }

  unsubscribe(id: string, user: string): Promise<PushSubscriptionRecord | null> {
    return this.#database.write(async (transaction) => {
      const removed = transaction.deleteFrom('push_subscriptions').where('id', '=', id).where('username', '=', user).returningAll()
      const row = await removed.executeTakeFirst()
      return row ? subscriptionOf(row) : null
    })
  }

  pushKey(fresh: string): Promise<string> {
    return this.#database.write(async (transaction) => {
      await transaction
        .insertInto('push_keys')
        .values({ id: 1, key: fresh })
        .onConflict((conflict) => conflict.column('id').doNothing())
        .execute()
      return (await transaction.selectFrom('push_keys').select('key').where('id', '=', 1).executeTakeFirstOrThrow()).key
    })
  }

  /** In one order, so that two gateways that plan the same wait for each other and not in a circle. */
  async plan(deliveries: readonly DeliveryRecord[]): Promise<void> {
    const rows = deliveries.map(deliveryRow).sort(byId)
    for (let from = 0; from < rows.length; from += ROWS_AT_ONCE) {
      await this.#database.write((transaction) =>
        transaction
          .insertInto('deliveries')
          .values(rows.slice(from, from + ROWS_AT_ONCE))
          .onConflict((conflict) => conflict.column('id').doNothing())
          .execute(),
      )
    }
  }

  due(now: number, limit: number): Promise<readonly DeliveryRecord[]> {
    return this.#database.read(async (db) => {
      const rows = await db.selectFrom('deliveries').selectAll().where('due_at', '<=', now).orderBy('due_at').orderBy('id').limit(limit).execute()
      return rows.map(deliveryOf)
    })
  }

  async save(nexts: readonly DeliveryRecord[]): Promise<readonly string[]> {
    const rows = nexts.map(deliveryRow).sort(byId)
    const saved: string[] = []
    for (let from = 0; from < rows.length; from += SAVED_AT_ONCE) {
      const some = rows.slice(from, from + SAVED_AT_ONCE)
      saved.push(...(await this.#database.write((transaction) => replaced(transaction, some))))
    }
    return saved
  }

  async drop(deliveries: readonly DeliveryRecord[]): Promise<void> {
    const rows = deliveries.map(deliveryRow).sort(byId)
    for (let from = 0; from < rows.length; from += SAVED_AT_ONCE) {
      await this.#database.write(async (transaction) => {
        for (const { id, version } of rows.slice(from, from + SAVED_AT_ONCE))
          await transaction.deleteFrom('deliveries').where('id', '=', id).where('version', '=', version).execute()
      })
    }
  }

  async forget(before: number): Promise<void> {
    await this.#database.write((transaction) => transaction.deleteFrom('deliveries').where('due_at', 'is', null).where('changed_at', '<', before).execute())
  }
}

const byId = (a: DeliveryRow, b: DeliveryRow) => (a.id < b.id ? -1 : 1)

async function replaced(transaction: Transaction<Tables>, rows: readonly DeliveryRow[]): Promise<readonly string[]> {
  const ids: string[] = []
  for (const row of rows) {
    const { numUpdatedRows } = await transaction
      .updateTable('deliveries')
      .set(row)
      .where('id', '=', row.id)
      .where('version', '=', row.version - 1)
      .executeTakeFirstOrThrow()
    if (numUpdatedRows === 1n) ids.push(row.id)
  }
  return ids
}

function subscriptionOf(row: PushSubscriptionRow): PushSubscriptionRecord {
  return parseRow('push_subscriptions', row, subscriptionShape, subscriptionColumns)
}

/** An endpoint is longer than an index may hold everywhere, so what is unique is its digest. */
function subscriptionColumns({ id, user, endpoint, createdAt }: PushSubscriptionRecord): Omit<PushSubscriptionRow, 'body'> {
  return { id, username: user, endpoint: createHash('sha256').update(endpoint).digest('base64url'), created_at: createdAt }
}

function deliveryRow(delivery: DeliveryRecord): DeliveryRow {
  return { ...deliveryColumns(delivery), body: JSON.stringify(delivery) }
}

function deliveryOf(row: DeliveryRow): DeliveryRecord {
  return parseRow('deliveries', row, deliveryShape, deliveryColumns)
}

function deliveryColumns({ id, version, dueAt, changedAt }: DeliveryRecord): Omit<DeliveryRow, 'body'> {
  return { id, version, due_at: dueAt, changed_at: changedAt }
}
