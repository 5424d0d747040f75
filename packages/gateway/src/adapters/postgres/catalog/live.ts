import type { Target } from '../../adapter.ts'
import { Beside } from '../beside.ts'
import type { Uses } from '../classify/uses.ts'
import { within } from '../within.ts'
import { definitionIn, definitionQuestion } from './definition.ts'
import { doubt, type Finding } from './inside.ts'
import { type Ask, Known } from './known.ts'
import { RECORD, type SearchPath } from './meaning.ts'
import { Trust } from './trust.ts'

/** A target that cannot be asked is left alone for as long, and everything is unknown. */
const AGAIN_MS = 1_000
/** One question; a target that is slower is one that cannot be asked. It is told so, and ends it itself. */
const QUESTION_MS = 4_000
const GRACE_MS = 1_000
/** Of all objects: some hundred bytes for each that an extension or a user made. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024
/** A connection that nobody has needed for so long is closed. */
const IDLE_MS = 10_000

/** Compiling our queries would take longer than they do. */
const SETTINGS = new Map([
  ['application_name', 'countersign:catalog'],
  ['statement_timeout', String(QUESTION_MS)],
  ['jit', 'off'],
])

/**
 * The catalog of one database as every session there sees it, which is what has been committed. It is read on a connection of its own, and
 * believed for `catalogMaxAgeMs`; half of that passes before anybody asks again beside a statement.
 */
export class LiveCatalog {
  readonly #target: Target
  readonly #trust: Trust
  readonly #onChange: () => Promise<void> | null
  readonly #closed = new AbortController()
  #beside: Beside | null = null
  #idle: NodeJS.Timeout | null = null
  #known: Known | null = null
  /** Monotonic milliseconds: when the check began that `#known` passed last; until when nothing that was read before counts; when a check failed. */
  #asOf = -Infinity
  #droppedAt = -Infinity
  #failedAt = -Infinity
  #failure = ''
  #checking: Promise<void> | null = null
  /** One job at a time has the connection. */
  #turn: Promise<unknown> = Promise.resolve()

  /** `onChange` is called when a session may have changed what its names mean, and drops what is known of it wherever that is. */
  constructor(target: Target, onChange: () => Promise<void> | null) {
    this.#target = target
    this.#onChange = onChange
    this.#trust = new Trust(target.trustedFunctions, target.trustedExtensions)
  }

  get trust(): Trust {
    return this.#trust
  }

  /** What `classify` may take for reviewed, as far as the catalog is known: `schema.name`. */
  get trusted(): readonly string[] {
    return this.#known?.trusted ?? this.#target.trustedFunctions
  }

  /** What is known for certain at this moment, without asking; null when it has to be asked. */
  get fresh(): Known | null {
    if (!this.isFresh(this.#asOf)) return null
    const age = performance.now() - this.#asOf
    if (age > this.#target.catalogMaxAgeMs / 2) void this.#check().catch(() => undefined) // so that the next statement need not wait
    return this.#known
  }

  /** What was read at that time (monotonic milliseconds) is believed still. */
  isFresh(asOf: number): boolean {
    return performance.now() - asOf <= this.#target.catalogMaxAgeMs && asOf > this.#droppedAt
  }

  /** A session may have changed it. Resolves when nobody believes what was known before, in any process of this gateway; null: nobody does already. */
  changed(): Promise<void> | null {
    return this.#onChange()
  }

  /** What was read before now is not believed. */
  drop(): void {
    this.#droppedAt = performance.now()
  }

  /** The catalog as it is now, or was not before `since` (monotonic milliseconds), with what these statements name. Rejects with why it cannot be read. */
  async read(uses: readonly Uses[], path: SearchPath, since = -Infinity): Promise<Known> {
    const now = performance.now()
    while (this.#asOf < since || (this.fresh === null && this.#asOf < now)) await this.#check()
    const known = this.#known
    if (!known) throw new Error(this.#failure)
    for (const each of uses) if (!known.covers(each, path)) await this.#ask((ask) => known.learn(ask, each, path))
    return known
  }

  /** Says of each of these statements what it may run besides what its text says, in a session that has just begun. Never rejects: what cannot be asked is in doubt. */
  async judge(uses: readonly Uses[], path: SearchPath): Promise<(each: Uses, anyType: boolean) => Finding> {
    try {
      const known = await this.read(uses, path)
      return (each, anyType) => known.judge(each, path, anyType ? [RECORD] : [])
    } catch (error) {
      return () => unanswered(error instanceof Error ? error.message : String(error))
    }
  }

  /** How everything that such a statement may touch is defined now, as a digest; null where it cannot be asked. Never rejects. */
  async definition(uses: Uses | null, schemas: readonly string[]): Promise<string | null> {
    try {
      return await this.#ask(async (ask) => definitionIn(await ask(...definitionQuestion(uses, schemas))))
    } catch {
      return null // what is approved without it is exactly one action
    }
  }

  close(): void {
    this.#closed.abort()
    if (this.#idle) clearTimeout(this.#idle)
    this.#beside = null
  }

  /** Whoever comes during one waits for the same. */
  #check(): Promise<void> {
    this.#checking ??= this.#checkNow().finally(() => (this.#checking = null))
    return this.#checking
  }

  async #checkNow(): Promise<void> {
    const since = performance.now()
    if (since - this.#failedAt < AGAIN_MS) throw new Error(this.#failure)
    try {
      this.#known = await this.#ask(async (ask) => (this.#known && (await this.#known.holds(ask)) ? this.#known : Known.load(ask, this.#trust)))
      this.#asOf = since
    } catch (error) {
      this.#known = null
      this.#failedAt = performance.now()
      this.#failure = error instanceof Error ? error.message : String(error)
      throw error
    }
  }

  /** A connection on which something went wrong is not used again. */
  #ask<T>(job: (ask: Ask) => Promise<T>): Promise<T> {
    const run = this.#turn.then(async () => {
      try {
        if (this.#beside?.isOpen === false) await this.#hangUp()
        const beside = (this.#beside ??= await Beside.open(this.#target, SETTINGS, this.#closed.signal, MAX_ANSWER_BYTES))
        return await job((text, parameters) => within(QUESTION_MS + GRACE_MS, beside.ask(text, parameters), 'the target does not answer'))
      } catch (error) {
        await this.#hangUp()
        throw error
      } finally {
        this.#waitForMore()
      }
    })
    this.#turn = run.catch(() => undefined)
    return run
  }

  #waitForMore(): void {
    if (this.#idle) clearTimeout(this.#idle)
    this.#idle = setTimeout(() => void this.#hangUp(), IDLE_MS).unref()
  }

  async #hangUp(): Promise<void> {
    const beside = this.#beside
    this.#beside = null
    await beside?.[Symbol.asyncDispose]()
  }
}

/** Nobody could say what a name means. */
export function unanswered(why: string): Finding {
  return doubt(`the live catalog could not be asked what its names mean: ${why}`)
}
