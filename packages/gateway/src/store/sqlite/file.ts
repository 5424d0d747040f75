import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/** The embedded store's file, in the data directory. */
export const databasePath = (data: string): string => join(data, 'countersign.db')

/** How long a statement waits for another connection's lock. */
const BUSY_MS = 2_000

/**
 * A connection to SQLite's file; what it does blocks the thread that calls it. Nothing may open and close the file by other
 * means while one is open: POSIX would drop every lock that this process holds on it.
 */
export function connect(file: string): DatabaseSync {
  const database = new DatabaseSync(file, { timeout: BUSY_MS, enableForeignKeyConstraints: true })
  database.exec('pragma journal_mode = wal')
  database.exec('pragma synchronous = full')
  return database
}
