import type { Database } from './database.ts'
import type { DeviceRecord, DeviceStore } from './device-store.ts'
import { deviceShape, parseRow } from './shapes.ts'
import type { DeviceRow } from './tables.ts'

export class Devices implements DeviceStore {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  insert(device: DeviceRecord, most: number): Promise<boolean> {
    return this.#database.write(async (transaction) => {
      const waiting = await transaction.selectFrom('devices').select('id').where('expires_at', '>', device.createdAt).limit(most).execute()
      if (waiting.length >= most) return false
      const { numInsertedOrUpdatedRows } = await transaction
        .insertInto('devices')
        .values(deviceRow(device))
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirstOrThrow()
      return numInsertedOrUpdatedRows === 1n
    })
  }

  find(by: { readonly userCode: string } | { readonly hash: string }): Promise<DeviceRecord | null> {
    return this.#database.read(async (db) => {
      const rows = db.selectFrom('devices').selectAll()
      const found = 'hash' in by ? rows.where('hash', '=', by.hash) : rows.where('user_code', '=', by.userCode)
      const row = await found.executeTakeFirst()
      return row ? deviceOf(row) : null
    })
  }

  polled(id: string, at: number, intervalMs: number): Promise<void> {
    return this.#database.write(async (transaction) => {
      await transaction.updateTable('devices').set({ polled_at: at, interval_ms: intervalMs }).where('id', '=', id).execute()
    })
  }

  save(next: DeviceRecord): Promise<boolean> {
    return this.#database.write(async (transaction) => {
      const { numUpdatedRows } = await transaction
        .updateTable('devices')
        .set({ ...columnsOf(next), body: deviceRow(next).body })
        .where('id', '=', next.id)
        .where('version', '=', next.version - 1)
        .executeTakeFirstOrThrow()
      return numUpdatedRows === 1n
    })
  }

  async forget(before: number): Promise<void> {
    await this.#database.write((transaction) => transaction.deleteFrom('devices').where('expires_at', '<', before).execute())
  }
}

function deviceRow({ polledAt, intervalMs, ...device }: DeviceRecord): DeviceRow {
  return { ...columnsOf(device), polled_at: polledAt, interval_ms: intervalMs, body: JSON.stringify(device) }
}

export function deviceOf(row: DeviceRow): DeviceRecord {
  return { ...parseRow('devices', row, deviceShape, columnsOf), polledAt: row.polled_at, intervalMs: row.interval_ms }
}

type Said = 'polledAt' | 'intervalMs'

function columnsOf({ id, version, hash, userCode, expiresAt }: Omit<DeviceRecord, Said>): Omit<DeviceRow, 'body' | 'polled_at' | 'interval_ms'> {
  return { id, version, hash, user_code: userCode, expires_at: expiresAt }
}
