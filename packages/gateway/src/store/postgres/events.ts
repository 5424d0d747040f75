import { setTimeout as sleep } from 'node:timers/promises'
import { sql, type Transaction } from 'kysely'
import { Client, type ClientConfig } from 'pg'
import { z } from 'zod'
import type { Change, Events } from '../database.ts'
import { CHANGED_KINDS, type StoreEvent } from '../store.ts'
import type { Tables } from '../tables.ts'

const CHANNEL = 'countersign'
/** A connection whose other end has vanished says nothing by itself. */
const PULSE_MS = 5_000
const FIRST_RETRY_MS = 100
/** While nobody listens a revocation is not heard, and it must cut within a second. */
const LAST_RETRY_MS = 500

const changeShape: z.ZodType<Change> = z.strictObject({
  kind: z.enum(CHANGED_KINDS),
  id: z.string(),
  inserted: z.literal(true).optional(),
})

/**
 * NOTIFY in the transaction that makes the change, LISTEN on a connection of its own. The connection is made again for
 * ever; what happened meanwhile is not known, so listeners are then told to `resync`.
 */
export class PostgresEvents implements Events {
  readonly #config: ClientConfig
  readonly #listeners = new Set<(event: StoreEvent) => void>()
  readonly #closing = new AbortController()
  #client: Client | null = null
  isListening = false

  constructor(config: ClientConfig) {
    this.#config = config
  }

  /** Resolves when it listens. Rejects with the driver's error when the first connection fails; later ones are retried. */
  async listen(): Promise<void> {
    const client = new Client({ ...this.#config, keepAlive: true })
    const lost = Promise.withResolvers<void>()
    client.on('error', () => lost.resolve())
    client.on('end', () => lost.resolve())
    client.on('notification', ({ payload }) => this.#emit(parse(payload)))
    try {
      await client.connect()
      await client.query(`listen ${CHANNEL}`)
      this.#closing.signal.throwIfAborted()
    } catch (error) {
      hangUp(client)
      throw error
    }
    this.#client = client
    this.isListening = true
    void this.#watch(client, lost)
  }

  async announce(transaction: Transaction<Tables>, changes: readonly Change[]): Promise<void> {
    for (const change of changes) await sql`select pg_notify(${CHANNEL}, ${JSON.stringify(change)})`.execute(transaction)
  }

  /** PostgreSQL delivers at commit, to this gateway as to every other. */
  committed(): void {}

  subscribe(callback: (event: StoreEvent) => void): () => void {
    const listener = (event: StoreEvent) => callback(event)
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async close(): Promise<void> {
    this.#closing.abort()
    this.#listeners.clear()
    await this.#client?.end()
  }

  async #watch(client: Client, lost: PromiseWithResolvers<void>): Promise<void> {
    const pulse = setInterval(() => void client.query('select 1').catch(() => lost.resolve()), PULSE_MS)
    await lost.promise
    this.isListening = false
    clearInterval(pulse)
    hangUp(client)
    await this.#reconnect()
  }

  async #reconnect(): Promise<void> {
    for (let delay = FIRST_RETRY_MS; !this.#closing.signal.aborted; delay = Math.min(delay * 2, LAST_RETRY_MS)) {
      const waited = await succeeds(sleep(delay, undefined, { signal: this.#closing.signal }))
      if (waited && (await succeeds(this.listen()))) return this.#emit({ kind: 'resync' })
    }
  }

  /** In a microtask each, so that a listener's failure is its own and not the connection's. */
  #emit(event: StoreEvent): void {
    for (const listener of this.#listeners) queueMicrotask(() => listener(event))
  }
}

/** Whoever may log in to the database may NOTIFY; what makes no sense costs a look and no more. */
function parse(payload: string | undefined): StoreEvent {
  try {
    return changeShape.parse(JSON.parse(payload ?? ''))
  } catch {
    return { kind: 'resync' }
  }
}

function hangUp(client: Client): void {
  void succeeds(client.end())
}

const succeeds = (attempt: Promise<unknown>): Promise<boolean> =>
  attempt.then(
    () => true,
    () => false,
  )
