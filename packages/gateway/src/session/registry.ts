import { principalId } from '@countersign/core/principal'
import { Cut } from '../adapters/adapter.ts'
import type { WorkerStore, StoreEvent } from '../store/store.ts'
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

/** Every connection that this gateway holds, and the obedience to what others decide about them. */
export class Registry {
  readonly #live = new Map<string, Live>()
  readonly #store: WorkerStore
  readonly #onError: (error: unknown) => void
  readonly #unsubscribe: () => void

  constructor(store: WorkerStore, onError: (error: unknown) => void) {
    this.#store = store
    this.#onError = onError
    this.#unsubscribe = store.subscribe((event) => void this.#obey(event).catch(onError))
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
   * its record and a grant of its own, is not read: every change of that was heard.
   */
  async recheckGiven(session: Live, grant: string | null): Promise<void> {
    await Promise.all([this.#checkToken(session.token), ...(grant === null ? [] : [this.#checkGrant(grant)])])
  }

  /** Reads again whether this session, its grants and its token still stand: what was missed. */
  async recheck(session: Live): Promise<void> {
    await Promise.all([this.#checkSession(session.id), ...session.grants().map((grant) => this.#checkGrant(grant)), this.#checkToken(session.token)])
  }

  close(): void {
    this.#unsubscribe()
  }

  /** What was only now inserted nobody has ended: a connection would read again what it has just written. */
  async #obey(event: StoreEvent): Promise<void> {
    if (event.kind !== 'resync' && event.inserted) return undefined
    switch (event.kind) {
      case 'session':
        return this.#checkSession(event.id)
      case 'grant':
        return this.#checkGrant(event.id)
      case 'token':
        return this.#checkToken(event.id)
      case 'resync':
        await Promise.all([...this.#live.values()].map((session) => this.recheck(session).catch(this.#onError)))
        return undefined
      case 'request':
      case 'erasure':
      case 'login':
      case 'passkey':
      case 'run':
      case 'person': // directory.ts of identity hears of it, and standing.ts from there
        return undefined
    }
  }

  async #checkSession(id: string): Promise<void> {
    const session = this.#live.get(id)
    const record = session && !session.isOver && (await this.#store.sessions.get(id))
    if (record && record.cut) session?.cut(new Cut('killed', `session ${id} ${record.cut.reason}`))
  }

  async #checkGrant(id: string): Promise<void> {
    const under = [...this.#live.values()].filter((session) => !session.isOver && session.livesUnder(id))
    const grant = under.length > 0 ? await this.#store.grants.get(id) : null
    if (!grant || grant.status === 'active' || grant.status === 'used' || grant.status === 'void') return // void: what runs was what was approved
    const [code, why] = endOf(grant.status, grant.endReason)
    for (const session of under) session.cut(new Cut(code, `access of ${principalId(grant.subject)} to ${grant.resource} (${id}) ${why}`))
  }

  async #checkToken(id: string): Promise<void> {
    const holders = [...this.#live.values()].filter((session) => !session.isOver && session.token === id)
    const token = holders.length > 0 ? await this.#store.tokens.get(id) : null
    if (token?.revokedAt === null) return
    for (const session of holders) session.cut(new Cut('token', 'the token of this connection was revoked'))
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
