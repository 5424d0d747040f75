import type { Clock } from '../clock.ts'
import type { Journal } from '../journal/journal.ts'
import type { InviteRecord, InviteStore } from '../store/store.ts'

export interface OpenInvitesOptions {
  readonly store: { readonly invites: InviteStore }
  readonly journal: Pick<Journal, 'append'>
  readonly clock: Pick<Clock, 'now'>
}

/** Links that were not used yet, and that are taken back. */
export class OpenInvites {
  readonly #options: OpenInvitesOptions

  constructor(options: OpenInvitesOptions) {
    this.#options = options
  }

  /** Null: it was used or taken back before. `by` does it. */
  async revoke(id: string, by: string): Promise<InviteRecord | null> {
    const { store, journal, clock } = this.#options
    for (;;) {
      const invite = await store.invites.get(id)
      if (!invite || invite.usedAt !== null || invite.revokedAt !== null) return null
      const next = { ...invite, version: invite.version + 1, revokedAt: clock.now() }
      if (!(await store.invites.save(next))) continue
      await journal.append({ type: 'invite.revoked', body: { invite: id, user: invite.user, by } }, 'disk')
      return next
    }
  }

  /** All that a user was invited with. */
  async revokeAllOf(user: string, by: string): Promise<void> {
    for (const invite of await this.#options.store.invites.list()) if (invite.user === user && isOpen(invite)) await this.revoke(invite.id, by)
  }
}

const isOpen = ({ usedAt, revokedAt }: InviteRecord): boolean => usedAt === null && revokedAt === null
