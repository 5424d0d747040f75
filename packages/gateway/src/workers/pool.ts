import type { Socket } from 'node:net'
import type { Logger } from 'pino'
import type { Config } from '../config/config.ts'
import { type Drain, drainInto, type Drained } from '../journal/drain.ts'
import { workerId } from '../journal/files.ts'
import type { SigningKey } from '../ledger/signing-key.ts'
import type { PolicyProblem } from '../policy/error.ts'
import type { PolicyFile } from '../policy/load.ts'
import type { PolicyHolder } from '../policy/reload.ts'
import { storeAnswers } from '../store/remote/server.ts'
import type { Store } from '../store/store.ts'
import type { Member } from './member.ts'
import { databaseShape, keyShape, metricsShape, problemsShape } from './messages.ts'
import { Slot } from './slot.ts'

/** Connections that wait for a worker while there is none. More are closed at once. */
const MAX_WAITING = 1_024

const CANCEL_MS = 2_000

export interface PoolOptions {
  readonly config: Config
  readonly store: Store
  /** The gateway's own id, after which its workers' are named. */
  readonly gateway: string
  /** Signs the heads of their chains too. */
  readonly signingKey: SigningKey
  readonly policies: PolicyHolder
  readonly log: Logger
  /** A worker's session may have changed what names mean in a database. */
  readonly namesChanged: (database: string) => void
}

/** The workers of a gateway: processes that speak protocols, each with its own policies, sessions and journal. */
export class WorkerPool {
  readonly #options: PoolOptions
  readonly #slots: readonly Slot[]
  readonly #waiting = new Set<Socket>()
  /** Of the journals of its workers. */
  drains: readonly Drain[] = []
  #unsubscribe: () => void = () => undefined
  #turn = 0
  #stopping = false

  constructor(options: PoolOptions) {
    this.#options = options
    const { config, policies, store, log } = options
    const answers = storeAnswers(store)
    const { store: _, ...given } = config
    this.#slots = Array.from({ length: config.workers }, (_none, index) => {
      const number = index + 1
      const cancel = (args: readonly unknown[]) => this.#cancel(number, args)
      const names = (args: readonly unknown[]) => this.#names(number, args)
      const stored = () => this.drains[index]?.flush() ?? Promise.reject(new Error('its entries are not moved yet'))
      const all = new Map<string, (args: readonly unknown[]) => unknown>([...answers, ['cancel', cancel], ['names', names], ['stored', stored]])
      return new Slot(number, { config: given, policies, log, answers: all, onServing: () => this.#serveWaiting() })
    })
  }

  /** Resolves when all workers are ready. Rejects with why one cannot start. */
  async start(): Promise<void> {
    const { store, config, signingKey, log } = this.#options
    this.#unsubscribe = store.subscribe((event) => this.#members().forEach((member) => member.changed(event)))
    await Promise.all(this.#slots.map((slot) => slot.open()))
    const onTrouble = (error: unknown) => log.warn({ err: error }, "a worker's ledger entries wait for the store")
    this.drains = this.#slots.map((slot) =>
      drainInto(config, this.#journalOf(slot), signingKey, { onTrouble, onRan: (requests) => store.runs.announce(requests) }),
    )
  }

  /** Gives a connection, of which nothing was read, to the next worker. */
  accept(socket: Socket): void {
    for (let tried = 0; tried < this.#slots.length; tried++) {
      if (this.#slots[this.#turn++ % this.#slots.length]?.serve(socket) === true) return
    }
    if (this.#stopping || this.#waiting.size >= MAX_WAITING) return void socket.destroy()
    this.#waiting.add(socket)
    socket.on('error', () => socket.destroy())
    socket.on('close', () => this.#waiting.delete(socket))
    return undefined
  }

  /** Has every worker load new policies beside those in force. What one cannot load is refused for all. */
  async prepare(files: readonly PolicyFile[]): Promise<readonly PolicyProblem[]> {
    const problems = await Promise.all(this.#members().map((member) => this.#prepare(member, files)))
    return problems.find((some) => some.length > 0) ?? []
  }

  /** Puts in force what was prepared. A worker that cannot is replaced by one that is started with it. */
  use(version: string): void {
    for (const member of this.#members()) member.ask('use', [version]).catch(() => member.kill())
  }

  /** Keys that were erased. Rejects when a worker has not said that it has forgotten them. */
  async forget(keys: readonly string[]): Promise<void> {
    await Promise.all(this.#members().map((member) => member.ask('forget', [keys])))
  }

  /** What each worker counts; one that does not answer is left out. */
  async metrics(): Promise<readonly object[][]> {
    const all = await Promise.allSettled(this.#members().map(async (member) => metricsShape.parse(await member.ask('metrics'))))
    return all.filter((one) => one.status === 'fulfilled').map(({ value }) => value)
  }

  /** Null while every worker serves; else what is wrong with the first that does not. */
  get trouble(): string | null {
    return this.#slots.map((slot) => slot.trouble).find((trouble) => trouble !== null) ?? null
  }

  /** Resolves when no process is left. Let nobody in before. */
  async stop(): Promise<void> {
    this.#stopping = true
    for (const socket of this.#waiting) socket.destroy()
    await Promise.all(this.drains.map((drain) => drain.stop()))
    await Promise.all(this.#slots.map((slot) => slot.stop()))
    this.#unsubscribe()
  }

  #members(): readonly Member[] {
    return this.#slots.map(({ member }) => member).filter((member) => member !== null)
  }

  #serveWaiting(): void {
    if (this.#waiting.size === 0) return
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const socket of waiting) {
      socket.removeAllListeners()
      this.accept(socket)
    }
  }

  async #prepare(member: Member, files: readonly PolicyFile[]): Promise<readonly PolicyProblem[]> {
    try {
      return problemsShape.parse(await member.ask('prepare', [files]))
    } catch (error) {
      if (!this.#members().includes(member)) return [] // it has ended, and its successor starts with what is in force then
      const message = `worker ${member.number} could not load them: ${error instanceof Error ? error.message : String(error)}`
      return [{ file: this.#options.config.policies, line: 1, column: 1, policy: null, message }]
    }
  }

  /** The key names no worker, so that it tells a client nothing; all others are asked. */
  async #cancel(from: number, args: readonly unknown[]): Promise<void> {
    const key = keyShape.parse(args)
    await Promise.allSettled(
      this.#members()
        .filter(({ number }) => number !== from)
        .map((member) => member.ask('cancel', key, CANCEL_MS)),
    )
  }

  /** Resolves when no other process goes by what it knew; rejects when one has not said so. */
  async #names(from: number, args: readonly unknown[]): Promise<void> {
    const [database] = databaseShape.parse(args)
    this.#options.namesChanged(database)
    await Promise.all(
      this.#members()
        .filter(({ number }) => number !== from)
        .map((member) => member.ask('names', [database])),
    )
  }

  /** A worker's journal as it is drained: its files are read here, and only it can say how far they are on disk. */
  #journalOf(slot: Slot): Drained {
    const { config, gateway } = this.#options
    const asked = (call: string, args: readonly unknown[] = []) => {
      const { member } = slot
      return member ? member.ask(call, args) : Promise.reject(new Error(`worker ${slot.number} is not running`))
    }
    return {
      directory: config.data,
      gateway: workerId(gateway, slot.number),
      get seq() {
        return slot.seq
      },
      sync: async () => Number(await asked('sync')),
      fail: (why) => void asked('fail', [why]).catch(() => undefined),
    }
  }
}
