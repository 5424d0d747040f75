import { principalId } from '@countersign/core/principal'
import { scopeHasDuty } from '@countersign/core/token-scope'
import type { Event } from '../journal/journal.ts'
import type { DeviceRecord } from '../store/device-store.ts'
import type { TokenRecord, TokenStore } from '../store/store.ts'
import type { Context } from '../workflow/context.ts'
import { WorkflowError } from '../workflow/workflow.ts'
import { type Caller, scopeOf, seesAll } from './caller.ts'
import type { TokenWish } from './token-wish.ts'
import { IdentityError, type Maker, type Tokens } from './tokens.ts'

/** Who may make, see and revoke which token. Each is an entry of the ledger; the secret is in none. */
export class Desk {
  readonly #tokens: Tokens
  readonly #store: TokenStore
  readonly #context: Pick<Context, 'journal' | 'owed'>
  readonly #resources: readonly string[]

  constructor(tokens: Tokens, store: TokenStore, context: Pick<Context, 'journal' | 'owed'>, resources: readonly string[]) {
    this.#resources = resources
    this.#tokens = tokens
    this.#store = store
    this.#context = context
  }

  callerForToken(token: string): Promise<Caller | null> {
    return this.#tokens.callerForSecret(token)
  }

  /** The local administrator makes one for anybody; a person makes one for himself or an agent of his. None makes one that is good for more than itself. */
  async createToken(by: Caller, wish: TokenWish): Promise<{ readonly token: string; readonly record: TokenRecord }> {
    const { principal } = by
    const isLocal = by.by.kind === 'local'
    if (principal.agent !== null) throw new WorkflowError('forbidden', 'an agent makes no tokens; its user does')
    if (scopeOf(by) !== null) throw new WorkflowError('forbidden', 'a token with a scope makes no others; sign in, or use one without')
    if (!isLocal && wish.user !== principal.user)
      throw new WorkflowError('forbidden', `${principal.user} makes tokens for ${principal.user} only; on the gateway's own host use --data DIR`)
    if (!isLocal && !by.mayReview && (wish.mayReview || (wish.scope !== null && scopeHasDuty(wish.scope, 'review'))))
      throw new WorkflowError('forbidden', 'a token that may not review cannot make one that may')
    return this.#make(wish, { user: principal.user, proven: !isLocal && by.proven })
  }

  /** For a command line that its user has confirmed on the web, as good as that login. */
  createFor({ user, mayReview, proven }: DeviceRecord['by'] & {}, name: string): Promise<{ readonly token: string; readonly record: TokenRecord }> {
    return this.#make({ user, agent: null, name, scope: null, mayReview, ttlMs: null }, { user, proven })
  }

  /** Admins and auditors see all, a person his own; an agent's token and one with a scope see themselves alone. */
  async listTokens(caller: Caller, user: string | null = null): Promise<readonly TokenRecord[]> {
    const records = await this.#tokens.list(seesAll(caller) ? user : caller.principal.user)
    return records.filter((record) => (user === null || record.user === user) && (caller.auditor || mayRevoke(caller, record)))
  }

  async revokeToken(by: Caller, id: string): Promise<TokenRecord> {
    const record = await this.#store.get(id)
    if (!record || !mayRevoke(by, record)) throw new WorkflowError('not-found', `there is no token ${id}`)
    await this.#revoke(principalId(by.principal), record)
    return (await this.#store.get(id)) ?? record
  }

  async revokeTokens(by: Caller, user: string): Promise<readonly TokenRecord[]> {
    const own = user === by.principal.user && by.principal.agent === null && scopeOf(by) === null
    if (!own && !by.admin) throw new WorkflowError('forbidden', 'all tokens of somebody are revoked by himself, with one that has no scope, or by an admin')
    return this.revokeAllOf(user, principalId(by.principal))
  }

  /** All of a user's tokens and of his agents'; those that were good until now. Nobody is asked whether he may. */
  async revokeAllOf(user: string, by: string): Promise<readonly TokenRecord[]> {
    const live = (await this.#tokens.list(user)).filter(({ revokedAt }) => revokedAt === null)
    const tried = await Promise.allSettled(live.map(async (record) => ((await this.#revoke(by, record)) ? [record.id] : [])))
    const late = await this.#tokens.revokeAll(user) // whatever could not be recorded, and what was made meanwhile
    for (const id of late) await this.#context.journal.append(revokedEvent(by, { id, user }), 'disk')
    for (const one of tried) if (one.status === 'rejected') throw one.reason
    const ids = new Set([...late, ...tried.flatMap((one) => (one.status === 'fulfilled' ? one.value : []))])
    return (await this.#tokens.list(user)).filter(({ id }) => ids.has(id))
  }

  /** False: it was revoked before. */
  #revoke(by: string, record: TokenRecord): Promise<boolean> {
    return this.#context.owed.change([revokedEvent(by, record)], (owed) => this.#tokens.revoke(record.id, owed))
  }

  async #make(wish: TokenWish, by: Maker): Promise<{ readonly token: string; readonly record: TokenRecord }> {
    const strangers = wish.scope?.resources?.filter((name) => !this.#resources.includes(name)) ?? []
    if (strangers.length > 0)
      throw new WorkflowError('invalid', `there is no resource ${strangers.join(', ')}; there are ${this.#resources.join(', ') || 'none'}`)
    const made = await this.#create(wish, by)
    const { id, user, agent, name, scope, mayReview, proven, expiresAt } = made.record
    const limits = scope && { resources: scope.resources, actions: scope.actions }
    const body = { token: id, user, agent, scope: limits, mayReview, proven, by: by.user, expiresAt }
    await this.#context.journal.append({ type: 'token.created', body, secret: { name }, person: name === null ? null : user }, 'disk')
    return made
  }

  async #create(wish: TokenWish, by: Maker) {
    try {
      return await this.#tokens.create(wish, by)
    } catch (error) {
      if (error instanceof IdentityError) throw new WorkflowError('invalid', error.message)
      throw error
    }
  }
}

const revokedEvent = (by: string, { id, user }: Pick<TokenRecord, 'id' | 'user'>): Event => ({ type: 'token.revoked', body: { token: id, user, by } })

/** Whose it is, and admins; an agent's token and one with a scope are good for themselves alone. */
function mayRevoke(caller: Caller, { id, user }: TokenRecord): boolean {
  if (caller.admin || (caller.by.kind === 'token' && caller.by.id === id)) return true
  return user === caller.principal.user && caller.principal.agent === null && scopeOf(caller) === null
}
