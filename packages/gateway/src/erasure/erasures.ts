import { setTimeout as sleep } from 'node:timers/promises'
import { principalId } from '@countersign/core/principal'
import { type Caller, seesAll } from '../identity/caller.ts'
import type { RefreshTokens } from '../identity/oidc/refresh-tokens.ts'
import { gatewayOf } from '../journal/files.ts'
import { eraseKeys, peopleIn, type PersonKey } from '../journal/people.ts'
import type { Erasure, Store } from '../store/store.ts'
import type { Context } from '../workflow/context.ts'
import { newId } from '../workflow/ids.ts'
import { WorkflowError } from '../workflow/workflow.ts'
import { cutSessions, eraseIdentity, eraseRows, sessionsHere } from './rows.ts'

/** How often what could not be erased is tried again, for ever. */
const RETRY_MS = 2_000
/** How long connections may take to be cut, before the rest is put off. */
const CUT_MS = 5_000
const LOOK_MS = 100

export interface ErasuresOptions {
  readonly context: Context & { readonly store: Store }
  /** The gateway's data directory. */
  readonly directory: string
  /** Whoever has these keys in memory, workers too, forgets them. Rejects when one has not said so. */
  readonly forget: (keys: readonly string[]) => Promise<void>
  /** With which issuers are asked about people. */
  readonly refreshTokens: Pick<RefreshTokens, 'all' | 'forget'>
  readonly onError: (error: unknown) => void
}

/** An erasure, and the gateways that have not done it. One that is gone for good stays among them: its data directory has its keys. */
export interface ErasureState extends Erasure {
  readonly waiting: readonly string[]
}

/**
 * Erases the personal data of users at this gateway: the keys in its data directory, its workers' too, and what the store has readable. Every
 * gateway on the store does so when it hears of it, and at its start, until it has, and says so in the ledger and in the store.
 */
export class Erasures {
  readonly #options: ErasuresOptions
  readonly #recorded = new Set<string>()
  /** When each was begun here, by this gateway's clock. */
  readonly #begun = new Map<string, number>()
  /** Erased by this process, and perhaps still in some memory. */
  readonly #gone = new Set<string>()
  #unsubscribe: () => void = () => undefined
  #timer: NodeJS.Timeout | undefined
  #round: Promise<void> | null = null
  #again = false

  constructor(options: ErasuresOptions) {
    this.#options = options
  }

  /** Call before the first connection: a backup may have brought keys back. */
  async start(): Promise<void> {
    const { context, directory, onError } = this.#options
    for (const erasure of await context.store.erasures.list()) {
      if (!this.#isDone(erasure)) continue
      const back = peopleIn(directory).filter(({ user, at }) => user === erasure.user && at <= erasure.at)
      if (back.length > 0) await this.#erase(erasure, back)
    }
    this.#unsubscribe = context.store.subscribe(({ kind }) => (kind === 'erasure' || kind === 'resync') && this.#soon())
    this.#timer = setInterval(() => this.#soon(), RETRY_MS)
    await this.#all().catch(onError)
  }

  async stop(): Promise<void> {
    this.#unsubscribe()
    clearInterval(this.#timer)
    await this.#round
  }

  /** The intent is in the ledger first: who asked, and, sealed, of whom and why. Admins only. */
  async ask(caller: Caller, user: string, reason: string): Promise<ErasureState> {
    assertAdmin(caller)
    const { context } = this.#options
    await this.#assertKnown(user)
    const erasure = { id: newId('erasure'), user, by: principalId(caller.principal), at: context.clock.now() }
    await context.journal.append({ type: 'erasure.asked', body: { erasure: erasure.id, by: erasure.by }, secret: { user, reason } }, 'disk')
    await context.store.erasures.insert(erasure)
    return this.#stateOf({ ...erasure, done: [] })
  }

  /** Newest first. Admins and auditors only. */
  async list(caller: Caller): Promise<readonly ErasureState[]> {
    if (!seesAll(caller)) throw new WorkflowError('forbidden', 'whose personal data was erased is for admins and auditors')
    const erasures = await this.#options.context.store.erasures.list()
    return Promise.all(erasures.map((erasure) => this.#stateOf(erasure)))
  }

  async #stateOf(erasure: Erasure): Promise<ErasureState> {
    const gateways = (await this.#options.context.store.gateways.list()).map(({ id }) => id).filter((id) => gatewayOf(id) === id)
    return { ...erasure, waiting: gateways.filter((id) => !erasure.done.some(({ gateway }) => gateway === id)) }
  }

  /** Somebody who has left is in no configuration any more; a name that was mistyped is nowhere. */
  async #assertKnown(user: string): Promise<void> {
    const { context, directory } = this.#options
    if (context.directory.users().some(({ name }) => name === user) || peopleIn(directory).some((key) => key.user === user)) return
    if ((await context.store.sessions.list({ user, limit: 1 })).length > 0 || (await context.store.requests.list({ user, limit: 1 })).length > 0) return
    throw new WorkflowError('not-found', `nothing is known here of a user ${user}`)
  }

  #soon(): void {
    this.#again = true
    this.#round ??= this.#rounds().finally(() => (this.#round = null))
  }

  async #rounds(): Promise<void> {
    while (this.#again) {
      this.#again = false
      await this.#all().catch(this.#options.onError)
    }
  }

  async #all(): Promise<void> {
    const { store, clock, journal } = this.#options.context
    for (const erasure of await store.erasures.list()) {
      if (this.#isDone(erasure)) continue
      await this.#endSessions(erasure)
      if (erasure.done.length === 0) await eraseIdentity(this.#options.context, erasure)
      this.#forgetSignIns(erasure)
      await eraseRows(this.#options.context, erasure)
      await this.#erase(
        erasure,
        peopleIn(this.#options.directory).filter(({ user }) => user === erasure.user),
      )
      await store.erasures.done(erasure.id, journal.gateway, clock.now())
    }
  }

  async #endSessions({ id, user, by }: Erasure): Promise<void> {
    const { context } = this.#options
    const begun = this.#begun.get(id) ?? context.clock.now()
    this.#begun.set(id, begun)
    for (let waited = 0; ; waited += LOOK_MS) {
      const live = await sessionsHere(context, user, begun)
      if (live.length === 0) return
      if (waited > CUT_MS) throw new Error(`${id} waits for ${live.length} connections that are not cut yet`)
      await cutSessions(context, live, by)
      await sleep(LOOK_MS)
    }
  }

  /** Of a sign-in since then the issuer was asked later. */
  #forgetSignIns({ user, at }: Erasure): void {
    const { refreshTokens } = this.#options
    for (const held of refreshTokens.all()) if (held.user === user && held.checkedAt <= at) refreshTokens.forget(held.person)
  }

  /** The ledger says so first: a crash before the keys are gone is made good by doing it again. */
  async #erase({ id }: Erasure, keys: readonly PersonKey[]): Promise<void> {
    const { context, directory, forget } = this.#options
    const ids = keys.map((key) => key.id)
    if (ids.length > 0 || !this.#recorded.has(id)) await context.journal.append({ type: 'person.erased', body: { erasure: id, keys: ids } }, 'disk')
    this.#recorded.add(id)
    for (const key of eraseKeys(directory, keys)) this.#gone.add(key)
    await forget([...this.#gone])
  }

  #isDone({ done }: Erasure): boolean {
    return done.some(({ gateway }) => gateway === this.#options.context.journal.gateway)
  }
}

function assertAdmin({ admin }: Caller): void {
  if (!admin) throw new WorkflowError('forbidden', 'only an admin erases personal data')
}
