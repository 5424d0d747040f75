import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { JournalInUse } from './journal.ts'

/**
 * One process owns a data directory, and each worker's journal in it: two writers would fork the chain. SQLite's file lock is borrowed because Node has none
 * of its own, and the kernel drops it with the process, which a file with a process id in it cannot promise.
 */
export function lockDirectory(directory: string, name: string): { release(): void } {
  const database = new DatabaseSync(join(directory, `${name}.lock`))
  try {
    database.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE')
  } catch (cause) {
    database.close()
    throw new JournalInUse(`${directory} is in use by another gateway; stop that one, or give this one a data directory of its own`, { cause })
  }
  return { release: () => database.close() }
}

const LOOK_AGAIN_MS = 50

/** Waits so long for a process that is still ending. */
export async function lockSoon(directory: string, name: string, waitMs: number): Promise<{ release(): void }> {
  for (const until = performance.now() + waitMs; ; await sleep(LOOK_AGAIN_MS)) {
    try {
      return lockDirectory(directory, name)
    } catch (error) {
      if (!(error instanceof JournalInUse) || performance.now() >= until) throw error
    }
  }
}
