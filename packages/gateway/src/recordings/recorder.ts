import { rm } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { Config, RecordingsConfig } from '../config/config.ts'
import { workersIn, workerId } from '../journal/files.ts'
import type { LocalJournal } from '../journal/open.ts'
import type { Clock } from '../clock.ts'
import type { RecordingRecord } from '../store/recording-store.ts'
import type { Store } from '../store/store.ts'
import type { Made } from './follower.ts'
import type { Keeping } from './keeping.ts'
import type { RecordingThread } from './thread.ts'

export interface RecorderOptions {
  readonly config: Pick<Config, 'data' | 'workers'>
  readonly recordings: RecordingsConfig
  readonly store: Pick<Store, 'ledger' | 'recordings'>
  readonly journal: LocalJournal
  readonly thread: Pick<RecordingThread, 'follow' | 'run'>
  readonly keeping: Keeping
  readonly clock: Clock
  readonly log: Logger
}

const EVERY_MS = 500
const LONGEST_WAIT_MS = 10_000
/** How often what is to be deleted is looked for, where that is not said to be sooner. */
const RETENTION_EVERY_MS = 60_000
/** Entries that are read before what they gave is kept. */
const STRETCH = 5_000
const BATCH = 100

/**
 * Makes a recording of every session of this gateway, behind its statements: from what its journals, its workers' too, have in the store,
 * which is on disk. A journal is read again from where no session was left open, and of what is made twice only the first is kept.
 */
export class Recorder {
  readonly #options: RecorderOptions
  readonly #stopping = new AbortController()
  /** From where each journal is read next. */
  readonly #next = new Map<string, number>()
  /** From where it would be read by another thread, once what was made is kept. */
  readonly #places = new Map<string, number>()
  #made: Made[] = []
  #running: Promise<void> = Promise.resolve()
  #cleanedAt = -Infinity

  constructor(options: RecorderOptions) {
    this.#options = options
  }

  /**
   * Recordings begin when they are configured: what stands in a journal by then is not told. A worker's begins before there is one, or what it wrote until it was
   * killed would count as that. Call before anybody connects.
   */
  async prepare(): Promise<void> {
    const { config, store, journal } = this.#options
    const heads = await this.#heads()
    const workers = new Set([...workersIn(config.data, journal.gateway), ...Array.from({ length: running(config) }, (_, index) => index + 1)])
    for (const gateway of [journal.gateway, ...[...workers].map((worker) => workerId(journal.gateway, worker))])
      if ((await store.recordings.place(gateway)) === null) await store.recordings.setPlace(gateway, (heads.get(gateway) ?? 0) + 1)
  }

  /** Call when every journal of workers that are no longer configured is in the store. */
  start(): void {
    this.#running = this.#run()
  }

  /** Ends it after what is under way. What is left is recorded at the next start. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#running
  }

  async #run(): Promise<void> {
    const { keeping, log } = this.#options
    let settled = false
    for (let wait = 0; await pause(wait, this.#stopping.signal);) {
      try {
        if (!settled) await keeping.settle()
        settled = true
        await this.#pass()
        await this.#retain()
        wait = EVERY_MS
      } catch (error) {
        log.warn({ err: error }, 'recordings wait')
        wait = Math.min(Math.max(wait, EVERY_MS) * 2, LONGEST_WAIT_MS)
      }
    }
  }

  /** Workers first: what a gateway says of their sessions it says later than they. */
  async #pass(): Promise<void> {
    const { config, journal, thread } = this.#options
    if (!thread.run()) {
      this.#next.clear()
      this.#places.clear()
      this.#made = [] // it is made again
    }
    await this.#keepMade()
    const heads = await this.#heads()
    for (const worker of workersIn(config.data, journal.gateway)) await this.#follow(workerId(journal.gateway, worker), heads, worker > running(config))
    await this.#follow(journal.gateway, heads, false)
  }

  async #heads(): Promise<ReadonlyMap<string, number>> {
    return new Map((await this.#options.store.ledger.heads()).map(({ gateway, seq }) => [gateway, seq]))
  }

  async #follow(gateway: string, heads: ReadonlyMap<string, number>, isRetired: boolean): Promise<void> {
    const { thread, store } = this.#options
    const head = heads.get(gateway) ?? 0
    let next = this.#next.get(gateway) ?? (await store.recordings.place(gateway)) ?? 1
    while (next <= head && !this.#stopping.signal.aborted) {
      const upTo = Math.min(head, next + STRETCH - 1)
      const { made, next: place } = await thread.follow({ gateway, from: next, upTo, isRetired: isRetired && upTo === head })
      next = upTo + 1
      this.#next.set(gateway, next)
      this.#made.push(...made)
      this.#places.set(gateway, place)
      await this.#keepMade()
    }
  }

  /** What could not be kept, because its place or the store did not answer, is kept first when they do. */
  async #keepMade(): Promise<void> {
    const { keeping, store } = this.#options
    for (let made = this.#made[0]; made; made = this.#made[0]) {
      await keeping.keep(made)
      await rm(made.path, { force: true })
      this.#made.shift()
    }
    for (const [gateway, place] of this.#places) {
      await store.recordings.setPlace(gateway, place)
      this.#places.delete(gateway)
    }
  }

  async #retain(): Promise<void> {
    const { recordings, store, journal, clock, keeping } = this.#options
    if (recordings.retentionMs === null || clock.monotonic() - this.#cleanedAt < Math.min(RETENTION_EVERY_MS, recordings.retentionMs)) return
    const endedBefore = clock.now() - recordings.retentionMs
    const due = () => store.recordings.list({ stage: 'recorded', gateway: journal.gateway, endedBefore, limit: BATCH })
    for (let batch: readonly RecordingRecord[] = await due(); batch.length > 0; batch = await due())
      for (const each of batch) await keeping.remove(each, 'retention')
    this.#cleanedAt = clock.monotonic()
  }
}

const running = ({ workers }: Pick<Config, 'workers'>): number => (workers === 1 ? 0 : workers)

/** False when it was cut short by the signal. */
const pause = (ms: number, signal: AbortSignal): Promise<boolean> =>
  sleep(ms, true, { signal, ref: false }).catch((error: unknown) => {
    if (signal.aborted) return false
    throw error
  })
