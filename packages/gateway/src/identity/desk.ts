import { principalId } from '@countersign/core/principal'
import type { Journal } from '../journal/journal.ts'
import type { TokenRecord, TokenStore } from '../store/store.ts'
import { WorkflowError } from '../workflow/workflow.ts'
import type { Caller } from './caller.ts'
import { IdentityError, type Tokens, type TokenWish } from './tokens.ts'

/** Who may make, see and revoke which token. Each is an entry of the ledger; the secret is in none. */
export class Desk {
  readonly #tokens: Tokens
  readonly #store: TokenStore
  readonly #journal: Journal

  constructor(tokens: Tokens, store: TokenStore, journal: Journal) {
    this.#tokens = tokens
    this.#store = store
    this.#journal = journal
  }

  callerForToken(token: string): Promise<Caller | null> {
    return this.#tokens.callerForSecret(token)
  }

  /** The local administrator makes one for anybody; a person makes one for himself or an agent of his. */
  async createToken(by: Caller, wish: TokenWish): Promise<{ readonly token: string; readonly record: TokenRecord }> {
    const { principal } = by
    const isLocal = by.by.kind === 'local'
    if (principal.agent !== null) throw new WorkflowError('forbidden', 'an agent makes no tokens; its user does')
    if (!isLocal && wish.user !== principal.user)
      throw new WorkflowError('forbidden', `${principal.user} makes tokens for ${principal.user} only; on the gateway's own host use --data DIR`)
    if (!isLocal && wish.mayReview && !by.mayReview) throw new WorkflowError('forbidden', 'a token that may not review cannot make one that may')
    const made = await this.#create(wish, by)
    const { record } = made
    await this.#journal.append(
      {
        type: 'token.created',
        body: {
          token: record.id,
          user: record.user,
          agent: record.agent,
          mayReview: record.mayReview,
          proven: record.proven,
          by: principalId(principal),
          expiresAt: record.expiresAt,
        },
      },
      'disk',
    )
    return made
  }

  /** Admins and auditors see all, anybody else his own. */
  listTokens({ admin, auditor, principal }: Caller): Promise<readonly TokenRecord[]> {
    return this.#tokens.list(admin || auditor ? null : principal.user)
  }

  async revokeToken(by: Caller, id: string): Promise<TokenRecord> {
    const record = await this.#store.get(id)
    if (!record || !(by.admin || record.user === by.principal.user)) throw new WorkflowError('not-found', `there is no token ${id}`)
    if (await this.#tokens.revoke(id))
      await this.#journal.append({ type: 'token.revoked', body: { token: id, user: record.user, by: principalId(by.principal) } }, 'disk')
    return (await this.#store.get(id)) ?? record
  }

  async #create(wish: TokenWish, by: Caller) {
    try {
      return await this.#tokens.create(wish, by)
    } catch (error) {
      if (error instanceof IdentityError) throw new WorkflowError('invalid', error.message)
      throw error
    }
  }
}
