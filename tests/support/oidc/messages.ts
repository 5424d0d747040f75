/** What the provider says of somebody: `email`, `email_verified`, `name`, `groups`. */
export type Claims = Readonly<Record<string, unknown>>

export interface Ready {
  readonly issuer: string
}

/** Replaces everybody whom the provider knows, and says what is wrong with its ID tokens from now on. */
export interface Order {
  readonly people: Readonly<Record<string, Claims>>
  readonly fault: 'audience' | 'issuer' | 'nonce' | 'expired' | 'key' | 'alg-none' | null
}
