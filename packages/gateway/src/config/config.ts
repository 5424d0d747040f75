/** Where a secret comes from; it is read at each use and never kept, logged or written down. */
export type SecretSource = { readonly env: string } | { readonly file: string } | { readonly exec: readonly string[] }

export interface Address {
  readonly host: string
  readonly port: number
}

export interface UserConfig {
  readonly groups: readonly string[]
  readonly admin: boolean
  readonly auditor: boolean
  /** What he is called where people read it, and where he gets mail. */
  readonly name: string | null
  readonly email: string | null
}

/** The action types that roles of a target can be mapped to: all that is done there but what comes with `connect`. */
export const MAPPED_TYPES = ['read', 'write', 'ddl', 'admin', 'unknown'] as const

/**
 * Whom sessions log in as. `shared`: the resource's credential. `ephemeral`: an account of their own, which the credential makes and removes.
 * `roles` are the target's roles that carry what actions of a type need; `owner` gets what an account leaves behind, null is the credential's.
 */
export type Accounts =
  | { readonly mode: 'shared' }
  | { readonly mode: 'ephemeral'; readonly roles: Readonly<Partial<Record<(typeof MAPPED_TYPES)[number], readonly string[]>>>; readonly owner: string | null }

/** How the gateway reaches and judges one protected target. */
export interface Resource {
  readonly name: string
  readonly protocol: 'postgres'
  readonly host: string
  readonly port: number
  readonly database: string
  readonly credential: { readonly username: string; readonly password: SecretSource | null }
  /** `cert` and `key` are both there or both null: how the gateway proves itself to a server that asks for a certificate. */
  readonly tls: {
    readonly mode: 'disable' | 'require' | 'verify-full'
    readonly ca: string | null
    readonly cert: string | null
    readonly key: string | null
  }
  readonly labels: Readonly<Record<string, string>>
  readonly mode: 'enforce' | 'observe'
  readonly onHold: 'wait' | 'refuse'
  /** How durable the record of an action is before it is forwarded; of what is reviewed at least `disk`. */
  readonly durability: 'process' | 'disk' | 'store'
  /** What a read may call besides PostgreSQL's own reviewed functions: functions as `schema.name`, and all that the named extensions brought. */
  readonly functions: { readonly trusted: readonly string[]; readonly extensions: readonly string[] }
  /** How old what is known of its catalog may be when something is judged by it; 0 asks each time. */
  readonly catalog: { readonly maxAgeMs: number }
  readonly accounts: Accounts
  /** Rows are counted for a reviewer and for policy up to this cost, in the planner's units; 0 never counts. */
  readonly impact: { readonly maxCost: number }
  /** Whether recordings of its sessions hold the values of parameters, or only how many there were. */
  readonly recording: { readonly parameters: 'withhold' | 'keep' }
}

/** A bucket of a store that speaks Amazon's S3. `prefix` is empty or ends with a slash; `endpoint` has no slash at its end. */
export interface S3Bucket {
  readonly endpoint: string
  readonly region: string
  readonly bucket: string
  readonly prefix: string
  readonly credential: { readonly id: string; readonly secret: SecretSource }
}

/** Where recordings of sessions are kept, for how long, and what opens them: age identities; null is a key that the gateway makes itself. */
export interface RecordingsConfig {
  readonly place: { readonly directory: string } | { readonly s3: S3Bucket }
  readonly key: SecretSource | null
  readonly retentionMs: number | null
}

/** Where an export goes. */
export type ExportTarget =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'webhook'; readonly url: string; readonly secret: SecretSource; readonly ca: string | null }
  | {
      readonly kind: 'syslog'
      readonly host: string
      readonly port: number
      /** `cert` and `key` are both there or both null. */
      readonly tls: { readonly ca: string | null; readonly cert: string | null; readonly key: string | null }
    }

/** Somebody else who says who people are. */
export interface OidcConfig {
  /** In links, and in what the store and the ledger say of where somebody comes from. */
  readonly name: string
  /** On the button. */
  readonly title: string
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret: SecretSource
  readonly scopes: readonly string[]
  /** Which claim is the user's name here, and which has his groups. */
  readonly userClaim: string
  readonly groupsClaim: string
  readonly adminGroups: readonly string[]
  readonly auditorGroups: readonly string[]
}

