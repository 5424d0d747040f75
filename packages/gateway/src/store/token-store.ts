import type { TokenScope } from '@countersign/core/token-scope'
import type { OwedRecord } from './owed-store.ts'

/** A token as it is kept: its secret is not. `scram` holds what SCRAM-SHA-256 needs to verify it (RFC 5802 section 3). */
export interface TokenRecord {
  readonly id: string
  readonly hash: string
  readonly scram: { readonly storedKey: string; readonly serverKey: string }
  readonly user: string
  readonly agent: string | null
  /** What its holder calls it; null for those made without one. */
  readonly name: string | null
  /** Null: it is good for all that its holder may do. */
  readonly scope: TokenScope | null
  readonly mayReview: boolean
  readonly proven: boolean
  readonly createdBy: string
  readonly createdAt: number
  readonly expiresAt: number
  readonly revokedAt: number | null
  /** Not to the moment: it is written once a minute at most. */
  readonly lastUsedAt: number | null
}

export interface TokenStore {
  insert(token: TokenRecord): Promise<void>
  findByHash(hash: string): Promise<TokenRecord | null>
  get(id: string): Promise<TokenRecord | null>
  list(filter: { readonly user?: string; readonly live?: boolean }): Promise<readonly TokenRecord[]>
  /** False when there is no such token, or it was revoked before. */
  revoke(id: string, at: number, owed?: readonly OwedRecord[]): Promise<boolean>
  /** Revokes all of this user's, his agents' too, and takes back those that a command line may still fetch; the ids of those that were not before. */
  revokeAll(user: string, at: number): Promise<readonly string[]>
  /** It was used, unless it is known to have been later than `before`. Nobody is told. */
  used(id: string, at: number, before: number): Promise<void>
}
