import type { AccountKeeper, Lease, Lessor, Session } from '../adapters/adapter.ts'

/** Gives sessions accounts of their own, and takes them away again. */
export class Leases implements Lessor {
  readonly #keeper: AccountKeeper
  readonly #onError: (error: unknown) => void
  readonly #ending = new Set<Promise<void>>()

  constructor(keeper: AccountKeeper, onError: (error: unknown) => void) {
    this.#keeper = keeper
    this.#onError = onError
  }

  async lease(session: Session, resource: string): Promise<Lease> {
    session.signal.throwIfAborted()
    const account = this.#keeper.invent(session)
    const end = () => {
      const ending = this.#keeper
        .remove(resource, account.name)
        .catch(this.#onError)
        .finally(() => this.#ending.delete(ending))
      this.#ending.add(ending)
    }
    try {
      await this.#keeper.make(resource, account)
      return { account, end }
    } catch (error) {
      end() // it may be there all the same
      throw error
    }
  }

  /** Resolves when every account whose session is over was removed, or at least tried to be. */
  async ended(): Promise<void> {
    await Promise.all(this.#ending)
  }
}
