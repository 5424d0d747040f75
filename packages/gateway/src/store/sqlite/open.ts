import { realpathSync } from 'node:fs'
import { Kysely } from 'kysely'
import { Database, type Events, NO_EVENTS } from '../database.ts'
import { migrate } from '../migrate.ts'
import type { Tables } from '../tables.ts'
import { sqliteDialect } from './dialect.ts'
import { databasePath } from './file.ts'

/** The file in the thread that asks, which it blocks. Its tables are made, or brought up to date. */
export async function openSqliteHere(file: string, events: Events): Promise<Database> {
  const db = new Kysely<Tables>({ dialect: sqliteDialect(file) })
  const database = new Database(db, events)
  try {
    await migrate(db, null)
    return database
  } catch (error) {
    await database.close()
    throw error
  }
}

/** The same file in another thread than the store's, whose process has it open already, its tables made. No change is announced. */
export function openSqliteBlocking(data: string): Database {
  return new Database(new Kysely<Tables>({ dialect: sqliteDialect(databasePath(realpathSync(data))) }), NO_EVENTS)
}
