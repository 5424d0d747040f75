/** Of which state a passkey is; see the contract's `PasskeyStatus`. */
export type PasskeyStatus = 'waiting' | 'active' | 'leaving' | 'removed'

/** A passkey that was enrolled, for ever: what it signed is verified against it. Times are Unix milliseconds. */
export interface PasskeyRecord {
  readonly id: string
  readonly version: number
  /** The credential's id as its authenticator made it, base64url: one in all. */
  readonly credential: string
  readonly user: string
  /** What its owner calls it. */
  readonly name: string
  /** COSE_Key, base64. */
  readonly publicKey: string
  readonly algorithm: 'ES256' | 'RS256' | 'EdDSA'
  /** The relying party that it was made for. */
  readonly rpId: string
  /** As its authenticator counted last. */
  readonly counter: number
  readonly transports: readonly string[]
  readonly backedUp: boolean
  readonly status: PasskeyStatus
  /** Who brought about what it waits for, besides its owner: he does not agree to it himself. */
  readonly by: string
  /** True once another admin has agreed to it, and where its owner was an admin when he enrolled it and there was nobody to agree. */
  readonly agreed: boolean
  readonly createdAt: number
  readonly lastUsedAt: number | null
  readonly removedAt: number | null
  /** Where the ledger tells of it, oldest first. */
  readonly entries: readonly { readonly gateway: string; readonly seq: number }[]
}

/** Table `passkeys`. */
export interface PasskeyStore {
  /** False: this credential is enrolled already, for whomever; nothing changed. */
  insert(passkey: PasskeyRecord): Promise<boolean>
  get(id: string): Promise<PasskeyRecord | null>
  findByCredential(credential: string): Promise<PasskeyRecord | null>
  /** Newest first. */
  list(filter: { readonly user?: string; readonly status?: PasskeyStatus }): Promise<readonly PasskeyRecord[]>
  /** Replaces version `next.version - 1`. False: somebody else was first, nothing changed. */
  save(next: PasskeyRecord): Promise<boolean>
}

/** Somebody may enrol a passkey for this user, once. The secret is in the link alone. */
export interface InviteRecord {
  readonly id: string
  readonly version: number
  /** SHA-256 of the secret, in hex. */
  readonly hash: string
  readonly user: string
  readonly createdBy: string
  readonly createdAt: number
  readonly expiresAt: number
  readonly usedAt: number | null
  readonly revokedAt: number | null
}

/** Table `invites`. */
export interface InviteStore {
  insert(invite: InviteRecord): Promise<void>
  findByHash(hash: string): Promise<InviteRecord | null>
  get(id: string): Promise<InviteRecord | null>
  /** Newest first. */
  list(): Promise<readonly InviteRecord[]>
  /** Replaces version `next.version - 1`. False: somebody else was first, nothing changed. */
  save(next: InviteRecord): Promise<boolean>
  /** Removes those that were used, taken back or expired before then. */
  forget(before: number): Promise<void>
}

/** What a browser was challenged with, and has answered: it is good for nothing any more. */
export interface ChallengeRecord {
  /** SHA-256 of the challenge, in hex. */
  readonly hash: string
  /** When it would be over anyway. */
  readonly expiresAt: number
}

/** Table `challenges`. */
export interface ChallengeStore {
  /** The key that all gateways make them with: `fresh`, 256 bits in base64, when there is none yet. */
  key(fresh: string): Promise<string>
  /** True, to one of all who ask: it was not answered before. */
  spend(challenge: ChallengeRecord): Promise<boolean>
  /** Removes those that were over then. */
  forget(before: number): Promise<void>
}
