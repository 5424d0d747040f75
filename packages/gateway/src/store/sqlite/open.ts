import { chmodSync, closeSync, mkdirSync, openSync, realpathSync } from 'node:fs'
import { Kysely } from 'kysely'
import { Database, NO_EVENTS } from '../database.ts'
import { migrate } from '../migrate.ts'
import type { Tables } from '../tables.ts'
import { BlockingConnection } from './blocking.ts'
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

/** The same file on a connection that blocks the thread which asks; the process has it open already. No change is announced. */
export function openSqliteBlocking(data: string): Database {
  const file = databasePath(realpathSync(data))
  return new Database(new Kysely<Tables>({ dialect: sqliteDialect(file, (path) => new BlockingConnection(path)) }), NO_EVENTS)
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
