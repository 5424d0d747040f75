import type { InviteInfo, Passkey, Person } from '@countersign/contract/schemas/passkey'
import type { User } from '../identity/caller.ts'
import type { InviteRecord, PasskeyRecord } from '../store/store.ts'

/** People and their passkeys, as the contract says it. */

export function presentPasskey(passkey: PasskeyRecord, reviewable: boolean): Passkey {
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
    reviewable,
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
export function presentPerson({ groups, sources, ...user }: User, counting: readonly PasskeyRecord[]): Person {
  return { ...user, groups: [...groups], sources: [...sources], passkeys: counting.filter((passkey) => passkey.user === user.name).length }
}

const iso = (ms: number) => new Date(ms).toISOString()
