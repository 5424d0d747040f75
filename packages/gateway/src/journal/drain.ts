import type { KeyObject } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Config } from '../config/config.ts'
import type { SigningKey } from '../ledger/signing-key.ts'
import type { LocalJournal } from './open.ts'
import { DrainThread } from './thread.ts'

export interface DrainOptions {
  /** How long new entries may wait, in milliseconds. */
  readonly everyMs?: number
  /** Entries in one call of the store. */
  readonly batch?: number
  /** Told of each failed attempt. Nothing is lost: it is tried again, for ever, at longer and longer intervals. */
  readonly onTrouble?: (error: unknown) => void
  /** Told which requests have something new in the store of what ran under their grants. */
  readonly onRan?: (requests: readonly string[]) => Promise<void>
}

/** What is drained: a journal that is open here, or in a worker. */
export type Drained = Pick<LocalJournal, 'directory' | 'gateway' | 'seq' | 'sync' | 'fail'>

/** The moving of a journal's entries into the store. */
export interface Drain {
  readonly gateway: string
  /** The last entry that is in the store under a signed head; null while that is not known. */
  readonly moved: number | null
  /** Everything appended before the call is in the store when this resolves. Rejects when the store does not take it. */
  flush(): Promise<void>
  /** Ends it after the batch under way. What is left is moved at the next start. */
  stop(): Promise<void>
}

const LONGEST_WAIT_MS = 10_000

/**
 * Moves entries into the store that the configuration names, whose tables must be there, behind the gateway's back: in a
 * thread of its own, so that no statement waits for it, and signed with the gateway's key. Only what is on disk is moved: otherwise a power cut could leave the
 * store with entries that the journal lost, and would write differently again. A store that knows another history of this
 * gateway stops the journal.
 */
export function drainInto(config: Pick<Config, 'store' | 'data'>, journal: Drained, key: SigningKey, options: DrainOptions = {}): Drain {
  const { everyMs = 250, batch = 500, onTrouble = () => {}, onRan = () => Promise.resolve() } = options
  const { directory, gateway } = journal
  const told = (requests: readonly string[]) => void onRan(requests).catch(onTrouble)
  const following = new Following(journal, key, new DrainThread({ directory, gateway, batch, config: { store: config.store, data: config.data } }), told)
  const stopping = new AbortController()
  const run = async () => {
    for (let wait = everyMs; await pause(wait, stopping.signal);) {
      try {
        if (following.moved !== journal.seq) await following.move()
        wait = everyMs
      } catch (error) {
        wait = Math.min(wait * 2, LONGEST_WAIT_MS)
        onTrouble(error)
      }
    }
  }
  const running = run()
  return {
    gateway,
    get moved() {
      return following.moved
    },
    flush: () => following.move(),
    stop: async () => {
      stopping.abort()
      await following.stop()
      await running
    },
  }
}

/** False when it was cut short by the signal. */
const pause = (ms: number, signal: AbortSignal): Promise<boolean> =>
  sleep(ms, true, { signal, ref: false }).catch((error: unknown) => {
    if (signal.aborted) return false
    throw error
  })

/** Tells the thread how far the journal is on disk. */
class Following {
  readonly #journal: Drained
  readonly #key: SigningKey
  readonly #thread: DrainThread
  readonly #told: (requests: readonly string[]) => void
  #moved: number | null = null
  #turn: Promise<void> = Promise.resolve()
  /** The move that has not begun yet. */
  #next: Promise<void> | null = null
  #stopped = false

  constructor(journal: Drained, key: SigningKey, thread: DrainThread, told: (requests: readonly string[]) => void) {
    this.#journal = journal
    this.#key = key
    this.#thread = thread
    this.#told = told
  }

  get moved(): number | null {
    return this.#moved
  }

  /** What was appended before the call is moved when it resolves. One at a time: whoever asks meanwhile shares the next. */
  move(): Promise<void> {
    if (this.#next) return this.#next
    const next = this.#turn.then(() => {
      this.#next = null
      return this.#moveNow()
    })
    this.#next = next
    this.#turn = next.catch(() => {})
    return next
  }

  stop(): Promise<void> {
    this.#stopped = true
    return this.#thread.stop()
  }

  async #moveNow(): Promise<void> {
    if (this.#stopped) return
    const durable = await this.#journal.sync()
    if (this.#stopped || this.#moved === durable) return
    await this.#key.use(async (key) => {
      this.#moved = null
      if (durable > 0) await this.#moveWith(key, durable)
      if (!this.#stopped) this.#moved = durable
    })
  }

  async #moveWith(key: KeyObject, durable: number): Promise<void> {
    const answer = await this.#thread.move(durable, key)
    if (answer.result === 'other-history') this.#journal.fail(answer.message)
    if (answer.result !== 'moved') throw new Error(answer.message)
    if (answer.ran.length > 0) this.#told(answer.ran)
  }
}
