import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { JournalBroken } from './journal.ts'

/**
 * One process owns a data directory: two writers would fork the chain. SQLite's file lock is borrowed because Node has none
 * of its own, and the kernel drops it with the process, which a file with a process id in it cannot promise.
 */
export function lockDirectory(directory: string): { release(): void } {
  const database = new DatabaseSync(join(directory, 'journal.lock'))
  try {
    database.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE')
  } catch (cause) {
    database.close()
    throw new JournalBroken(`${directory} is in use by another gateway; stop that one, or give this one a data directory of its own`, { cause })
  }
  return { release: () => database.close() }
}
