import { type Kysely, sql, type Transaction } from 'kysely'
import { Patience } from './patience.ts'
import { type StoreEvent, StoreUnavailable } from './store.ts'
import type { Tables } from './tables.ts'

/** A request, grant, session or token that was inserted or changed. */
export type Change = Exclude<StoreEvent, { readonly kind: 'resync' }>

/** How a change reaches every gateway's listeners; each database has its own way. */
export interface Events {
  /** Inside the transaction that makes the changes. */
  announce(transaction: Transaction<Tables>, changes: readonly Change[]): Promise<void>
  /** After that transaction is committed. */
  committed(changes: readonly Change[]): void
  /** False while what others change would not be heard of. */
  readonly isListening: boolean
  subscribe(listener: (event: StoreEvent) => void): () => void
  close(): Promise<void>
}

/** Of a thread that changes nothing which anybody listens for. */
export const NO_EVENTS: Events = {
  announce: () => Promise.resolve(),
  committed: () => {},
  isListening: true,
  subscribe: () => () => {},
  close: () => Promise.resolve(),
}

/** Says what a transaction has changed. */
export type Changed = (change: Change) => void

type Work<T> = (transaction: Transaction<Tables>, changed: Changed) => Promise<T>

/** Every access to the database, with one patience and one kind of error. */
export class Database {
  readonly #db: Kysely<Tables>
  readonly #events: Events
  readonly #patience = new Patience()

  constructor(db: Kysely<Tables>, events: Events) {
    this.#db = db
    this.#events = events
  }

  read<T>(work: (db: Kysely<Tables>) => Promise<T>): Promise<T> {
    return this.#patience.ask(() => work(this.#db))
  }

  /** One transaction. What `work` reports as changed is announced once, and only if it commits. */
  write<T>(work: Work<T>): Promise<T> {
    return this.#patience.ask((gaveUp) => this.#transact(work, gaveUp))
  }

  /**
   * Resolves when the database answers this, or anything else meanwhile: a long queue is not silence. A database whose changes are not heard is as good as gone,
   * though it answers: what was revoked would not be known.
   */
  async ping(): Promise<void> {
    if (!this.#events.isListening) throw new StoreUnavailable('the store answers, but its changes are not heard: the connection that hears them is not there')
    const answer = this.read((db) => sql`select 1`.execute(db)).then(() => undefined)
    await Promise.race([answer, this.#patience.nextAnswer()])
  }

  subscribe(listener: (event: StoreEvent) => void): () => void {
    return this.#events.subscribe(listener)
  }

  close(): Promise<void> {
    return this.#patience.ask(() => this.#events.close().then(() => this.#db.destroy()))
  }

  async #transact<T>(work: Work<T>, gaveUp: AbortSignal): Promise<T> {
    const changes: Change[] = []
    const result = await this.#db.transaction().execute(async (transaction) => {
      // Whoever asked was told that it failed; what still stood in the queue is not begun.
      gaveUp.throwIfAborted()
      const made = await work(transaction, (change) => changes.push(change))
      await this.#events.announce(transaction, changes)
      gaveUp.throwIfAborted()
      return made
    })
    this.#events.committed(changes)
    return result
  }
}
