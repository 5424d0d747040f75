import type { Target } from '../../adapter.ts'
import { Beside } from '../beside.ts'
import { Turns } from '../turns.ts'

/** How many connections of its own the gateway has to one resource for the care of accounts. */
const AT_ONCE = 4
/** One job, its login included. The target is told what a statement may take, so that it gives up before we do. */
const JOB_MS = 20_000
const STATEMENT_MS = 10_000
const LOCK_MS = 5_000
/** Connections that nobody has needed for so long are closed. */
const IDLE_MS = 10_000

/** Names in our statements are PostgreSQL's own; a temporary schema would else come first. */
const SETTINGS = new Map([
  ['application_name', 'countersign:accounts'],
  ['search_path', 'pg_catalog,pg_temp'],
  ['statement_timeout', String(STATEMENT_MS)],
  ['lock_timeout', String(LOCK_MS)],
])

interface Kept {
  readonly beside: Beside
  readonly database: string
  readonly lost: AbortController
}

/** The gateway as administrator of one resource: a few connections with the resource's credential, to any of its databases. */
export class Admin {
  readonly target: Target
  readonly #turns = new Turns(AT_ONCE)
  readonly #closed = new AbortController()
  #kept: Kept[] = []
  #idle: NodeJS.Timeout | null = null

  /** `target` with the resource's own database. */
  constructor(target: Target) {
    this.target = target
  }

  /**
   * Runs `job` on a connection that is nobody else's meanwhile, to the resource's own database where none is named. Rejects with ConnectionRefused when
   * there is no connection, with Refused (and its SQLSTATE) when the target refuses a statement, and for a target that does not answer.
   */
  run<T>(job: (beside: Beside) => Promise<T>, database: string = this.target.database): Promise<T> {
    return this.#turns.run(this.target.resource, this.#closed.signal, () => this.#run(job, database))
  }

  close(): void {
    this.#closed.abort(new Error('the gateway is shutting down'))
    this.#hangUp()
  }

  async #run<T>(job: (beside: Beside) => Promise<T>, database: string): Promise<T> {
    const { lost, beside: ready } = this.#take(database) ?? { lost: new AbortController(), beside: null }
    const late = setTimeout(() => lost.abort(), JOB_MS)
    let beside = ready
    try {
      beside ??= await Beside.open({ ...this.target, database }, SETTINGS, lost.signal)
      const result = await job(beside)
      this.#keep({ beside, database, lost })
      return result
    } catch (error) {
      await beside?.[Symbol.asyncDispose]() // one on which something went wrong is not used again
      throw lost.signal.aborted ? new Error(`${this.target.resource} did not answer in ${JOB_MS / 1000} s`, { cause: error }) : error
    } finally {
      clearTimeout(late)
    }
  }

  /** A connection that was lost while nobody used it is not one. */
  #take(database: string): Kept | null {
    this.#kept = this.#kept.filter(({ beside }) => beside.isOpen)
    const at = this.#kept.findLastIndex((kept) => kept.database === database)
    return at === -1 ? null : (this.#kept.splice(at, 1)[0] ?? null)
  }

  #keep(kept: Kept): void {
    this.#kept.push(kept)
    if (this.#closed.signal.aborted) return this.#hangUp()
    while (this.#kept.length > AT_ONCE) void this.#kept.shift()?.beside[Symbol.asyncDispose]()
    if (this.#idle) clearTimeout(this.#idle)
    this.#idle = setTimeout(() => this.#hangUp(), IDLE_MS).unref()
    return undefined
  }

  #hangUp(): void {
    for (const { beside } of this.#kept.splice(0)) void beside[Symbol.asyncDispose]()
  }
}

/** The administrators of all resources. `target` says how one is reached; it throws for a resource that is not configured. */
export class Admins {
  readonly #target: (resource: string) => Target
  readonly #admins = new Map<string, Admin>()

  constructor(target: (resource: string) => Target) {
    this.#target = target
  }

  of(resource: string): Admin {
    const known = this.#admins.get(resource)
    if (known) return known
    const admin = new Admin(this.#target(resource))
    this.#admins.set(resource, admin)
    return admin
  }

  close(): void {
    for (const admin of this.#admins.values()) admin.close()
  }
}
