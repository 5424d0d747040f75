import type { Clock } from '../clock.ts'
import type { Journal } from '../journal/journal.ts'
import type { PasskeyRecord, PasskeyStore } from '../store/store.ts'

export interface LeftPasskeysOptions {
  readonly store: { readonly passkeys: PasskeyStore }
  readonly journal: Pick<Journal, 'append' | 'gateway'>
  readonly clock: Pick<Clock, 'now'>
}

/** Passkeys of a name that its owner has no more: whoever is given that name next is not whom they prove. */
export class LeftPasskeys {
  readonly #options: LeftPasskeysOptions

  constructor(options: LeftPasskeysOptions) {
    this.#options = options
  }

  /** `by` has the name taken from him, and nobody is asked to agree. Said again, it removes what is there again. */
  async removeAllOf(user: string, by: string): Promise<void> {
    for (const { id, status } of await this.#options.store.passkeys.list({ user })) if (status !== 'removed') await this.#remove(id, by)
  }

  /** It counts no longer first, and is recorded then: a ledger that fails leaves a key that does not count. */
  async #remove(id: string, by: string): Promise<void> {
    const { journal, clock } = this.#options
    const removed = await this.#change(id, (passkey) => (passkey.status === 'removed' ? null : { status: 'removed', removedAt: clock.now() }))
    if (!removed) return
    const { seq } = await journal.append({ type: 'passkey.removed', body: { passkey: id, user: removed.user, waits: false, by } }, 'disk')
    await this.#change(id, ({ entries }) => ({ entries: [...entries, { gateway: journal.gateway, seq }] }))
  }

  /** Until nobody else changes it meanwhile. Null where there is nothing to change. */
  async #change(id: string, step: (passkey: PasskeyRecord) => Partial<PasskeyRecord> | null): Promise<PasskeyRecord | null> {
    const { passkeys } = this.#options.store
    for (let passkey = await passkeys.get(id); passkey !== null; passkey = await passkeys.get(id)) {
      const change = step(passkey)
      if (change === null) return null
      const next = { ...passkey, ...change, version: passkey.version + 1 }
      if (await passkeys.save(next)) return next
    }
    return null
  }
}
