import { chmodSync, closeSync, mkdirSync, openSync, realpathSync } from 'node:fs'
import { Kysely } from 'kysely'
import { Database } from '../database.ts'
import { migrate } from '../migrate.ts'
import type { Tables } from '../tables.ts'
import { sqliteDialect } from './dialect.ts'
import { sqliteEvents } from './events.ts'
import { databasePath } from './file.ts'

/** `countersign.db` in the data directory; both are its owner's alone. */
export async function openSqlite(data: string): Promise<Database> {
  const file = privateFile(data)
  const db = new Kysely<Tables>({ dialect: sqliteDialect(file) })
  const database = new Database(db, sqliteEvents(file))
  try {
    await migrate(db, null)
    return database
  } catch (error) {
    await database.close()
    throw error
  }
}

/** Made before SQLite opens it: its journal and shared memory then get the same mode. */
function privateFile(data: string): string {
  mkdirSync(data, { recursive: true, mode: 0o700 })
  chmodSync(data, 0o700)
  const file = databasePath(realpathSync(data))
  closeSync(openSync(file, 'a', 0o600))
  chmodSync(file, 0o600)
  return file
}