export interface IdentityConfig {
  readonly oidc: readonly OidcConfig[]
  /** The user, or the verified e-mail address, of whom the issuers need not say that he is an admin. */
  readonly firstAdmin: string | null
  /** How often issuers are asked again about who is here. */
  readonly refreshMs: number
  /** Null: no directory provisions. */
  readonly scim: ScimConfig | null
}

/** The ledger, sent elsewhere as it grows. */
export interface ExportConfig {
  /** Its position is remembered under this name. */
  readonly name: string
  readonly format: 'jsonl' | 'ocsf'
  readonly target: ExportTarget
  /** Whether it may hold what people typed. */
  readonly texts: boolean
}

/**
 * Somebody outside who is shown each checkpoint of the ledger, and does not forget. `key`: the vkey of a witness of C2SP tlog-witness. `retainMs`: how
 * long a bucket with object lock keeps each of them.
 */
export type WitnessConfig =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'webhook'; readonly url: string; readonly secret: SecretSource }
  | { readonly kind: 'tlog'; readonly url: string; readonly key: string }
  | { readonly kind: 's3'; readonly bucket: S3Bucket; readonly retainMs: number }

/** How people are told that something waits for them. */
export interface NotifyConfig {
  /** `secure`: TLS from the first byte, and otherwise by STARTTLS, without which nothing is sent off this machine. */
  readonly email: {
    readonly host: string
    readonly port: number
    readonly secure: boolean
    readonly from: string
    readonly credential: { readonly username: string; readonly password: SecretSource } | null
    readonly ca: string | null
  } | null
  readonly webhooks: readonly { readonly url: string; readonly secret: SecretSource; readonly ca: string | null }[]
  /** `contact`: whom the operators of push services may ask (RFC 8292). `inside`: hosts of push services that need not be on the public Internet. */
  readonly push: { readonly contact: string; readonly inside: readonly string[]; readonly ca: string | null } | null
  /** A request that still waits is told again after this time, so many times. */
  readonly repeat: { readonly everyMs: number; readonly times: number }
}

/** A directory that provisions people and groups by SCIM 2.0. Whoever is in one of the groups is an admin, or an auditor. */
export interface ScimConfig {
  readonly token: SecretSource
  readonly adminGroups: readonly string[]
  readonly auditorGroups: readonly string[]
}

/** `countersign.yaml`, validated; paths are absolute, durations milliseconds. */
export interface Config {
  readonly file: string
  /** Where people reach this gateway: the links in notices start with it. */
  readonly url: string
  readonly listen: { readonly http: Address; readonly postgres: Address }
  readonly store: { readonly kind: 'sqlite' } | { readonly kind: 'postgres'; readonly url: string }
  readonly data: string
  /** The operator's own certificate; null makes one at first start. */
  readonly tls: { readonly cert: string; readonly key: string } | null
  readonly users: Readonly<Record<string, UserConfig>>
  readonly identity: IdentityConfig
  readonly groups: readonly string[]
  readonly labels: readonly string[]
  readonly resources: Readonly<Record<string, Resource>>
  readonly hold: { readonly connectMs: number; readonly inTransactionMs: number; readonly reminderMs: number }
  /** The longest a connection lasts that policy allows by itself and without `@grants`, and how long it may be idle (null: for ever). */
  readonly session: {
    readonly maxMs: number
    readonly idleMs: number | null
    /** How Postgres clients prove their token. `password`, for clients without SCRAM, is in clear: only inside TLS or on loopback. */
    readonly auth: 'scram' | 'password'
  }
  /** How long somebody stays signed in on the web: without use, and at most. */
  readonly login: { readonly idleMs: number; readonly maxMs: number }
  readonly policies: string
  readonly exports: readonly ExportConfig[]
  /** Null: sessions are not recorded. */
  readonly recordings: RecordingsConfig | null
  /** How many processes speak protocols; 1 is this one alone. */
  readonly workers: number
  /** Who sees the checkpoints of the ledger; nobody, where it is empty. */
  readonly witnesses: readonly WitnessConfig[]
  readonly notify: NotifyConfig
}

/** What a protocol worker is given: it never opens the store, so it is not told how. */
export type WorkerConfig = Omit<Config, 'store'>
