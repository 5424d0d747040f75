import { Worker } from 'node:worker_threads'
import { Patience } from '../patience.ts'
import { type Store, StoreUnavailable } from '../store.ts'
import { sqliteEvents } from './events.ts'
import { privateFile } from './file.ts'
import type { Opened, Question, Said, Start } from './worker.ts'

/** `countersign.db` in the data directory. It is open in a thread, which ends when the store is closed. Rejects with StoreUnavailable. */
export async function openSqlite(data: string): Promise<Store> {
  const thread = new SqliteThread(privateFile(data))
  try {
    return await thread.store()
  } catch (error) {
    await thread.close()
    throw error
  }
}

/**
 * A checkout runs worker.ts beside this file; the published bundle has it as an entry of its own, `sqlite-worker.js`
 * beside the bundle. A bundler cannot follow this URL: the packager names that entry.
 */
const WORKER = new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './sqlite-worker.js', import.meta.url)

/**
 * The thread that has the embedded store open. node:sqlite blocks whoever calls it while another process holds the lock, and no proxied byte may wait for that; and
 * whatever a question takes besides is not taken from the proxied bytes either.
 */
class SqliteThread {
  readonly #worker: Worker
  readonly #events: ReturnType<typeof sqliteEvents>
  readonly #patience = new Patience()
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>()
  readonly #opened = Promise.withResolvers<Opened>()
  /** The last question whose asker was told that it has failed: it, and those before it, are not begun any more. Shared with the thread, which may be busy. */
  readonly #givenUp = new BigInt64Array(new SharedArrayBuffer(BigInt64Array.BYTES_PER_ELEMENT))
  #last = 0
  #dead: StoreUnavailable | null = null

  constructor(file: string) {
    this.#events = sqliteEvents(file)
    const start: Start = { file, givenUp: this.#givenUp }
    this.#worker = new Worker(WORKER, { workerData: start })
    this.#worker.on('message', (said: Said) => this.#heard(said))
    this.#worker.on('error', (error) => this.#die(`its thread failed: ${error instanceof Error ? error.message : String(error)}`))
    this.#worker.on('exit', () => this.#die('it is closed'))
    this.#opened.promise.catch(() => {}) // whoever asks for the store is told
  }

  /** Its methods are the thread's, each asked by its name. */
  async store(): Promise<Store> {
    const parts = Object.entries(await this.#opened.promise).map(([part, methods]) => {
      const asked = methods.map((method) => [method, (...args: readonly unknown[]) => this.#ask(part, method, args)] as const)
      return [part, Object.fromEntries(asked)] as const
    })
    const store: Pick<Store, 'subscribe' | 'ping' | 'close'> = {
      subscribe: (listener) => this.#events.subscribe(listener),
      ping: async () => void (await Promise.race([this.#ask(null, 'ping', []), this.#patience.nextAnswer()])),
      close: () => this.close(),
    }
    return { ...Object.fromEntries(parts), ...store } as Store // the thread has said which methods there are
  }

  /** What is under way is given up, and rejects. */
  async close(): Promise<void> {
    await this.#events.close()
    await this.#worker.terminate()
  }

  #ask(part: string | null, method: string, args: readonly unknown[]): Promise<unknown> {
    return this.#patience.ask((gaveUp) => {
      if (this.#dead) throw this.#dead
      const question: Question = { id: ++this.#last, part, method, args }
      this.#worker.postMessage(question)
      const waiting = Promise.withResolvers<unknown>()
      this.#waiting.set(question.id, waiting)
      gaveUp.addEventListener('abort', () => this.#giveUp(question.id))
      return waiting.promise
    })
  }

  /** The timers of many who wait end in any order, and an earlier question does not take a later one back. */
  #giveUp(id: number): void {
    if (this.#waiting.delete(id) && BigInt(id) > Atomics.load(this.#givenUp, 0)) Atomics.store(this.#givenUp, 0, BigInt(id))
  }

  #heard(said: Said): void {
    if ('opened' in said) return this.#opened.resolve(said.opened)
    if ('failed' in said) return this.#opened.reject(new StoreUnavailable(said.failed))
    if ('changes' in said) return this.#events.committed(said.changes)
    const waiting = this.#waiting.get(said.id)
    this.#waiting.delete(said.id)
    if ('error' in said) waiting?.reject(new StoreUnavailable(said.error))
    else waiting?.resolve(said.result)
    return undefined
  }

  #die(why: string): void {
    this.#dead ??= new StoreUnavailable(`the embedded store is gone, ${why}; restart the gateway`)
    this.#opened.reject(this.#dead)
    for (const waiting of this.#waiting.values()) waiting.reject(this.#dead)
    this.#waiting.clear()
  }
}
