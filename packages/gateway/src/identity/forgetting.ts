import type { Clock } from '../clock.ts'
import type { Store } from '../store/store.ts'

const EVERY_MS = 3_600_000
/** For whoever looks at what has just ended. What it was, is in the ledger for good. */
const KEPT_MS = 86_400_000
/** Anybody may ask for a code, so what became of one is kept no longer than it is told. */
const CODES_KEPT_MS = 3_600_000

export interface ForgettingOptions {
  readonly store: Pick<Store, 'logins' | 'invites' | 'devices' | 'challenges'>
  readonly clock: Pick<Clock, 'now'>
  readonly onError: (error: unknown) => void
}

/** Removes from the store what nobody can come back with: sign-ins, invitations, codes and challenges that are over. Every gateway does, and finds what another has left. */
export class Forgetting {
  readonly #options: ForgettingOptions
  #timer: NodeJS.Timeout | undefined
  #round: Promise<void> | null = null

  constructor(options: ForgettingOptions) {
    this.#options = options
  }

  start(): void {
    const soon = () =>
      void (this.#round ??= this.forget()
        .catch(this.#options.onError)
        .finally(() => (this.#round = null)))
    this.#timer = setInterval(soon, EVERY_MS)
    soon()
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await this.#round
  }

  async forget(): Promise<void> {
    const { store, clock } = this.#options
    const now = clock.now()
    await store.challenges.forget(now)
    await store.devices.forget(now - CODES_KEPT_MS)
    await store.logins.forget(now - KEPT_MS)
    await store.invites.forget(now - KEPT_MS)
  }
}
