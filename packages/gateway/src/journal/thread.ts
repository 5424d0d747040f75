import type { KeyObject } from 'node:crypto'
import { Worker } from 'node:worker_threads'
import type { Answer, Question, Start } from './worker.ts'

/**
 * A checkout runs worker.ts beside this file; the published bundle has it as an entry of its own, `drain-worker.js`
 * beside the bundle. A bundler cannot follow this URL: the packager names that entry.
 */
const WORKER = new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './drain-worker.js', import.meta.url)

/** The thread that reads the journal's files and writes them to the store. Started by the first question, and by the next after it died. */
export class DrainThread {
  readonly #start: Start
  #worker: Worker | null = null
  #waiting: PromiseWithResolvers<Answer> | null = null
  #ended: Promise<void> = Promise.resolve()

  constructor(start: Start) {
    this.#start = start
  }

  /** Ask again only after the answer. Rejects when the thread dies. */
  move(durable: number, key: KeyObject): Promise<Answer> {
    const waiting = Promise.withResolvers<Answer>()
    this.#waiting = waiting
    this.#worker ??= this.#spawn()
    this.#post({ move: durable, key })
    return waiting.promise
  }

  /** Resolves when it has ended, after the batch under way. */
  async stop(): Promise<void> {
    this.#post('stop')
    await this.#ended
  }

  #post(question: Question): void {
    this.#worker?.postMessage(question)
  }

  #spawn(): Worker {
    const worker = new Worker(WORKER, { workerData: this.#start })
    const ended = Promise.withResolvers<void>()
    this.#ended = ended.promise
    let why = 'it ended'
    worker.on('message', (answer: Answer) => this.#waiting?.resolve(answer))
    worker.on('error', (error) => (why = error instanceof Error ? error.message : String(error)))
    worker.on('exit', () => {
      this.#worker = null
      ended.resolve()
      this.#waiting?.reject(new Error(`the thread that moves ledger entries into the store died: ${why}`))
    })
    return worker
  }
}
