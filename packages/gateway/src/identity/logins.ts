import { randomBytes } from 'node:crypto'
import { principalId } from '@countersign/core/principal'
import type { Clock } from '../clock.ts'
import type { Config } from '../config/config.ts'
import type { Journal } from '../journal/journal.ts'
import type { LoginRecord, LoginStore, Method } from '../store/store.ts'
import { WorkflowError } from '../workflow/workflow.ts'
import { type Caller, scopeOf, seesAll, type Users } from './caller.ts'
import { hashOf, isSecret, newSecret, openWith, sealWith } from './login-secret.ts'

/** Use is written down no more often than this. */
const USED_EVERY_MS = 60_000
const LONGEST_AGENT = 256

export interface LoginsOptions {
  readonly directory: Users
  readonly store: LoginStore
  readonly journal: Pick<Journal, 'append'>
  readonly clock: Pick<Clock, 'now'>
  readonly config: Pick<Config, 'login'>
}

/** The browser that signs in. */
export interface SeenFrom {
  readonly client: string
  readonly userAgent: string | null
}

/** What comes with a sign-in. `flow`: see LoginRecord. `keep` is given back for the secret, and for nothing else. */
export interface SignIn {
  readonly user: string
  readonly method: Method
  readonly flow: string | null
  readonly keep: string | null
  /** Of a login that this browser had (`knownBy`): it ends, so that none is ever carried over. */
  readonly before: string | null
}

/** Who is signed in on the web: a secret in a cookie, of which the store has a hash. Each beginning and end is an entry of the ledger. */
export class Logins {
  readonly #options: LoginsOptions

  constructor(options: LoginsOptions) {
    this.#options = options
  }

  /** The secret of a new login, which is returned here once. Null: this exchange has given one already. Throws WorkflowError for who is disabled or unknown. */
  async create({ user, method, flow, keep, before }: SignIn, { client, userAgent }: SeenFrom): Promise<string | null> {
    const { directory, store, journal, clock, config } = this.#options
    if (!directory.user(user)) throw new WorkflowError('forbidden', `${user} is disabled here, or unknown`)
    const now = clock.now()
    const secret = newSecret()
    const login: LoginRecord = {
      id: `login-${randomBytes(6).toString('hex')}`,
      hash: hashOf(secret),
      flow,
      user,
      method,
      createdAt: now,
      verifiedAt: now,
      lastUsedAt: now,
      expiresAt: now + config.login.maxMs,
      endedAt: null,
      client,
      userAgent: userAgent?.slice(0, LONGEST_AGENT) ?? null,
      sealed: keep === null ? null : sealWith(secret, keep),
    }
    if (!(await store.insert(login))) return null
    await journal.append({ type: 'login.started', body: { login: login.id, principal: user, method, client, expiresAt: login.expiresAt } }, 'disk')
    const earlier = before === null ? null : await store.findByHash(before)
    if (earlier) await this.#end(earlier, earlier.user, 'another sign-in in the same browser')
    return secret
  }

  /** Somebody whom the gateway knows tried to sign in, and was not let in. */
  async refused(user: string, method: Method, client: string, why: string): Promise<void> {
    await this.#options.journal.append({ type: 'login.refused', body: { principal: user, method, client, why } }, 'disk')
  }

  /** Null when there is no such login, when it is over, and when its user is disabled or gone. `uses`: whoever comes with it does something. */
  async caller(secret: string, uses: boolean): Promise<Caller | null> {
    const login = await this.#find(secret)
    const caller = login && this.#callerOf(login)
    if (!caller) return null // and it is not used: that would bring back one that is over
    const now = this.#options.clock.now()
    if (uses && now - login.lastUsedAt >= USED_EVERY_MS) await this.#options.store.used(login.id, now)
    return caller
  }

  /** The browser's own login has ended: null where it had none. `kept` is what was given to keep. */
  async signOut(secret: string): Promise<{ readonly login: LoginRecord; readonly kept: string | null } | null> {
    const login = await this.#find(secret)
    if (!login) return null
    await this.#end(login, login.user, 'signed out')
    return { login, kept: login.sealed === null ? null : openWith(secret, login.sealed) }
  }

  /** The live ones: the caller's own, or another user's for admins and auditors. */
  async list(caller: Caller, user: string = caller.principal.user): Promise<readonly LoginRecord[]> {
    if (user !== caller.principal.user && !seesAll(caller)) throw new WorkflowError('forbidden', 'where others are signed in is for admins and auditors')
    if (!isSomebody(caller))
      throw new WorkflowError('forbidden', 'where somebody is signed in is his own to see; use a token of his own without a scope, or sign in')
    const { store, clock } = this.#options
    const live = await store.list({ user, live: clock.now() })
    return live.filter((login) => this.#callerOf(login) !== null)
  }

  /** His own, or anybody's for an admin. */
  async end(by: Caller, id: string): Promise<LoginRecord> {
    const { store } = this.#options
    const login = await store.get(id)
    if (!login || !isSomebody(by) || !(login.user === by.principal.user || seesAll(by))) throw new WorkflowError('not-found', `there is no login ${id}`)
    if (login.user !== by.principal.user && !by.admin) throw new WorkflowError('forbidden', 'an auditor ends no login')
    await this.#end(login, principalId(by.principal), 'ended')
    return (await store.get(id)) ?? login
  }

  /** All of a user's, wherever he is signed in, or those by one method. */
  async endAllOf(user: string, by: string, why: string, method: Method | null = null): Promise<void> {
    const { store, clock } = this.#options
    const live = await store.list({ user, live: clock.now() })
    for (const login of live) if (method === null || login.method === method) await this.#end(login, by, why)
  }

  /** He has proved again that he is there. */
  async verified(id: string): Promise<void> {
    await this.#options.store.verified(id, this.#options.clock.now())
  }

  async #end({ id, user, method }: LoginRecord, by: string, why: string): Promise<void> {
    const { store, journal, clock } = this.#options
    if (await store.end(id, clock.now())) await journal.append({ type: 'login.ended', body: { login: id, principal: user, method, by, why } }, 'disk')
  }

  async #find(secret: string): Promise<LoginRecord | null> {
    return isSecret(secret) ? this.#options.store.findByHash(hashOf(secret)) : null
  }

  #callerOf({ id, user: name, createdAt, verifiedAt, lastUsedAt, expiresAt, endedAt }: LoginRecord): Caller | null {
    const { directory, clock, config } = this.#options
    const endsAt = Math.min(expiresAt, lastUsedAt + config.login.idleMs)
    const user = directory.user(name)
    if (!user || endedAt !== null || clock.now() >= endsAt) return null
    const { groups, admin, auditor } = user
    const by = { kind: 'login', id, verifiedAt, signedInAt: createdAt, endsAt } as const
    return { principal: { user: name, agent: null, groups }, admin, auditor, mayReview: true, proven: true, by }
  }
}

/** Neither an agent of his, nor what a token with a scope was given to. */
const isSomebody = (caller: Caller) => caller.principal.agent === null && scopeOf(caller) === null
