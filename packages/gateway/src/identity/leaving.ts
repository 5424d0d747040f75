import { DomainError } from '@countersign/core/error'
import type { Principal } from '@countersign/core/principal'
import type { Context } from '../workflow/context.ts'
import { revokeGrant } from '../workflow/grants.ts'
import type { Desk } from './desk.ts'
import type { Logins } from './logins.ts'

/** Whoever has no access any more has nothing left to come back with: his grants, his sign-ins and his tokens end, and those of his agents. */
export class Leaving {
  readonly #context: Context
  readonly #desk: Pick<Desk, 'revokeAllOf'>
  readonly #logins: Pick<Logins, 'endAllOf'>

  constructor(context: Context, desk: Pick<Desk, 'revokeAllOf'>, logins: Pick<Logins, 'endAllOf'>) {
    this.#context = context
    this.#desk = desk
    this.#logins = logins
  }

  /** Said again, it ends what is there again. `by` has no space where he is a user. */
  async end(user: string, by: string, why: string): Promise<void> {
    await this.#desk.revokeAllOf(user, by) // first: it cuts every session
    await this.#logins.endAllOf(user, by, why)
    const grants = await this.#context.store.grants.list({ user, live: true })
    const ender: Principal = { user: by, agent: null, groups: [] }
    for (const { id } of grants) await revokeQuietly(this.#context, id, ender, why)
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
