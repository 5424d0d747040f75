import { Skipped } from '../../adapter.ts'
import type { Batch } from '../batch.ts'
import type { Uses } from '../classify/uses.ts'
import { type Finding, first } from './inside.ts'
import { textValue } from '../impact/values.ts'
import { type Ask, Known } from './known.ts'
import { type LiveCatalog, unanswered } from './live.ts'
import { samePath, type SearchPath } from './meaning.ts'

const SETTING = (name: string) => `pg_catalog.current_setting('${name}')`
const UNCOMPILED = `SELECT ${SETTING('jit')}, ${SETTING('transaction_isolation')}, pg_catalog.set_config('jit', 'off', true)`

/** To read such a message as what follows its ROLLBACK would mean was thought through: what the search_path is then only the server knows. */
const IN_FAILED = 'its transaction has failed, and until that is over the target answers nothing; send ROLLBACK by itself'

/** What a transaction sees of the catalog. */
interface Own {
  readonly known: Known
  /** Monotonic milliseconds: it was so then. */
  readonly asOf: number
  /** It also sees what others commit. */
  readonly seesOthers: boolean
}

/**
 * Where one session stands: its search_path, and the catalog as it sees it. Both are asked for when they may have changed, and then kept. What a
 * transaction has changed and not committed only its own connection sees, so that one is asked instead.
 */
export class Standing {
  readonly #live: LiveCatalog
  readonly #batch: Batch
  #path: SearchPath | null = null
  /** Monotonic milliseconds: when that was asked for. Others may make a schema that a search_path has always named. */
  #pathAsOf = -Infinity
  /** Something ran in the open transaction that may have changed what names mean. */
  #changed = false
  /** The catalog as that transaction sees it. */
  #own: Own | null = null
  /** What the last `knows` or `learn` found: all of them have to say the same. */
  #known: readonly Known[] = []
  #failure = 'it was not read'
  #turn = 0

  constructor(live: LiveCatalog, batch: Batch) {
    this.#live = live
    this.#batch = batch
  }

  /** True while what a transaction has changed may still be undone. */
  get changed(): boolean {
    return this.#changed
  }

  /** Another number once something has run here that may have changed what names mean, or whose rights hold. */
  get turn(): number {
    return this.#turn
  }

  /** Something has run that may have changed what names mean. Resolves when no process of this gateway goes by what it knew before; null: none does. */
  touched(): Promise<void> | null {
    this.#changed = true
    this.#turn++
    return this.#forget()
  }

  /** The server is ready; outside a transaction everybody sees what it has changed, or nobody. */
  ready(status: string): Promise<void> | null {
    if (status !== 'I' || !this.#changed) return null
    this.#changed = false
    return this.#forget()
  }

  /** True when `judge` can answer at once. Nothing is asked. */
  knows(uses: readonly Uses[]): boolean {
    if (uses.length === 0) return true
    const path = this.#freshPath()
    const known = this.#current()
    if (path === null || known === null || !known.every((one) => uses.every((each) => one.covers(each, path)))) return false
    this.#known = known
    return true
  }

  #current(): readonly Known[] | null {
    const { fresh } = this.#live
    if (!this.#changed) return fresh && [fresh]
    if (this.#own === null || !this.#live.isFresh(this.#own.asOf)) return null
    return this.#own.seesOthers ? [this.#own.known] : fresh && [this.#own.known, fresh]
  }

  /** Asks what `judge` has to know; nothing that was read before `since` (monotonic milliseconds) counts. False when the server could not answer, and the client has seen why. */
  async learn(uses: readonly Uses[], since = -Infinity): Promise<boolean> {
    this.#known = []
    try {
      const path = (this.#pathAsOf < since ? null : this.#freshPath()) ?? (await this.#askPath())
      if (path === null) return false
      this.#known = this.#changed ? await this.#learnOwn(uses, path, since) : [await this.#live.read(uses, path, since)]
    } catch (error) {
      if (this.#batch.failed) return false
      this.#failure = error instanceof Skipped ? IN_FAILED : error instanceof Error ? error.message : String(error)
    }
    return true
  }

  judge(uses: Uses, declared: readonly number[]): Finding {
    const path = this.#path
    if (this.#known.length === 0 || path === null) return unanswered(this.#failure)
    return first(this.#known.map((known) => known.judge(uses, path, declared)))
  }

  /** A digest of what these names stand for, as the last `knows` or `learn` found it; null where that is not known. */
  objects(uses: Uses): string | null {
    const path = this.#path
    return this.#known.length === 0 || path === null ? null : this.#known.map((known) => known.objects(uses, path)).join()
  }

  #freshPath(): SearchPath | null {
    return this.#live.isFresh(this.#pathAsOf) ? this.#path : null
  }

  async #askPath(): Promise<SearchPath | null> {
    const asOf = performance.now()
    const snapshot = await this.#batch.snapshotAnew()
    this.#path = snapshot && samePath(snapshot.schemas)
    this.#pathAsOf = asOf
    return this.#path
  }

  /**
   * Asked on the session's own connection, where an error would end its transaction: so only where the same could be read beside it. A transaction that keeps an older
   * snapshot is not shown what others have committed, while the server finds names by it: then the catalog beside has to say the same.
   */
  async #learnOwn(uses: readonly Uses[], path: SearchPath, since: number): Promise<readonly Known[]> {
    await this.#live.read([], path)
    const { known, seesOthers } = (this.#own = await this.#askOwn(uses, path, since))
    return seesOthers ? [known] : [known, await this.#live.read(uses, path, since)]
  }

  async #askOwn(uses: readonly Uses[], path: SearchPath, since: number): Promise<Own> {
    const before = this.#own
    const isFresh = before !== null && before.asOf >= since && this.#live.isFresh(before.asOf)
    if (isFresh && uses.every((each) => before.known.covers(each, path))) return before
    const asOf = isFresh ? before.asOf : performance.now()
    return this.#uncompiled(async (ask, isolation) => {
      const known = before && (isFresh || (await before.known.holds(ask))) ? before.known : await Known.load(ask, this.#live.trust)
      for (const each of uses) if (!known.covers(each, path)) await known.learn(ask, each, path)
      return { known, asOf, seesOthers: isolation.startsWith('read ') }
    })
  }

  /**
   * Compiling our questions takes ten times as long as they do (half a second on 15); the connection of the live catalog is opened without, this one has it as its client
   * wants, and gets it back. What fails in between ends the transaction, and the setting with it.
   */
  async #uncompiled<T>(job: (ask: Ask, isolation: string) => Promise<T>): Promise<T> {
    const ask: Ask = (text, parameters) => this.#batch.ask(text, parameters)
    const [row] = await ask(UNCOMPILED, [])
    const result = await job(ask, row?.[1] ?? '')
    await ask("SELECT pg_catalog.set_config('jit', $1, true)", [textValue(row?.[0] ?? 'on')])
    return result
  }

  #forget(): Promise<void> | null {
    this.#path = null
    this.#own = null
    return this.#live.changed()
  }
}
