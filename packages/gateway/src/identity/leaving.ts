import { DomainError } from '@countersign/core/error'
import type { Principal } from '@countersign/core/principal'
import type { Context } from '../workflow/context.ts'
import { revokeGrant } from '../workflow/grants.ts'
import type { Desk } from './desk.ts'
import type { Logins } from './logins.ts'

export interface LeavingOptions {
  readonly context: Context
  readonly desk: Pick<Desk, 'revokeAllOf'>
  readonly logins: Pick<Logins, 'endAllOf'>
  readonly invites: { revokeAllOf(user: string, by: string): Promise<void> }
  readonly passkeys: { removeAllOf(user: string, by: string): Promise<void> }
}

/** Whoever has no access any more has nothing left to come back with: his grants, his sign-ins, his tokens and those of his agents end, and links that he was invited with. */
export class Leaving {
  readonly #options: LeavingOptions

  constructor(options: LeavingOptions) {
    this.#options = options
  }

  /** The same for whoever has this name no more: somebody else may be given it. Who is only disabled may be enabled again, and signs in with the passkeys that he has. */
  async forget(user: string, by: string, why: string): Promise<void> {
    await this.#options.passkeys.removeAllOf(user, by) // first: with one of them he would sign in again
    await this.end(user, by, why)
  }

  /** Said again, it ends what is there again. `by` has no space where he is a user. */
  async end(user: string, by: string, why: string): Promise<void> {
    const { context, desk, logins, invites } = this.#options
    await desk.revokeAllOf(user, by) // first: it cuts every session
    await logins.endAllOf(user, by, why)
    await invites.revokeAllOf(user, by)
    const grants = await context.store.grants.list({ user, live: true })
    const ender: Principal = { user: by, agent: null, groups: [] }
    for (const { id } of grants) await revokeQuietly(context, id, ender, why)
  }
}

/** Somebody else may have ended it meanwhile. */
async function revokeQuietly(context: Context, id: string, by: Principal, why: string): Promise<void> {
  try {
    await revokeGrant(context, id, by, why)
  } catch (error) {
    if (!(error instanceof DomainError)) throw error
  }
}
