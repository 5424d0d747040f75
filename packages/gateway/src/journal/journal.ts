import type { EventText } from '@countersign/ledger/group'

/**
 * What happened, before it is answered for. An entry's `secret` part (statement text, parameters, reasons, comments) is
 * sealed: the entry itself carries a salted commitment and the encrypted text, never the plain text or its bare digest.
 */
export interface Event {
  readonly type: EventType
  /** Ids, types, policy names, counts, times: nothing that a person typed. */
  readonly body: Readonly<Record<string, JsonValue>>
  readonly secret?: Readonly<Record<string, JsonValue>>
  /** The user whose personal data the secret is, where policy says that it is any: sealed with his key, and erased with it. */
  readonly person?: string | null
}

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue }

export type EventType =
  | 'gateway.enrolled'
  | 'gateway.key-rotated'
  | 'gateway.vouched'
  | 'gateway.started'
  | 'gateway.stopped'
  | 'journal.recovered'
  | 'policy.loaded'
  | 'policy.rejected'
  | 'token.created'
  | 'token.revoked'
  | 'login.started'
  | 'login.refused'
  | 'login.ended'
  | 'person.changed'
  | 'invite.created'
  | 'invite.revoked'
  | 'passkey.enrolled'
  | 'passkey.reviewed'
  | 'passkey.removed'
  | 'passkey.refused'
  | 'device.confirmed'
  | 'device.refused'
  | 'request.opened'
  | 'request.reviewed'
  | 'request.approved'
  | 'request.denied'
  | 'request.withdrawn'
  | 'request.expired'
  | 'grant.issued'
  | 'grant.used'
  | 'grant.ended'
  | 'session.refused'
  | 'session.started'
  | 'session.killed'
  | 'session.watched'
  | 'session.ended'
  | 'session.lost'
  | 'lease.made'
  | 'lease.removed'
  | 'action.decided'
  | 'action.started'
  | 'action.finished'
  | 'rights.granted'
  | 'rights.revoked'
  | 'erasure.asked'
  | 'person.erased'
  | 'recording.finished'
  | 'recording.deleted'
  | 'recording.read'
  | 'recording.searched'

/**
 * `process`: the write returned, so it survives kill -9. `disk`: fdatasync returned, so it survives a power cut. `store`: it is
 * committed to the store too, so it survives the host.
 */
export type Durability = 'process' | 'disk' | 'store'

/** The one of them that promises more. */
export const atLeast = (one: Durability, other: Durability): Durability => (ORDER.indexOf(one) < ORDER.indexOf(other) ? other : one)
const ORDER: readonly Durability[] = ['process', 'disk', 'store']

/** What a statement leaves behind that policy allows by itself, and what became of any, in canonical JSON (RFC 8785). */
export interface ActionEvent extends EventText {
  readonly type: 'action.started' | 'action.finished'
  /** As of any event. */
  readonly person?: string | null
}

/** Called once: with null when it is as durable as was asked, else with why nothing may be forwarded. */
export type Written = (error: Error | null) => void

/**
 * The gateway's own append-only record. When `append` resolves the entry has its place in the hash chain with the
 * durability asked for; when it rejects (JournalBroken) nothing may be forwarded, now or later.
 */
export interface Journal {
  readonly gateway: string
  append(event: Event, durability: Durability): Promise<{ readonly seq: number; readonly hash: string }>
  /**
   * Records a statement, in one entry with all that join in the same turn of the event loop (type `actions`). Without `written` nobody waits: it goes with the next write, within milliseconds. That is for
   * outcomes, whose loss reads as `unknown`.
   */
  join(event: ActionEvent, written?: Written, durability?: Durability): void
  /** The time of the latest entry, Unix milliseconds: a clock behind it issues no grants. */
  readonly latest: number
  /** Null while entries can be written; else why not. */
  readonly broken: string | null
  close(): Promise<void>
}

export class JournalBroken extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'JournalBroken'
  }
}

/** Another process holds it. */
export class JournalInUse extends JournalBroken {}
