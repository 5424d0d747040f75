import type { InviteInfo, Passkey, Person } from '@countersign/contract/schemas/passkey'
import type { Said, User } from '../identity/caller.ts'
import type { InviteRecord, PasskeyRecord } from '../store/store.ts'

/** People and their passkeys, as the contract says it. */

/** `asked`: whether another admin is asked about it, and whether the caller is one whose word counts. */
export function presentPasskey(passkey: PasskeyRecord, asked: Pick<Passkey, 'waits' | 'reviewable'>): Passkey {
  const { id, user, name, status, algorithm, backedUp, createdAt, lastUsedAt, removedAt } = passkey
  return {
    id,
    user,
    name,
    status,
    algorithm,
    backedUp,
    createdAt: iso(createdAt),
    lastUsedAt: lastUsedAt === null ? null : iso(lastUsedAt),
    removedAt: removedAt === null ? null : iso(removedAt),
    ...asked,
  }
}

export function presentInvite({ id, user, createdBy, createdAt, expiresAt, usedAt, revokedAt }: InviteRecord): InviteInfo {
  return {
    id,
    user,
    createdBy,
    createdAt: iso(createdAt),
    expiresAt: iso(expiresAt),
    usedAt: usedAt === null ? null : iso(usedAt),
    revokedAt: revokedAt === null ? null : iso(revokedAt),
  }
}

/** `counting`: passkeys that count, of whomever. */
export function presentPerson({ groups, sources, ...user }: User, said: readonly Said[], counting: readonly PasskeyRecord[]): Person {
  return {
    ...user,
    groups: [...groups],
    sources: [...sources],
    said: said.map((each) => ({ ...each, groups: [...each.groups], until: each.until === null ? null : iso(each.until) })),
    passkeys: counting.filter((passkey) => passkey.user === user.name).length,
  }
}

const iso = (ms: number) => new Date(ms).toISOString()
