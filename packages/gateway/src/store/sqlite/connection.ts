import { Worker } from 'node:worker_threads'
import type { CompiledQuery, DatabaseConnection, QueryResult } from 'kysely'
import type { SQLInputValue } from 'node:sqlite'
import { StoreUnavailable } from '../store.ts'
import type { Answer, Question } from './worker.ts'

/** What the dialect needs of a connection to SQLite. */
export interface TransactionalConnection extends DatabaseConnection {
  /** A transaction begins with the next statement. */
  begin(): void
  /** Ends it; nothing is asked where it had no statement. */
  end(how: 'commit' | 'rollback'): Promise<void>
  close(): Promise<void>
}

type Rows = Extract<Answer, { readonly rows: unknown }>
type Waiting = PromiseWithResolvers<Rows>

/**
 * A checkout runs worker.ts beside this file; the published bundle has it as an entry of its own, `sqlite-worker.js`
 * beside the bundle. A bundler cannot follow this URL: the packager names that entry.
 */
const WORKER = new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './sqlite-worker.js', import.meta.url)

/**
 * The one SQLite connection, in a thread of its own: node:sqlite blocks its event loop while another process holds the
 * lock, and no proxied byte may wait for that.
 */
export class SqliteConnection implements TransactionalConnection {
  readonly #worker: Worker
  readonly #waiting = new Map<number, Waiting>()
  #last = 0
  #begins = false
  #dead: StoreUnavailable | null = null

  constructor(file: string) {
    this.#worker = new Worker(WORKER, { workerData: file })
    this.#worker.on('message', (answer: Answer) => this.#answered(answer))
    this.#worker.on('error', (error) => this.#die(`its thread failed: ${error instanceof Error ? error.message : String(error)}`))
    this.#worker.on('exit', () => this.#die('it is closed'))
  }

  async executeQuery<R>({ sql, parameters }: Pick<CompiledQuery, 'sql' | 'parameters'>): Promise<QueryResult<R>> {
    if (this.#dead) throw this.#dead
    const waiting = Promise.withResolvers<Rows>()
    const question: Question = { id: ++this.#last, sql, parameters: parameters.map(toInput), begins: this.#begins }
    this.#begins = false
    this.#waiting.set(question.id, waiting)
    this.#worker.postMessage(question)
    const { rows, changes } = await waiting.promise
    return { rows: rows as R[], numAffectedRows: BigInt(changes) }
  }

  /** In the same message as its first statement: each costs more than what most of them ask. */
  begin(): void {
    this.#begins = true
  }

  async end(how: 'commit' | 'rollback'): Promise<void> {
    if (!this.#begins) await this.executeQuery({ sql: how, parameters: [] })
    this.#begins = false
  }

  /** Nothing here streams, and the interface wants a way to say so. */
  streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new StoreUnavailable('the embedded store does not stream')
  }

  async close(): Promise<void> {
    await this.#worker.terminate()
  }

  #answered(answer: Answer): void {
    const waiting = this.#waiting.get(answer.id)
    this.#waiting.delete(answer.id)
    if ('error' in answer) waiting?.reject(new Error(answer.error))
    else waiting?.resolve(answer)
  }

  #die(why: string): void {
    this.#dead ??= new StoreUnavailable(`the embedded store is gone, ${why}; restart the gateway`)
    for (const waiting of this.#waiting.values()) waiting.reject(this.#dead)
    this.#waiting.clear()
  }
}

export function toInput(value: unknown): SQLInputValue {
  if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint') return value
  throw new TypeError(`SQLite takes no ${typeof value}`)
}
