import { Worker } from 'node:worker_threads'
import type { RecordingsConfig } from '../config/config.ts'
import type { RecordingRecord } from '../store/recording-store.ts'
import type { Followed, FollowerOptions, Running } from './follower.ts'
import type { RecordingKey } from './key.ts'
import type { Scanned, Wanted } from './scan.ts'

export interface Start {
  readonly recordings: RecordingsConfig
  readonly key: RecordingKey
  /** Null in a thread that only searches. */
  readonly follower: FollowerOptions | null
}

export type Question =
  | { readonly ask: 'follow'; readonly gateway: string; readonly from: number; readonly upTo: number; readonly isRetired: boolean }
  | { readonly ask: 'running'; readonly session: string; readonly first: number; readonly most: number }
  | { readonly ask: 'scan'; readonly recordings: readonly RecordingRecord[]; readonly wanted: Wanted }

export type Answer =
  | { readonly ask: 'follow'; readonly result: Followed }
  | { readonly ask: 'running'; readonly result: { readonly running: Running | null } }
  | { readonly ask: 'scan'; readonly result: Scanned }
  | { readonly ask: 'failed'; readonly message: string }

/**
 * A checkout runs worker.ts beside this file; the published bundle has it as an entry of its own, `recordings-worker.js`
 * beside the bundle. A bundler cannot follow this URL: the packager names that entry.
 */
const WORKER = new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './recordings-worker.js', import.meta.url)

/** The thread behind the statements. One that died or failed is started again by whoever asks next, and has to be told so. */
export class RecordingThread {
  readonly #start: Start
  #worker: Worker | null = null
  #waiting: PromiseWithResolvers<Answer> | null = null
  #turn: Promise<unknown> = Promise.resolve()

  constructor(start: Start) {
    this.#start = start
  }

  /** True when it runs already, and knows what it has followed. Otherwise it is started. */
  run(): boolean {
    if (this.#worker) return true
    this.#worker = this.#spawn()
    return false
  }

  follow(question: Omit<Extract<Question, { ask: 'follow' }>, 'ask'>): Promise<Followed> {
    return this.#ask({ ask: 'follow', ...question }, (answer) => (answer.ask === 'follow' ? answer.result : null))
  }

  /** What a session that is recorded has done so far. Null for one that is not followed yet, or is over. */
  async running(question: Omit<Extract<Question, { ask: 'running' }>, 'ask'>): Promise<Running | null> {
    if (!this.#worker) return null
    return (await this.#ask({ ask: 'running', ...question }, (answer) => (answer.ask === 'running' ? answer.result : null))).running
  }

  scan(question: Omit<Extract<Question, { ask: 'scan' }>, 'ask'>): Promise<Scanned> {
    return this.#ask({ ask: 'scan', ...question }, (answer) => (answer.ask === 'scan' ? answer.result : null))
  }

  async stop(): Promise<void> {
    const worker = this.#worker
    this.#worker = null
    await worker?.terminate()
  }

  #ask<T>(question: Question, result: (answer: Answer) => T | null): Promise<T> {
    const turn = this.#turn.then(() => this.#askNow(question, result))
    this.#turn = turn.catch(() => undefined)
    return turn
  }

  async #askNow<T>(question: Question, result: (answer: Answer) => T | null): Promise<T> {
    const waiting = Promise.withResolvers<Answer>()
    this.#waiting = waiting
    if (!this.#worker) throw new Error('the thread of recordings is not running')
    this.#worker.postMessage(question)
    const answer = await waiting.promise
    const given = result(answer)
    if (given !== null) return given
    if (question.ask === 'follow') await this.stop() // what it knows of the journals may be half of an entry
    throw new Error(answer.ask === 'failed' ? answer.message : 'the thread of recordings answered something else than it was asked')
  }

  #spawn(): Worker {
    const worker = new Worker(WORKER, { workerData: this.#start })
    worker.unref()
    let why = 'it ended'
    worker.on('message', (answer: Answer) => this.#waiting?.resolve(answer))
    worker.on('error', (error) => (why = error instanceof Error ? error.message : String(error)))
    worker.on('exit', () => {
      if (this.#worker === worker) this.#worker = null
      this.#waiting?.reject(new Error(`the thread of recordings died: ${why}`))
    })
    return worker
  }
}
