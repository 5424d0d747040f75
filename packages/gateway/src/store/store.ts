import type { Grant } from '@countersign/core/grant'
import type { Request, RequestStatus } from '@countersign/core/request'
import type { Principal } from '@countersign/core/principal'
import type { LoginStore, PersonStore } from './people.ts'
import type { NotificationStore } from './notification-store.ts'
import type { ScimGroupStore } from './scim-group-store.ts'
import type { DeviceStore } from './device-store.ts'
import type { LedgerIndexStore } from './ledger-index-store.ts'
import type { PolicyStore } from './policy-store.ts'
import type { RecordingStore } from './recording-store.ts'
import type { RunRecord, RunStore } from './run-store.ts'
import type { OwedRecord, OwedStore } from './owed-store.ts'
import type { TokenStore } from './token-store.ts'
import type { ChallengeStore, InviteStore, PasskeyStore } from './passkey-store.ts'

export type { DeviceRecord, DeviceStore } from './device-store.ts'
export type { BlockQuery, IndexedBlock, LedgerIndexStore } from './ledger-index-store.ts'
export type { ScimGroupRecord, ScimGroupStore } from './scim-group-store.ts'
export type { LoginRecord, LoginStore, Method, PersonRecord, PersonStore, Source } from './people.ts'
export type { DeliveryRecord, NotificationStore, PushSubscriptionRecord } from './notification-store.ts'
export type { ChallengeStore, InviteRecord, InviteStore, PasskeyRecord, PasskeyStatus, PasskeyStore } from './passkey-store.ts'
export type { OwedRecord, OwedStore } from './owed-store.ts'
export type { PolicyText, PolicyStore } from './policy-store.ts'
export type { RecordingRecord } from './recording-store.ts'
export type { RunRecord, RunStore } from './run-store.ts'
export type { TokenRecord, TokenStore } from './token-store.ts'

/**
 * What gateways share. Every state change of a request, grant or session is a compare-and-set on `version`: when
 * several replicas race, exactly one `save` returns true. A promise that resolves is durable in the store. Nothing is
 * retried here; a store that does not answer rejects with StoreUnavailable.
 */
export interface Store extends WorkerStore {
  readonly logins: LoginStore
  readonly passkeys: PasskeyStore
  readonly invites: InviteStore
  readonly challenges: ChallengeStore
  readonly erasures: ErasureStore
  readonly tree: TreeStore
  readonly policies: PolicyStore
  readonly exports: ExportStore
  readonly recordings: RecordingStore
  readonly runs: RunStore
  readonly notifications: NotificationStore
  readonly ledgerIndex: LedgerIndexStore
  readonly devices: DeviceStore
  readonly scimGroups: ScimGroupStore
}

/** What a protocol worker may ask of it, too. */
export interface WorkerStore {
  readonly requests: RequestStore
  readonly grants: GrantStore
  readonly sessions: SessionStore
  readonly tokens: TokenStore
  readonly people: PersonStore
  readonly leases: LeaseStore
  readonly gateways: GatewayStore
  readonly ledger: LedgerStore
  readonly owed: OwedStore
  /** Called after each change is committed, by whichever gateway made it; returns the way to stop listening. */
  subscribe(listener: (event: StoreEvent) => void): () => void
  /** Resolves when the store answers, and its changes are heard. */
  ping(): Promise<void>
  close(): Promise<void>
}

/** What has an id of its own, and listeners; `run` has the id of a request under whose grants something ran. */
export const CHANGED_KINDS = ['request', 'grant', 'session', 'token', 'erasure', 'person', 'login', 'passkey', 'run'] as const

/** `inserted`: it was not there before. `resync` means that changes may have been missed: read again whatever you wait for. */
export type StoreEvent =
  | { readonly kind: (typeof CHANGED_KINDS)[number]; readonly id: string; readonly inserted?: true | undefined }
  | { readonly kind: 'resync' }

