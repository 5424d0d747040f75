/**
 * The rows, the same on both databases. `body` is the whole value as JSON; the other columns are what is searched or
 * compared and follow from it (a token's `revoked_at` and `last_used_at`, what changes of a login and the ledger's tables have no copy in a body). Times are Unix milliseconds.
 */
export interface Tables {
  requests: RequestRow
  /** Whose members may review it. */
  request_groups: { grp: string; created_at: number; request: string }
  grants: GrantRow
  sessions: SessionRow
  tokens: TokenRow
  people: PersonRow
  logins: LoginRow
  passkeys: PasskeyRow
  invites: InviteRow
  challenges: { hash: string; expires_at: number }
  /** One row. 256 bits in base64. */
  challenge_keys: { id: number; key: string }
  devices: DeviceRow
  scim_groups: ScimGroupRow
  leases: LeaseRow
  erasures: { id: string; username: string; asked_by: string; at: number }
  erasures_done: { erasure: string; gateway: string; at: number }
  recordings: RecordingRow
  recording_places: { gateway: string; seq: number }
  gateways: { id: string; seen_at: number; url: string | null }
  ledger: { gateway: string; seq: number; line: string }
  ledger_blocks: { block: number; first_at: number; last_at: number }
  ledger_terms: { term: string; block: number }
  runs: RunRow
  /** One row. */
  tree: { id: number; origin: string; size: number; term: number; holder: string | null; beat: number }
  tree_runs: { start: number; gateway: string; seq: number; count: number }
  /** `hashes` in base64, so that both databases spell it alike. */
  tiles: { level: number; n: number; hashes: string }
  key_leaves: { leaf: number }
  checkpoints: { size: number; at: number; note: string }
  /** `files` is JSON. */
  policies: { version: string; files: string }
  owed: { id: string; gateway: string; person: string | null; erased: number; sealed: string }
  exports: { name: string; position: number; term: number; holder: string | null; beat: number }
  notification_choices: { username: string; body: string }
  push_subscriptions: PushSubscriptionRow
  /** One row. PKCS #8 in base64. */
  push_keys: { id: number; key: string }
  deliveries: DeliveryRow
  ledger_heads: { gateway: string; seq: number; hash: string; key: string; signature: string }
}

export interface RequestRow {
  id: string
  version: number
  /** `principalId` of the requester; with `resource` and `digest` unique while pending. */
  requester: string
  username: string
  resource: string
  digest: string
  likeness: string | null
  session: string | null
  status: string
  created_at: number
  expires_at: number
  body: string
}

export interface GrantRow {
  id: string
  version: number
  username: string
  agent: string | null
  resource: string
  request: string | null
  /** The connection it belongs to, if any. */
  session: string | null
  status: string
  starts_at: number
  ends_at: number
  body: string
}

export interface SessionRow {
  id: string
  version: number
  gateway: string
  username: string
  grant_id: string | null
  started_at: number
  ended_at: number | null
  body: string
}

export interface RunRow {
  request: string
  run: string
  gateway: string
  at: number
  /** The sequences of entries in the gateway's chain. */
  started: number
  outcome: number | null
  /** 1 when nothing more will be said of it, else 0. */
  is_over: number
}

export interface LeaseRow {
  id: string
  version: number
  gateway: string
  created_at: number
  /** Null while it is there, or may be. */
  removed_at: number | null
  body: string
}

export interface RecordingRow {
  /** The session's. */
  id: string
  version: number
  gateway: string
  username: string
  principal: string
  resource: string
  started_at: number
  ended_at: number
  stage: string
  body: string
}

export interface ScimGroupRow {
  id: string
  version: number
  name: string
  body: string
}

export interface DeviceRow {
  id: string
  version: number
  hash: string
  user_code: string
  expires_at: number
  polled_at: number | null
  interval_ms: number
  body: string
}

export interface TokenRow {
  id: string
  hash: string
  username: string
  created_at: number
  revoked_at: number | null
  last_used_at: number | null
  body: string
}

export interface PersonRow {
  id: string
  version: number
  name: string
  source: string
  external_id: string | null
  body: string
}

export interface PasskeyRow {
  id: string
  version: number
  credential: string
  username: string
  status: string
  created_at: number
  body: string
}

export interface InviteRow {
  id: string
  version: number
  hash: string
  created_at: number
  body: string
}

export interface LoginRow {
  id: string
  hash: string
  flow: string | null
  username: string
  created_at: number
  verified_at: number
  last_used_at: number
  expires_at: number
  ended_at: number | null
  body: string
}

export interface PushSubscriptionRow {
  id: string
  username: string
  /** Its SHA-256 in base64url. */
  endpoint: string
  created_at: number
  body: string
}

export interface DeliveryRow {
  id: string
  version: number
  /** Null when nothing more is to be sent. */
  due_at: number | null
  changed_at: number
  body: string
}
