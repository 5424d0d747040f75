import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { PolicyHolder } from '../policy/reload.ts'
import type { StoreEvent } from '../store/store.ts'
import { Member } from './member.ts'
import type { Start } from './messages.ts'
import type { Answers } from './peer.ts'

const FIRST_PAUSE_MS = 100
const LAST_PAUSE_MS = 10_000
/** A worker that lived this long did not fail because of how it was started. */
const STEADY_MS = 30_000

/** It is told of no change before it is ready, and has read some of what there is before. */
const MISSED: StoreEvent = { kind: 'resync' }

export interface SlotOptions {
  readonly config: Start['config']
  readonly policies: Pick<PolicyHolder, 'files' | 'engine'>
  readonly log: Logger
  /** What its worker may ask. */
  readonly answers: Answers
  /** Its worker is there for connections; called again and again. */
  readonly onServing: () => void
}

/** A place that always has a worker: one that ends is replaced, at once the first time and then at longer and longer intervals. */
export class Slot {
  readonly number: number
  readonly #options: SlotOptions
  readonly #stopping = new AbortController()
  #process: Member | null = null
  #ready: Member | null = null
  #pause = FIRST_PAUSE_MS
  #seq = 0

  constructor(number: number, options: SlotOptions) {
    this.number = number
    this.#options = options
  }

  /** The worker if it has started and not ended. */
  get member(): Member | null {
    return this.#ready
  }

  /** The latest entry of its journal that is known here, also while it has no worker. */
  get seq(): number {
    this.#seq = Math.max(this.#seq, this.#ready?.report.seq ?? 0)
    return this.#seq
  }

  /** Null while it serves; else why not. */
  get trouble(): string | null {
    return this.#ready ? this.#ready.trouble : `worker ${this.number} is not running`
  }

  /** Resolves when the first worker is ready; from then on it is replaced. Rejects with why it cannot start. */
  async open(): Promise<void> {
    const member = await this.#start()
    void this.#keep(member)
  }

  /** False: there is nobody to serve it now. */
  serve(socket: Socket): boolean {
    if (!this.#ready?.responds) return false
    this.#ready.serve(socket)
    return true
  }

  /** Resolves when no process is left. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#process?.stop()
  }

  async #start(): Promise<Member> {
    const { config, policies, answers, log, onServing } = this.#options
    const member = new Member(this.number, answers, onServing)
    this.#process = member
    try {
      const { files, engine } = policies
      await member.start({ config, number: this.number, policies: files })
      await this.#catchUp(member, engine.version)
    } catch (error) {
      member.kill()
      throw new Error(`worker ${this.number} cannot start: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
    }
    this.#ready = member
    member.changed(MISSED)
    log.info({ worker: this.number }, 'a worker is ready')
    onServing()
    return member
  }

  /** Policies may have been reloaded while it was starting. */
  async #catchUp(member: Member, started: string): Promise<void> {
    for (let has = started; has !== this.#options.policies.engine.version;) {
      const { files, engine } = this.#options.policies
      await member.ask('prepare', [files])
      await member.ask('use', [engine.version])
      has = engine.version
    }
  }

  async #keep(first: Member): Promise<void> {
    for (let member: Member | null = first; !this.#stopping.signal.aborted;) {
      if (member) await this.#untilOver(member)
      if (!(await this.#rest())) return
      member = await this.#start().catch((error: unknown) => {
        this.#options.log.error({ err: error }, 'a worker could not be replaced; it is tried again')
        return null
      })
    }
  }

  async #untilOver(member: Member): Promise<void> {
    const began = performance.now()
    const how = await member.exited
    this.#seq = this.seq
    this.#ready = null
    if (performance.now() - began > STEADY_MS) this.#pause = FIRST_PAUSE_MS
    if (!this.#stopping.signal.aborted)
      this.#options.log.error({ worker: this.number, how }, 'a worker has ended, and its connections with it; another is started')
  }

  /** False when it is told to stop meanwhile. */
  async #rest(): Promise<boolean> {
    const pause = this.#pause
    this.#pause = Math.min(pause * 2, LAST_PAUSE_MS)
    return sleep(pause, true, { signal: this.#stopping.signal }).catch(() => false)
  }
}