export interface RequestStore {
  /**
   * Inserts, or returns the pending request of the same requester, resource and ask digest that is there already. Where that one's own life is over
   * (`isOver`) it has to be ended first. What is `owed` is inserted with the request alone.
   */
  open(request: Request, owed?: readonly OwedRecord[]): Promise<{ readonly request: Request; readonly attached: boolean; readonly isOver: boolean }>
  get(id: string): Promise<Request | null>
  /** Newest first. */
  list(filter: {
    readonly status?: RequestStatus
    readonly user?: string
    readonly reviewer?: string
    /** Those that members of one of these may review. */
    readonly groups?: readonly string[]
    readonly resource?: string
    /** Opened then or later, Unix milliseconds. */
    readonly since?: number
    /** `likenessOf` their asks. */
    readonly likeness?: string
    /** Those that were held in this session and not, since, in a later one. */
    readonly session?: string
    /** Those that come after this one. */
    readonly before?: Pick<Request, 'createdAt' | 'id'>
    readonly limit?: number
  }): Promise<readonly Request[]>
  /** The ids of all that are pending. */
  pending(): Promise<readonly string[]>
  /** Pending requests whose own life is over at `now`. */
  due(now: number): Promise<readonly Request[]>
  /** Replaces version `next.version - 1`, and inserts `grant`, and what is `owed`, in the same transaction. False: somebody else was first, nothing changed. */
  save(next: Request, grant?: Grant | null, owed?: readonly OwedRecord[]): Promise<boolean>
}

export interface GrantStore {
  insert(grant: Grant): Promise<void>
  get(id: string): Promise<Grant | null>
  /** Newest first. `live` leaves out those that have ended, `asked` those that policy gave to one connection. */
  list(filter: {
    readonly user?: string
    readonly agent?: string | null
    readonly resource?: string
    /** Those of requests that members of one of these may review. */
    readonly groups?: readonly string[]
    readonly asked?: boolean
    readonly live?: boolean
    readonly before?: Pick<Grant, 'startsAt' | 'id'>
    readonly limit?: number
  }): Promise<readonly Grant[]>
  /** Grants still `active` whose end has passed at `now`. */
  due(now: number): Promise<readonly Grant[]>
  /** Replaces version `next.version - 1`, and inserts what is `owed`. False: somebody else was first, nothing changed. */
  save(next: Grant, owed?: readonly OwedRecord[]): Promise<boolean>
  /** All of them, or none. */
  saveAll(next: readonly Grant[], owed?: readonly OwedRecord[]): Promise<boolean>
}

/** One live or past connection. `cut` is set by whoever wants it ended; the gateway that holds the socket obeys it. */
export interface SessionRecord {
  readonly id: string
  readonly version: number
  readonly gateway: string
  readonly principal: Principal
  readonly resource: string
  readonly database: string
  readonly grant: string | null
  readonly client: string
  readonly startedAt: number
  readonly endsAt: number
  readonly cut: { readonly by: string; readonly reason: string } | null
  readonly endedAt: number | null
  readonly endReason: string | null
}

export interface SessionStore {
  /** Together with the grant that policy gives to this connection alone, if any. */
  insert(session: SessionRecord, grant?: Grant | null): Promise<void>
  get(id: string): Promise<SessionRecord | null>
  /** Newest first. */
  list(filter: {
    readonly live?: boolean
    readonly user?: string
    readonly gateway?: string
    readonly grant?: string
    /** Those that come after this one. */
    readonly before?: { readonly startedAt: number; readonly id: string }
    readonly limit?: number
  }): Promise<readonly SessionRecord[]>
  save(next: SessionRecord, owed?: readonly OwedRecord[]): Promise<boolean>
  /** `save`, and in the same transaction that of its grant, where nobody else has changed the one or the other. */
  end(next: SessionRecord, grant: Grant | null): Promise<{ readonly session: boolean; readonly grant: boolean }>
}

/**
 * An account on a target that was made, or may have been, for one session. It is here before it is there. `live`: its session holds it. `removing`: it is to
 * go, and did not yet; `lastError` says why, `nextAt` when that is tried again (null: at once).
 */
export interface LeaseRecord {
  readonly id: string
  readonly version: number
  /** What it is on its target: `postgres role`. */
  readonly kind: string
  readonly resource: string
  /** Its name there. */
  readonly account: string
  readonly session: string
  /** Who removes it. */
  readonly gateway: string
  readonly state: 'live' | 'removing' | 'removed'
  readonly createdAt: number
  readonly endsAt: number
  readonly attempts: number
  readonly lastError: string | null
  readonly nextAt: number | null
  readonly removedAt: number | null
}

