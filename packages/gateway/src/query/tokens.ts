import type { Caller } from '../identity/caller.ts'
import type { Desk } from '../identity/desk.ts'
import type { LoginRecord, StoreEvent } from '../store/store.ts'
import { WorkflowError } from '../workflow/workflow.ts'

/** One that nobody has used for so long is revoked. */
const UNUSED_MS = 600_000
const NAME = 'query page'
/** After so long a sign-in that could not be read is read again. */
const RETRY_MS = 250

/** Somebody who is signed in on the web. */
export interface SignedIn extends Caller {
  readonly by: Extract<Caller['by'], { kind: 'login' }>
}

/** A token for one run. `signal` aborts when the token is no longer good; say `release` once. */
export interface Lent {
  readonly secret: string
  readonly signal: AbortSignal
  release(): void
}

export interface QueryTokensOptions {
  readonly desk: Pick<Desk, 'createToken' | 'revokeToken'>
  readonly store: {
    readonly logins: { get(id: string): Promise<Pick<LoginRecord, 'endedAt'> | null> }
    subscribe(listener: (event: StoreEvent) => void): () => void
  }
  readonly now: () => number
  /** How long a connection may last, and so a token. */
  readonly maxMs: number
  readonly onError: (error: unknown) => void
}

interface Kept {
  readonly key: string
  readonly by: SignedIn
  readonly id: string
  readonly secret: string
  readonly endsAt: number
  readonly ended: AbortController
  runs: number
  unused: NodeJS.Timeout | undefined
}

/**
 * The tokens that sign-ins on the web connect with: one for each sign-in and resource, good for that resource alone, and neither to review nor to administer.
 * Their secrets are in this process's memory and nowhere else. One ends with its sign-in, with this gateway, and some minutes after its last use.
 */
export class QueryTokens {
  readonly #options: QueryTokensOptions
  /** What is lent next, by sign-in and resource. */
  readonly #next = new Map<string, Promise<Kept>>()
  /** All that are good, those that are replaced too. */
  readonly #live = new Set<Kept>()
  readonly #unsubscribe: () => void
  #isClosed = false

  constructor(options: QueryTokensOptions) {
    this.#options = options
    this.#unsubscribe = options.store.subscribe((event) => {
      if (event.kind === 'login' || event.kind === 'resync') void this.#lookUntilRead(event.kind === 'login' ? event.id : null)
    })
  }

  /** Throws WorkflowError where the desk makes none. */
  async lend(by: SignedIn, resource: string): Promise<Lent> {
    const kept = await this.#current(by, resource)
    clearTimeout(kept.unused)
    kept.runs++
    return { secret: kept.secret, signal: kept.ended.signal, release: () => this.#release(kept) }
  }

  /** Revokes all of them. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#unsubscribe()
    await Promise.all([...this.#live].map((kept) => this.#end(kept)))
  }

  async #current(by: SignedIn, resource: string): Promise<Kept> {
    const key = JSON.stringify([by.by.id, resource])
    const lifeMs = Math.min(this.#options.maxMs, by.by.endsAt - this.#options.now())
    for (let before = this.#next.get(key); before; before = this.#next.get(key)) {
      const kept = await before
      if (!kept.ended.signal.aborted && kept.endsAt - this.#options.now() >= lifeMs / 2) return kept
      if (this.#next.get(key) === before) this.#next.delete(key)
    }
    const made = this.#make(key, by, resource, lifeMs)
    this.#next.set(key, made)
    made.catch(() => this.#next.delete(key))
    return made
  }

  async #make(key: string, by: SignedIn, resource: string, ttlMs: number): Promise<Kept> {
    const wish = { user: by.principal.user, agent: null, name: NAME, scope: { resources: [resource], actions: null }, mayReview: false, ttlMs }
    const { token, record } = await this.#options.desk.createToken(by, wish)
    const kept: Kept = { key, by, id: record.id, secret: token, endsAt: record.expiresAt, ended: new AbortController(), runs: 0, unused: undefined }
    this.#live.add(kept)
    try {
      // It may have ended before there was anything to look for.
      if (await this.#isOver(by.by.id)) throw new WorkflowError('forbidden', 'this sign-in has ended; sign in again')
      return kept
    } catch (error) {
      await this.#end(kept)
      throw error
    }
  }

  #release(kept: Kept): void {
    if (--kept.runs > 0 || kept.ended.signal.aborted) return
    kept.unused = setTimeout(() => void this.#end(kept), UNUSED_MS).unref()
  }

  /** What could not be read is read again, for ever: until then somebody might keep what he has lost. */
  async #lookUntilRead(login: string | null): Promise<void> {
    if (this.#isClosed) return
    try {
      await this.#look(login)
    } catch (error) {
      this.#options.onError(error)
      setTimeout(() => void this.#lookUntilRead(login), RETRY_MS).unref()
    }
  }

  /** Sign-ins have changed, this one or any. */
  async #look(login: string | null): Promise<void> {
    const concerned = [...this.#live].filter(({ by }) => login === null || by.by.id === login)
    for (const kept of concerned) if (await this.#isOver(kept.by.by.id)) await this.#end(kept)
  }

  async #isOver(login: string): Promise<boolean> {
    const record = await this.#options.store.logins.get(login)
    return record === null || record.endedAt !== null
  }

  async #end(kept: Kept): Promise<void> {
    if (!this.#live.delete(kept)) return
    clearTimeout(kept.unused)
    this.#next.delete(kept.key)
    kept.ended.abort()
    // What cannot be revoked now ends by itself: nobody has its secret any more.
    await this.#options.desk.revokeToken(kept.by, kept.id).catch(this.#options.onError)
  }
}
