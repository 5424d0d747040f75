import type { Kysely, Transaction } from 'kysely'
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
  subscribe(listener: (event: StoreEvent) => void): () => void
  close(): Promise<void>
}

/** Longer than the databases' own timeouts (2 s), so that it speaks only when they are silent altogether. */
const DEADLINE_MS = 5_000

/** Every access to the database, with one deadline and one kind of error. */
export class Database {
  readonly #db: Kysely<Tables>
  readonly #events: Events

  constructor(db: Kysely<Tables>, events: Events) {
    this.#db = db
    this.#events = events
  }

  read<T>(work: (db: Kysely<Tables>) => Promise<T>): Promise<T> {
    return answered(work(this.#db))
  }

  /** One transaction. What `work` reports as changed is announced once, and only if it commits. */
  write<T>(work: (transaction: Transaction<Tables>, changed: (change: Change) => void) => Promise<T>): Promise<T> {
    return answered(this.#transact(work))
  }

  async #transact<T>(work: (transaction: Transaction<Tables>, changed: (change: Change) => void) => Promise<T>): Promise<T> {
    const changes: Change[] = []
    const result = await this.#db.transaction().execute(async (transaction) => {
      const made = await work(transaction, (change) => changes.push(change))
      await this.#events.announce(transaction, changes)
      return made
    })
    this.#events.committed(changes)
    return result
  }

  subscribe(listener: (event: StoreEvent) => void): () => void {
    return this.#events.subscribe(listener)
  }

  close(): Promise<void> {
    return answered(this.#events.close().then(() => this.#db.destroy()))
  }
}

/** The answer, or StoreUnavailable: for an error, and for silence. */
export async function answered<T>(work: Promise<T>): Promise<T> {
  const silence = Promise.withResolvers<never>()
  const timer = setTimeout(() => silence.reject(new StoreUnavailable(`the store has not answered for ${DEADLINE_MS / 1000} s`)), DEADLINE_MS)
  try {
    return await Promise.race([work, silence.promise])
  } catch (error) {
    if (error instanceof StoreUnavailable) throw error
    throw new StoreUnavailable(`the store failed: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  } finally {
    clearTimeout(timer)
  }
}