export interface LeaseStore {
  insert(lease: LeaseRecord): Promise<void>
  get(id: string): Promise<LeaseRecord | null>
  /** Newest first. `open` leaves out those that are removed. */
  list(filter: { readonly open?: boolean; readonly gateway?: string; readonly limit?: number }): Promise<readonly LeaseRecord[]>
  /** Replaces version `next.version - 1`. False: somebody else was first, nothing changed. */
  save(next: LeaseRecord): Promise<boolean>
}

/** The personal data of a user is to be erased, at every gateway. `at`: when that was asked, Unix milliseconds. */
export interface ErasureRecord {
  readonly id: string
  readonly user: string
  /** The admin who asked. */
  readonly by: string
  readonly at: number
}

/** With the gateways that have done it. */
export interface Erasure extends ErasureRecord {
  readonly done: readonly { readonly gateway: string; readonly at: number }[]
}

export interface ErasureStore {
  insert(erasure: ErasureRecord): Promise<void>
  /** All, newest first. */
  list(): Promise<readonly Erasure[]>
  /**
   * Takes out of the store, as far as it was there by `before`, who somebody is beside his name: his sign-ins, invitations, and how he is told, go; passkeys and
   * tokens stay without what he calls them, and what a source says of him without the name and address that people know him by. Rejects, and has done nothing,
   * where somebody else changes one of them meanwhile.
   */
  erasePerson(user: string, before: number): Promise<void>
  /** Said again, it stays as it was said first. */
  done(id: string, gateway: string, at: number): Promise<void>
}

/** `url`: where people reach its console; null of a worker, which nobody reaches but through its gateway, and of a gateway that is older than that. */
export interface GatewayRecord {
  readonly id: string
  readonly seenAt: number
  readonly url: string | null
}

/** Which gateways share this store, and when each last said so. */
export interface GatewayStore {
  beat(id: string, at: number, url: string | null): Promise<void>
  list(): Promise<readonly GatewayRecord[]>
}

/** Ledger entries drained from the gateways' journals: `line` is the entry's canonical JSON. */
export interface LedgerStore {
  /**
   * Idempotent: an entry that is there already is left as it is. `head` is what the gateway's key says of the last of them, or
   * of one that is there already; it is there when they are, and takes the place of another for the same entry. So are `runs`, what the entries say
   * of what ran under grants: of what was over before nothing is changed.
   */
  append(entries: readonly StoredEntry[], head?: StoredHead | null, runs?: readonly RunRecord[]): Promise<void>
  /** In the order of their sequence, from `from` on. */
  read(gateway: string, from: number, limit: number): Promise<readonly StoredEntry[]>
  /** The last drained sequence of each gateway. */
  heads(): Promise<readonly { readonly gateway: string; readonly seq: number }[]>
  /** The runs of a gateway that are not over. */
  running(gateway: string): Promise<readonly RunRecord[]>
  /** In the order of their sequence, from `from` on. Anybody who may write to the database may have put them there. */
  signedHeads(gateway: string, from: number, limit: number): Promise<readonly StoredHead[]>
}

/** The entry `seq` of a gateway has this hash, and so have all before it: as signed by `key`. Both base64; see gateway-key.ts of the ledger. */
export interface StoredHead {
  readonly gateway: string
  readonly seq: number
  readonly hash: string
  readonly key: string
  readonly signature: string
}

export interface StoredEntry {
  readonly gateway: string
  readonly seq: number
  readonly line: string
}

/** The one tree over the entries of all gateways, whose growth is somebody's at a time. Tables `tree`, `tree_runs`, `tiles`, `key_leaves`, `checkpoints`. */
export interface TreeState {
  /** `countersign/tree-` and ten hex digits: the tree's name in checkpoints, made once. */
  readonly origin: string
  /** Its leaves. */
  readonly size: number
  /** Goes up by one whenever the lease changes hands. */
  readonly term: number
  /** The gateway that has the lease; null when it was given back. */
  readonly holder: string | null
  /** Goes up with whatever the holder does: one that does not for a while is dead. */
  readonly beat: number
}

/** Entries of one gateway that stand in a row in the tree: its sequences `seq` to `seq + count - 1` at the leaves `start` and on. */
export interface Run {
  readonly start: number
  readonly gateway: string
  readonly seq: number
  readonly count: number
}

/** A tile of C2SP tlog-tiles: up to 256 hashes of 32 bytes, one after the other. One that is not full grows in its place. */
export interface Tile {
  readonly level: number
  readonly n: number
  readonly hashes: Uint8Array
}

