import { createHash, randomBytes } from 'node:crypto'
import { type Duty, scopeHasDuty } from '@countersign/core/token-scope'
import { makeVerifier } from '@countersign/wire/postgres/scram'
import type { OwedRecord, TokenRecord, TokenStore } from '../store/store.ts'
import type { Caller, Users } from './caller.ts'
import { faultOf, type TokenWish } from './token-wish.ts'

const PREFIX = 'cst_'
const ITERATIONS = 4096
const DEFAULT_LIFE_MS = 90 * 86_400_000
/** So many users are named to whoever asks for one that is not there. */
const MOST_NAMED = 20
/** How exactly it is known when a token was last used: a write for each use would cost more than it tells. */
const USE_MS = 60_000
/** Of how many tokens it is remembered when that was last written. */
const USES = 10_000

/** Who makes a token, and whether he has proved that he is whose it is. */
export interface Maker {
  readonly user: string
  readonly proven: boolean
}

/** A token cannot be made or used; `message` says why and what to do. */
export class IdentityError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'IdentityError'
  }
}

/** People and their agents, proved by tokens. A token is kept as a hash and as a SCRAM verifier, never itself. */
export class Tokens {
  readonly #directory: Users
  readonly #store: TokenStore
  readonly #now: () => number
  /** When the use of each token was last written, as far as this process knows. */
  readonly #uses = new Map<string, number>()

  constructor(directory: Users, store: TokenStore, now: () => number) {
    this.#directory = directory
    this.#store = store
    this.#now = now
  }

  /** The secret is returned here once and can never be had again. */
  async create(wish: TokenWish, by: Maker): Promise<{ readonly token: string; readonly record: TokenRecord }> {
    if (!this.#directory.user(wish.user)) throw new IdentityError(this.#nobody(wish.user))
    const fault = faultOf(wish)
    if (fault !== null) throw new IdentityError(fault)
    const token = PREFIX + randomBytes(32).toString('base64url')
    const createdAt = this.#now()
    const record: TokenRecord = {
      id: `tok-${randomBytes(6).toString('hex')}`,
      hash: hashOf(token),
      scram: await scramVerifier(wish.user, token),
      user: wish.user,
      agent: wish.agent,
      name: wish.name,
      scope: wish.scope,
      mayReview: wish.scope === null ? wish.mayReview : scopeHasDuty(wish.scope, 'review'),
      proven: by.proven,
      createdBy: by.user,
      createdAt,
      expiresAt: createdAt + (wish.ttlMs ?? DEFAULT_LIFE_MS),
      revokedAt: null,
      lastUsedAt: null,
    }
    await this.#store.insert(record)
    return { token, record }
  }

  /** Null when there is no such token, or it has expired, was revoked, or its user is gone. */
  async callerForSecret(token: string): Promise<Caller | null> {
    if (!token.startsWith(PREFIX)) return null
    const record = await this.#store.findByHash(hashOf(token))
    return record && this.#letIn(record)
  }

  /** Whoever holds this token, and until when (Unix milliseconds). */
  async holderOf(id: string): Promise<{ readonly caller: Caller; readonly endsAt: number } | null> {
    const record = await this.#store.get(id)
    const caller = record && this.#letIn(record)
    return caller && { caller, endsAt: record.expiresAt }
  }

  #letIn(record: TokenRecord): Caller | null {
    const caller = this.callerOf(record)
    if (caller !== null) this.#used(record.id)
    return caller
  }

  /** Groups are read from the directory at each call: leaving one binds the next action. */
  callerOf(record: TokenRecord): Caller | null {
    const user = this.#directory.user(record.user)
    if (!user || record.revokedAt !== null || this.#now() >= record.expiresAt) return null
    const principal = { user: record.user, agent: record.agent, groups: user.groups }
    const may = (duty: Duty) => record.agent === null && scopeHasDuty(record.scope, duty)
    return {
      principal,
      admin: user.admin && may('admin'),
      auditor: user.auditor && may('audit'),
      mayReview: record.mayReview && may('review'),
      proven: record.proven,
      by: { kind: 'token', id: record.id, scope: record.scope, endsAt: record.expiresAt },
    }
  }

  async liveOf(user: string): Promise<readonly TokenRecord[]> {
    const records = await this.#store.list({ user, live: true })
    return records.filter((record) => this.callerOf(record) !== null)
  }

  list(user: string | null): Promise<readonly TokenRecord[]> {
    return this.#store.list(user === null ? {} : { user })
  }

  revoke(id: string, owed: readonly OwedRecord[] = []): Promise<boolean> {
    return this.#store.revoke(id, this.#now(), owed)
  }

  /** All of a user's, his agents' too; the ids of those that were good until now. */
  revokeAll(user: string): Promise<readonly string[]> {
    return this.#store.revokeAll(user, this.#now())
  }

  /** Somebody was let in with it. It is written beside, seldom, and a store that does not take it keeps nobody out. */
  #used(id: string): void {
    const now = this.#now()
    if (now - (this.#uses.get(id) ?? 0) < USE_MS) return
    if (this.#uses.size >= USES) this.#uses.clear()
    this.#uses.set(id, now)
    this.#store.used(id, now, now - USE_MS).catch(() => this.#uses.delete(id)) // the next use writes it
  }

  #nobody(name: string): string {
    const known = this.#directory.users()
    if (known.some((user) => user.name === name)) return `${name} is disabled`
    const some = known.slice(0, MOST_NAMED).map((user) => user.name)
    return `there is no user ${name}; known here are ${some.join(', ') || 'none'}${known.length > MOST_NAMED ? ' and others' : ''}`
  }
}

/**
 * SCRAM's salt and iteration count for a user (RFC 5802 section 5.1). The salt follows from the name, so that every
 * token of a user shares it and a server that knows only the name can try them all; an unknown user gets one that looks
 * no different. A token carries 256 random bits, so neither the salt nor many iterations add anything to guess.
 */
export function scramParameters(user: string): { readonly salt: Uint8Array; readonly iterations: number } {
  return { salt: createHash('sha256').update(`countersign-scram-salt:${user}`).digest().subarray(0, 16), iterations: ITERATIONS }
}

async function scramVerifier(user: string, token: string): Promise<TokenRecord['scram']> {
  const { salt, iterations } = scramParameters(user)
  const { storedKey, serverKey } = await makeVerifier(token, salt, iterations)
  return { storedKey: Buffer.from(storedKey).toString('base64'), serverKey: Buffer.from(serverKey).toString('base64') }
}

const hashOf = (token: string) => createHash('sha256').update(token).digest('hex')
