import { LOCAL_ADMIN, type Principal } from '@countersign/core/principal'
import type { GroupsOf } from '@countersign/core/request'
import { scopeNames, type TokenScope } from '@countersign/core/token-scope'
import type { PersonRecord, Source } from '../store/store.ts'

/** Somebody, as everybody who knows of him says together. */
export interface User {
  readonly name: string
  readonly groups: readonly string[]
  readonly admin: boolean
  /** A source makes him an admin, which he is not before another admin has agreed to the passkeys that he has (passkeys/agreeing.ts). */
  readonly adminWaits: boolean
  readonly auditor: boolean
  /** False: somebody has disabled him. */
  readonly active: boolean
  readonly displayName: string | null
  readonly email: string | null
  /** `config` is `users:` of countersign.yaml. */
  readonly sources: readonly ('config' | Source)[]
}

/** What one source says of somebody. Where `until` has passed it is believed of neither groups nor duties any more. */
export interface Said extends Pick<PersonRecord, 'groups' | 'admin' | 'auditor' | 'active' | 'until'> {
  readonly source: 'config' | Source
  /** The administrator who has disabled him, where that is known. */
  readonly disabledBy: string | null
}

/** Everybody there is, now. */
export interface Users {
  /** Null for who is not there, and for who is disabled. */
  user(name: string): User | null
  /** Everybody, by name; the disabled too. */
  users(): readonly User[]
  /** Called with the name of whoever was changed, when it is in force; returns what ends that. */
  onChange(listener: (name: string) => void): () => void
}

/** In which groups people are now, as core asks it. */
export const groupsIn =
  (users: Users): GroupsOf =>
  (name) =>
    users.user(name)?.groups ?? null

/** Somebody who has proved who he is, on any door. Groups are read at each use, so leaving one binds the next action. */
export interface Caller {
  readonly principal: Principal
  /** Configures, and sees what there is; reads no recording but his own. */
  readonly admin: boolean
  /** Reads everything. It gives him no right to change anything. */
  readonly auditor: boolean
  /** Reviews need a person's own proof: a token that the local administrator minted cannot review unless `--may-review` was said. */
  readonly mayReview: boolean
  /** False when the local administrator minted the token: reviews made with it are shown as `unproven`. */
  readonly proven: boolean
  /** What he has proved it with. */
  readonly by: Proof
}

/** What others have, too: an admin to look after it, an auditor to look at it. */
export const seesAll = ({ admin, auditor }: Pick<Caller, 'admin' | 'auditor'>): boolean => admin || auditor

/** `endsAt` is Unix milliseconds, and comes sooner where it is ended before. `verifiedAt`: when he last proved that he is there. */
export type Proof =
  /** Whoever can open the gateway's own socket owns its data directory. */
  | { readonly kind: 'local' }
  | { readonly kind: 'token'; readonly id: string; readonly scope: TokenScope | null; readonly endsAt: number }
  | { readonly kind: 'login'; readonly id: string; readonly verifiedAt: number; readonly signedInAt: number; readonly endsAt: number }

/**
 * The local administrator, as whoever reaches the gateway's own socket is: he may configure and read everything, and reviews nothing. He could read a recording
 * with the key in the data directory anyway; asked for here, that is at least an entry.
 */
export const LOCAL: Caller = {
  principal: { user: LOCAL_ADMIN, agent: null, groups: [] },
  admin: true,
  auditor: true,
  mayReview: false,
  proven: false,
  by: { kind: 'local' },
}

/** False where the caller's token is for other resources: what is of this one is not there for him. */
export const reaches = (caller: Pick<Caller, 'by'>, resource: string): boolean => scopeNames(scopeOf(caller), resource)

/** What the caller's token is limited to; null where it is not, and for whoever came without one. */
export function scopeOf({ by }: Pick<Caller, 'by'>): TokenScope | null {
  return by.kind === 'token' ? by.scope : null
}
