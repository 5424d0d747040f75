import { setTimeout as sleep } from 'node:timers/promises'
import { principalId } from '@countersign/core/principal'
import { Cut } from '../adapters/adapter.ts'
import { type Clock, systemClock } from '../clock.ts'
import type { WorkerStore, StoreEvent } from '../store/store.ts'
import { GONE_MS } from './health.ts'
import type { Opened } from './opened.ts'

/** A live connection as the registry sees it. */
export interface Live {
  readonly id: string
  readonly token: string
  readonly opened: Pick<Opened, 'principal' | 'scope' | 'resource' | 'grant'>
  /** It has ended, and only its record is still being written: nothing needs to cut it. */
  readonly isOver: boolean
  /** The grants it lives under: that of its connection, and that of the statement that runs now. */
  grants(): readonly string[]
  /** True for each of those. */
  livesUnder(grant: string): boolean
  /** Its principal is in these groups from now on. */
  regroup(groups: readonly string[]): void
  cut(reason: Cut): void
}

/** After so long what could not be read is read again: a revocation cuts within a second. */
const RETRY_MS = 250

/** What connections end with. */
type Kind = 'session' | 'grant' | 'token'

/** Every connection that this gateway holds, and the obedience to what others decide about them. */
export class Registry {
  readonly #live = new Map<string, Live>()
  /** What is being read, by its kind and id. `again`: it may have changed since that began. */
  readonly #looking = new Map<string, { again: boolean }>()
  readonly #store: WorkerStore
  readonly #onError: (error: unknown) => void
  readonly #clock: Pick<Clock, 'monotonic'>
  readonly #unsubscribe: () => void
  readonly #closing = new AbortController()

  constructor(store: WorkerStore, onError: (error: unknown) => void, clock: Pick<Clock, 'monotonic'> = systemClock) {
    this.#store = store
    this.#onError = onError
    this.#clock = clock
    this.#unsubscribe = store.subscribe((event) => this.#obey(event))
  }

  get size(): number {
    return this.#live.size
  }

  has(id: string): boolean {
    return this.#live.has(id)
  }

  add(session: Live): void {
    this.#live.set(session.id, session)
  }

  remove(id: string): void {
    this.#live.delete(id)
  }

  /** Those of a user and of his agents. */
  sessionsOf(user: string): readonly Live[] {
    return [...this.#live.values()].filter(({ isOver, opened }) => !isOver && opened.principal.user === user)
  }

  cutAll(reason: Cut): void {
    for (const session of this.#live.values()) session.cut(reason)
  }

  /**
   * Reads again what may have ended before this session was added: its token, and the grant that it was given. What is in the store only since then,
   * its record and a grant of its own, is not read: every change of that was heard. Rejects with StoreUnavailable.
   */
  async recheckGiven(session: Live, grant: string | null): Promise<void> {
    await Promise.all([this.#check('token', session.token), ...(grant === null ? [] : [this.#check('grant', grant)])])
  }

  close(): void {
    this.#closing.abort()
    this.#unsubscribe()
  }

  /** What was only now inserted nobody has ended: a connection would read again what it has just written. */
  #obey(event: StoreEvent): void {
    if (event.kind === 'resync') return this.#recheckAll()
    if (event.inserted) return undefined
    switch (event.kind) {
      case 'session':
      case 'grant':
      case 'token':
        return this.#look(event.kind, event.id)
      case 'request':
      case 'erasure':
      case 'login':
      case 'passkey':
      case 'run':
      case 'person': // directory.ts of identity hears of it, and standing.ts from there
        return undefined
    }
  }

  /** Changes may have been missed. */
  #recheckAll(): void {
    for (const session of this.#live.values()) {
      this.#look('session', session.id)
      this.#look('token', session.token)
      for (const grant of session.grants()) this.#look('grant', grant)
    }
  }

  #look(kind: Kind, id: string): void {
    const key = `${kind} ${id}`
    const looking = this.#looking.get(key)
    if (looking) looking.again = true
    else void this.#lookUntilRead(kind, id, key)
  }

  /** Whoever lives by what cannot be read for as long as a store may be silent is cut: it may have ended. */
  async #lookUntilRead(kind: Kind, id: string, key: string): Promise<void> {
    const look = { again: true }
    this.#looking.set(key, look)
    const { signal } = this.#closing
    for (let failing: number | null = null; look.again && !signal.aborted;) {
      look.again = false
      try {
        await this.#check(kind, id)
        failing = null
      } catch (error) {
        const now = this.#clock.monotonic()
        if (failing === null) this.#onError(error)
        failing ??= now
        look.again = now - failing < GONE_MS
        if (look.again) await sleep(RETRY_MS, undefined, { signal, ref: false }).catch(() => undefined)
        else this.#cut(kind, id, new Cut('store', `the gateway cannot read from its store whether this connection may go on (${id})`))
      }
    }
    this.#looking.delete(key)
  }

  async #check(kind: Kind, id: string): Promise<void> {
    if (this.#concerned(kind, id).length === 0) return
    const reason = await this.#endOf(kind, id)
    if (reason) this.#cut(kind, id, reason)
  }

  #cut(kind: Kind, id: string, reason: Cut): void {
    for (const session of this.#concerned(kind, id)) session.cut(reason)
  }

  #concerned(kind: Kind, id: string): readonly Live[] {
    const session = this.#live.get(id)
    const all = kind === 'session' ? (session ? [session] : []) : [...this.#live.values()]
    return all.filter((live) => !live.isOver && (kind === 'session' || (kind === 'grant' ? live.livesUnder(id) : live.token === id)))
  }

  /** Null while it stands. */
  #endOf(kind: Kind, id: string): Promise<Cut | null> {
    switch (kind) {
      case 'session':
        return this.#endOfSession(id)
      case 'grant':
        return this.#endOfGrant(id)
      case 'token':
        return this.#endOfToken(id)
    }
  }

  async #endOfSession(id: string): Promise<Cut | null> {
    const record = await this.#store.sessions.get(id)
    return record?.cut ? new Cut('killed', `session ${id} ${record.cut.reason}`) : null
  }

  async #endOfGrant(id: string): Promise<Cut | null> {
    const grant = await this.#store.grants.get(id)
    if (!grant || grant.status === 'active' || grant.status === 'used' || grant.status === 'void') return null // void: what runs was what was approved
    const [code, why] = endOf(grant.status, grant.endReason)
    return new Cut(code, `access of ${principalId(grant.subject)} to ${grant.resource} (${id}) ${why}`)
  }

  async #endOfToken(id: string): Promise<Cut | null> {
    const token = await this.#store.tokens.get(id)
    return token?.revokedAt === null ? null : new Cut('token', 'the token of this connection was revoked')
  }
}

function endOf(status: 'done' | 'revoked' | 'expired', reason: string | null): readonly [Cut['code'], string] {
  switch (status) {
    case 'done':
      return ['done', 'is done']
    case 'revoked':
      return ['revoked', `was ${reason ?? 'revoked'}`]
    case 'expired':
      return ['expired', 'has reached its end']
  }
}
