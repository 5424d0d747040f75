import { Worker } from 'node:worker_threads'
import type { Config } from '../config/config.ts'
import { StoreUnavailable } from '../store/store.ts'
import type { Period } from './collect.ts'
import type { Told } from './entries.ts'
import type { Answer, Start } from './worker.ts'

/** As with the other threads: in the published bundle it is an entry of its own beside the gateway, which the packager names. */
const WORKER = new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './evidence-worker.js', import.meta.url)

/** Reads the whole ledger in a thread, so that statements do not wait for the report of an auditor. One report at a time, however many are asked for. */
export class EntriesAside {
  readonly #config: Start['config']
  #last: Promise<unknown> = Promise.resolve()
  #worker: Worker | null = null
  #closed = false

  constructor({ store, data }: Pick<Config, 'store' | 'data'>) {
    this.#config = { store, data }
  }

  /** Rejects with StoreUnavailable. */
  read(period: Period): Promise<Told> {
    const reading = this.#last.then(() => this.#inThread(period))
    this.#last = reading.catch(() => undefined)
    return reading
  }

  /** What is under way is broken off. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#worker?.terminate()
    await this.#last
  }

  async #inThread(period: Period): Promise<Told> {
    if (this.#closed) throw new StoreUnavailable('the gateway is stopping')
    const answer = Promise.withResolvers<Answer>()
    const worker = new Worker(WORKER, { workerData: { config: this.#config, period } satisfies Start })
    worker.on('message', (message: Answer) => answer.resolve(message))
    worker.on('error', (error) => answer.resolve({ failed: error instanceof Error ? error.message : String(error) }))
    worker.on('exit', () => answer.resolve({ failed: 'the thread that reads the ledger ended' }))
    this.#worker = worker
    const read = await answer.promise
    this.#worker = null
    if ('failed' in read) throw new StoreUnavailable(read.failed)
    return read.told
  }
}
