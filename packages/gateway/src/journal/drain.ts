import { setTimeout as sleep } from 'node:timers/promises'
import type { LedgerStore, StoredEntry } from '../store/store.ts'
import type { LocalJournal } from './open.ts'
import { type Cursor, cursorBefore, readFrom } from './read.ts'

export interface DrainOptions {
  /** How long new entries may wait, in milliseconds. */
  readonly everyMs?: number
  /** Entries in one call of the store. */
  readonly batch?: number
  /** Told of each failed attempt. Nothing is lost: it is tried again, for ever, at longer and longer intervals. */
  readonly onTrouble?: (error: unknown) => void
}

/** The moving of a journal's entries into the store. */
export interface Drain {
  /** Everything appended before the call is in the store when this resolves. Rejects when the store does not take it. */
  flush(): Promise<void>
  /** Ends it after the batch under way. What is left is moved at the next start. */
  stop(): Promise<void>
}

const LONGEST_WAIT_MS = 10_000

/**
 * Moves entries into the store behind the gateway's back, so that no statement waits for it. Only what is on disk is moved:
 * otherwise a power cut could leave the store with entries that the journal lost, and would write differently again. A store
 * that knows another history of this gateway stops the journal.
 */
export function drainInto(store: LedgerStore, journal: LocalJournal, options: DrainOptions = {}): Drain {
  const { everyMs = 250, batch = 500, onTrouble = () => {} } = options
  const mover = new Mover(store, journal, batch)
  const stopping = new AbortController()
  const run = async () => {
    for (let wait = everyMs; await pause(wait, stopping.signal);) {
      try {
        await mover.move()
        wait = everyMs
      } catch (error) {
        wait = Math.min(wait * 2, LONGEST_WAIT_MS)
        onTrouble(error)
      }
    }
  }
  const running = run()
  return {
    flush: () => mover.move(),
    stop: async () => {
      stopping.abort()
      mover.stop()
      await running
    },
  }
}

/** False when it was cut short by the signal. */
const pause = (ms: number, signal: AbortSignal): Promise<boolean> =>
  sleep(ms, true, { signal, ref: false }).catch((error: unknown) => {
    if (signal.aborted) return false
    throw error
  })

class Mover {
  readonly #store: LedgerStore
  readonly #journal: LocalJournal
  readonly #batch: number
  #cursor: Cursor | null = null
  #turn: Promise<void> = Promise.resolve()
  #stopped = false

  constructor(store: LedgerStore, journal: LocalJournal, batch: number) {
    this.#store = store
    this.#journal = journal
    this.#batch = batch
  }

  stop(): void {
    this.#stopped = true
  }

  /** One at a time: a second call waits for the first. */
  move(): Promise<void> {
    const turn = this.#turn.then(() => this.#moveNow())
    this.#turn = turn.catch(() => {})
    return turn
  }

  async #moveNow(): Promise<void> {
    if (this.#stopped || this.#journal.seq === 0 || (this.#cursor && this.#cursor.seq > this.#journal.seq)) return
    const durable = await this.#journal.sync()
    this.#cursor ??= await this.#resume(durable)
    while (!this.#stopped && this.#cursor.seq <= durable) this.#cursor = await this.#moveBatch(this.#cursor, durable)
  }

  async #moveBatch(from: Cursor, durable: number): Promise<Cursor> {
    const entries: StoredEntry[] = []
    let cursor = from
    for await (const { seq, line, next } of readFrom(this.#journal.directory, from, Math.min(durable, from.seq + this.#batch - 1))) {
      entries.push({ gateway: this.#journal.gateway, seq, line })
      cursor = next
    }
    if (entries.length === 0) throw this.#refuse(`entry ${from.seq} is gone from the journal's files`)
    await this.#store.append(entries)
    return cursor
  }

  /** Asks the store how far it is, and whether what it has last is what stands here. */
  async #resume(durable: number): Promise<Cursor> {
    const { directory, gateway } = this.#journal
    const stored = (await this.#store.heads()).find((head) => head.gateway === gateway)?.seq ?? 0
    if (stored > durable)
      throw this.#refuse(`the store has entry ${stored}, and the journal ends with ${durable}: its tail was lost, or it was restored from a backup`)
    const start = await cursorBefore(directory, gateway, Math.max(stored, 1))
    if (!start) throw this.#refuse(`entry ${Math.max(stored, 1)} is gone from the journal's files`)
    if (stored === 0) return start
    const known = (await this.#store.read(gateway, stored, 1)).at(0)
    for await (const { seq, line, next } of readFrom(directory, start, stored)) {
      if (seq === stored && known?.line === line) return next
    }
    throw this.#refuse(`entry ${stored} of the store is not the one in the journal`)
  }

  #refuse(why: string): Error {
    const message = `the ledger in the store is not this journal's: ${why}. Keep both as evidence, and start with a new data directory.`
    this.#journal.fail(message)
    return new Error(message)
  }
}
