import { Worker } from 'node:worker_threads'

interface Job<Question, Answer> {
  readonly question: Question
  readonly waiting: PromiseWithResolvers<Answer>
}

/** Under memory that one text could fill, only the thread dies. */
const RESOURCE_LIMITS = { maxOldGenerationSizeMb: 1024 }

/**
 * A thread that answers one question at a time, in order, so that none of them holds up the event loop. One that takes
 * longer than `limitMs`, or that the thread does not survive, is rejected, and the next one gets a new thread.
 */
export class Aside<Question, Answer> {
  readonly #file: URL
  readonly #limitMs: number
  readonly #queue: Job<Question, Answer>[] = []
  #worker: Worker | null = null
  #current: Job<Question, Answer> | null = null
  #limit: NodeJS.Timeout | null = null

  /** `file` posts one answer for each message that it gets. */
  constructor(file: URL, limitMs: number) {
    this.#file = file
    this.#limitMs = limitMs
  }

  ask(question: Question): Promise<Answer> {
    const waiting = Promise.withResolvers<Answer>()
    this.#queue.push({ question, waiting })
    this.#next()
    return waiting.promise
  }

  #next(): void {
    if (this.#current) return
    const job = this.#queue.shift()
    if (!job) return
    this.#current = job
    this.#worker ??= this.#start()
    this.#limit = setTimeout(() => this.#replace(`it takes longer than ${this.#limitMs} ms`), this.#limitMs)
    this.#worker.postMessage(job.question)
  }

  #start(): Worker {
    const worker = new Worker(this.#file, { resourceLimits: RESOURCE_LIMITS })
    const ifCurrent = (then: () => void) => worker === this.#worker && then()
    worker.on('message', (answer: Answer) => ifCurrent(() => this.#end()?.resolve(answer)))
    worker.on('error', (error) => ifCurrent(() => this.#replace(error instanceof Error ? error.message : String(error))))
    worker.on('exit', () => ifCurrent(() => this.#replace('its thread ended')))
    worker.unref() // the process does not live for it
    return worker
  }

  #replace(why: string): void {
    const worker = this.#worker
    this.#worker = null
    void worker?.terminate()
    this.#end()?.reject(new Error(why))
  }

  /** What was asked is over; the next one begins. */
  #end(): PromiseWithResolvers<Answer> | null {
    const job = this.#current
    if (this.#limit) clearTimeout(this.#limit)
    this.#current = null
    this.#next()
    return job?.waiting ?? null
  }
}
