/** Who says that somebody is there: this gateway's own administrators, an issuer of the configuration, or a directory that provisions. */
export type Source = 'local' | `oidc:${string}` | 'scim'

/** How somebody signed in on the web. */
export type Method = `oidc:${string}` | 'passkey'

/** What one source says of one person. A person of several sources has a record of each; directory.ts of identity joins them. */
export interface PersonRecord {
  readonly id: string
  readonly version: number
  /** The user that he is here. */
  readonly name: string
  readonly source: Source
  /** His id at the source: the subject at an issuer. */
  readonly externalId: string | null
  readonly groups: readonly string[]
  readonly admin: boolean
  readonly auditor: boolean
  /** False: he is disabled, whatever other sources say. */
  readonly active: boolean
  /** The administrator who has disabled him, where it is one of this gateway's own who says so. */
  readonly disabledBy?: string | null
  readonly displayName: string | null
  readonly email: string | null
  readonly createdAt: number
  readonly updatedAt: number
  /** From then on he is in none of these groups, and neither admin nor auditor, unless the source has said so again; null: until it says otherwise. */
  readonly until: number | null
}

/** Table `people`. A source has one record of a name, and one of an external id. */
export interface PersonStore {
  /** False: its source has one of this name or external id already; nothing changed. */
  insert(person: PersonRecord): Promise<boolean>
  get(id: string): Promise<PersonRecord | null>
  /** By name, and then by source. */
  list(filter: { readonly name?: string; readonly source?: Source; readonly externalId?: string }): Promise<readonly PersonRecord[]>
  /** Replaces version `next.version - 1`. False: somebody else was first, or its source has another of this name or external id; nothing changed. */
  save(next: PersonRecord): Promise<boolean>
  remove(id: string): Promise<void>
}

/** Somebody who has signed in on the web, in one browser. Its secret is in that browser's cookie alone. Times are Unix milliseconds. */
export interface LoginRecord {
  readonly id: string
  /** SHA-256 of the secret, in hex. */
  readonly hash: string
  /** SHA-256 of the state of the exchange that it came from, so that none gives two; null where there was none. */
  readonly flow: string | null
  readonly user: string
  readonly method: Method
  readonly createdAt: number
  /** When he last proved that he is there: at sign-in, or since. */
  readonly verifiedAt: number
  readonly lastUsedAt: number
  /** However much it is used. */
  readonly expiresAt: number
  readonly endedAt: number | null
  /** Address and port of the browser. */
  readonly client: string
  readonly userAgent: string | null
  /** What the provider wants to see again at sign-out, under a key that only the cookie gives. */
  readonly sealed: string | null
}

/** Table `logins`. */
export interface LoginStore {
  /** False: this exchange has given a login already; nothing changed. */
  insert(login: LoginRecord): Promise<boolean>
  findByHash(hash: string): Promise<LoginRecord | null>
  get(id: string): Promise<LoginRecord | null>
  /** Newest first. `live` leaves out those that were ended or have expired at that time. */
  list(filter: { readonly user?: string; readonly live?: number }): Promise<readonly LoginRecord[]>
  /** Nobody is told of it. */
  used(id: string, at: number): Promise<void>
  verified(id: string, at: number): Promise<void>
  /** False when there is no such login, or it was ended before. */
  end(id: string, at: number): Promise<boolean>
  /** Removes those that were ended or have expired before then. Nobody is told: they were good for nothing. */
  forget(before: number): Promise<void>
}
