import { LedgerError } from './error.ts'

/** A file of a static log (C2SP tlog-tiles), by its path; null when it is not there. */
export type ReadFile = (path: string) => Promise<Uint8Array | null>

export type LogWhy =
  | 'missing' // a file that the checkpoint says is there, or an entry that a later one follows
  | 'unreadable' // bytes that are not what they should be
  | 'altered' // another entry, or another tile, than the one that was signed
  | 'unsigned' // the checkpoint, or a head, by no key that counts
  | 'truncated' // less than was there once
  | 'forked' // another tree than the one that was there once, or than the checkpoint signed

/** Something that is not as it was written. `place` is a path, or an entry. */
export interface Problem {
  readonly why: LogWhy
  readonly place: string
  readonly message: string
}

/** More than anyone reads; a hostile log must not fill the memory. */
const MAX_PROBLEMS = 100

/** What is found. */
export class Problems {
  readonly list: Problem[] = []

  add(why: LogWhy, place: string, message: string): void {
    if (this.list.length < MAX_PROBLEMS) this.list.push({ why, place, message })
  }

  /** What `work` gives, or null and the problem that it found. */
  trying<T>(place: string, work: () => T, why: LogWhy = 'unreadable'): T | null {
    try {
      return work()
    } catch (error) {
      return this.#found(place, error, why)
    }
  }

  /** The same of what takes its time. */
  async catching<T>(place: string, work: () => Promise<T> | T): Promise<T | null> {
    try {
      return await work()
    } catch (error) {
      return this.#found(place, error, 'unreadable')
    }
  }

  #found(place: string, error: unknown, why: LogWhy): null {
    if (error instanceof Missing) this.add('missing', place, error.message)
    else if (error instanceof LedgerError) this.add(why, place, error.message)
    else throw error
    return null
  }
}

/** A file that should be there is not. */
export class Missing extends Error {}

/** Throws Missing. */
export async function present(read: ReadFile, path: string): Promise<Uint8Array> {
  const bytes = await read(path)
  if (!bytes) throw new Missing(`${path} is not there`)
  return bytes
}