/** Leaves that are added at the end. */
export interface Growth {
  readonly term: number
  /** The sizes before and after. */
  readonly from: number
  readonly to: number
  /** The first may be the last one of before, grown. */
  readonly runs: readonly Run[]
  /** Each tile that is new or wider than before. */
  readonly tiles: readonly Tile[]
  /** The leaves among them that are about keys, by their index. */
  readonly keyLeaves: readonly number[]
}

/** An entry at its place in the tree. */
export interface Leaf extends StoredEntry {
  readonly index: number
}

/** A signed note (C2SP tlog-checkpoint), with the cosignatures that it has got. `at`: Unix milliseconds. */
export interface StoredCheckpoint {
  readonly size: number
  readonly at: number
  readonly note: string
}

/**
 * What takes a term changes the tree only for the lease's holder: with the term, and for `extend` the size, compared in the
 * same transaction. So two that both believe to have the lease cannot fork it.
 */
export interface TreeStore {
  state(): Promise<TreeState>
  /** Gives the lease to `holder` if nobody has done anything since `seen`. Null: somebody has. */
  take(holder: string, seen: TreeState): Promise<TreeState | null>
  /** Says that the holder lives. False: the lease is somebody else's. */
  renew(term: number): Promise<boolean>
  /** Gives the lease back, so that others need not wait until it looks dead. */
  release(term: number): Promise<void>
  /** False: the lease or the size is not what it was; nothing changed. */
  extend(growth: Growth): Promise<boolean>
  /** The last run of each gateway among the tree's first `size` leaves, as far as it reaches there. */
  tails(size: number): Promise<readonly Run[]>
  /** Where the entries about keys are, in order: those of which follows whose key may sign checkpoints. */
  keyLeaves(): Promise<readonly number[]>
  /** Leaves from `from` on, `limit` at most, in order. One whose entry is gone from the store is left out. */
  read(from: number, limit: number): Promise<readonly Leaf[]>
  /** Null: it is not in the tree, or not yet. */
  indexOf(gateway: string, seq: number): Promise<number | null>
  /** As wide as it is now: a narrower one of an earlier size is its beginning. Null: there is none. */
  tile(level: number, n: number): Promise<Uint8Array | null>
  /** False: the lease is somebody else's, or there is one of this size; nothing changed. Of the signed heads under it each chain's last is kept. */
  addCheckpoint(term: number, checkpoint: StoredCheckpoint): Promise<boolean>
  /** Replaces the note of a size, unless it is not `before` any more. False: nothing changed. */
  cosign(checkpoint: StoredCheckpoint, before: string): Promise<boolean>
  /** The newest of at most this size, and of all without one. Null: there is none. */
  checkpoint(atMost?: number): Promise<StoredCheckpoint | null>
  /** The oldest of at least this size: the first that covers the leaf before it. Null: there is none yet. */
  checkpointCovering(size: number): Promise<StoredCheckpoint | null>
}

/** How far an export of the ledger has come, and whose it is. Table `exports`. */
export interface ExportState {
  readonly name: string
  /** The index of the first leaf that is not known to have been delivered. */
  readonly position: number
  /** Goes up by one whenever it changes hands. */
  readonly term: number
  /** The gateway that delivers; null when it gave that up. */
  readonly holder: string | null
  /** Goes up with whatever the holder does: one that does not for a while is dead. */
  readonly beat: number
}

/** What takes a term changes the position only for the holder of that term, so two that both believe to have it cannot put it back. */
export interface ExportStore {
  /** Of the export with this name; from the tree's beginning where there was none. */
  state(name: string): Promise<ExportState>
  /** Gives it to `holder` if nobody has done anything since `seen`. Null: somebody has. */
  take(holder: string, seen: ExportState): Promise<ExportState | null>
  /** Says that the holder lives. False: it is somebody else's. */
  renew(held: Pick<ExportState, 'name' | 'term'>): Promise<boolean>
  /** Remembers how far it is. False: it is somebody else's, or further; nothing changed. */
  advance(held: Pick<ExportState, 'name' | 'term'>, position: number): Promise<boolean>
  /** Gives it up, so that others need not wait until its holder looks dead. */
  release(held: Pick<ExportState, 'name' | 'term'>): Promise<void>
}

/** The store did not answer, or answered with an error that is not a refusal. Nothing may be assumed about what it did. */
export class StoreUnavailable extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'StoreUnavailable'
  }
}
