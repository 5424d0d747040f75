import { chmodSync, closeSync, mkdirSync, openSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/** The embedded store's file, in the data directory. */
export const databasePath = (data: string): string => join(data, 'countersign.db')

/** How long a statement waits for another connection's lock. */
const BUSY_MS = 2_000

/** An entry of the ledger takes some KiB: of the usual 4 KiB a page, half would stay empty, and be written all the same. */
const PAGE_BYTES = 16 * 1024

/**
 * A connection to SQLite's file; what it does blocks the thread that calls it. Nothing may open and close the file by other
 * means while one is open: POSIX would drop every lock that this process holds on it.
 */
export function connect(file: string): DatabaseSync {
  const database = new DatabaseSync(file, { timeout: BUSY_MS, enableForeignKeyConstraints: true })
  database.exec(`pragma page_size = ${PAGE_BYTES}`) // of a file that is made now
  database.exec('pragma journal_mode = wal')
  database.exec('pragma synchronous = full')
  return database
}

/** The file, made where there is none; its folder and it are their owner's alone. Made before SQLite opens it: its journal and shared memory then get the same mode. */
export function privateFile(data: string): string {
  mkdirSync(data, { recursive: true, mode: 0o700 })
  chmodSync(data, 0o700)
  const file = databasePath(realpathSync(data))
  closeSync(openSync(file, 'a', 0o600))
  chmodSync(file, 0o600)
  return file
}
