import { createHash, randomBytes } from 'node:crypto'
import { makeVerifier } from '@countersign/wire/postgres/scram'
import type { TokenRecord, TokenStore } from '../store/store.ts'
import type { Caller, Users } from './caller.ts'

const PREFIX = 'cst_'
const ITERATIONS = 4096
const DEFAULT_LIFE_MS = 90 * 86_400_000
/** So many users are named to whoever asks for one that is not there. */
const MOST_NAMED = 20

/** Who a token is for. */
export interface TokenWish {
  readonly user: string
  readonly agent: string | null
  readonly mayReview: boolean
  /** Null is 90 days. */
  readonly ttlMs: number | null
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

  constructor(directory: Users, store: TokenStore, now: () => number) {
    this.#directory = directory
    this.#store = store
    this.#now = now
  }

  /** The secret is returned here once and can never be had again. */
  async create(wish: TokenWish, by: Caller): Promise<{ readonly token: string; readonly record: TokenRecord }> {
    if (!this.#directory.user(wish.user)) throw new IdentityError(this.#nobody(wish.user))
    if (wish.agent !== null && !/^[a-zA-Z0-9][\w.-]{0,62}$/.test(wish.agent))
      throw new IdentityError('an agent is named with letters, digits, dots, dashes and underscores, 63 at most')
    if (wish.agent !== null && wish.mayReview) throw new IdentityError('an agent never reviews, so its token cannot be given --may-review')
    const token = PREFIX + randomBytes(32).toString('base64url')
    const createdAt = this.#now()
    const record: TokenRecord = {
      id: `tok-${randomBytes(6).toString('hex')}`,
      hash: hashOf(token),
      scram: await scramVerifier(wish.user, token),
      user: wish.user,
      agent: wish.agent,
      mayReview: wish.mayReview,
      proven: by.by.kind !== 'local' && by.proven,
      createdBy: by.principal.user,
      createdAt,
      expiresAt: createdAt + (wish.ttlMs ?? DEFAULT_LIFE_MS),
      revokedAt: null,
    }
    await this.#store.insert(record)
    return { token, record }
  }

  /** Null when there is no such token, or it has expired, was revoked, or its user is gone. */
  async callerForSecret(token: string): Promise<Caller | null> {
    if (!token.startsWith(PREFIX)) return null
    const record = await this.#store.findByHash(hashOf(token))
    return record && this.callerOf(record)
  }

  /** Whoever holds this token, and until when (Unix milliseconds). */
  async holderOf(id: string): Promise<{ readonly caller: Caller; readonly endsAt: number } | null> {
    const record = await this.#store.get(id)
    const caller = record && this.callerOf(record)
    return caller && { caller, endsAt: record.expiresAt }
  }

  /** Groups are read from the directory at each call: leaving one binds the next action. */
  callerOf(record: TokenRecord): Caller | null {
    const user = this.#directory.user(record.user)
    if (!user || record.revokedAt !== null || this.#now() >= record.expiresAt) return null
    const principal = { user: record.user, agent: record.agent, groups: user.groups }
    const isPerson = record.agent === null
    return {
      principal,
      admin: user.admin && isPerson,
      auditor: user.auditor && isPerson,
      mayReview: record.mayReview,
      proven: record.proven,
      by: { kind: 'token', id: record.id, scope: null, endsAt: record.expiresAt },
    }
  }

  async liveOf(user: string): Promise<readonly TokenRecord[]> {
    const records = await this.#store.list({ user, live: true })
    return records.filter((record) => this.callerOf(record) !== null)
  }

  list(user: string | null): Promise<readonly TokenRecord[]> {
    return this.#store.list(user === null ? {} : { user })
  }

  revoke(id: string): Promise<boolean> {
    return this.#store.revoke(id, this.#now())
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
