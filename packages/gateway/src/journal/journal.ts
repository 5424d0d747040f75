/**
 * What happened, before it is answered for. An entry's `secret` part (statement text, parameters, reasons, comments) is
 * sealed: the entry itself carries a salted commitment and the encrypted text, never the plain text or its bare digest.
 */
export interface Event {
  readonly type: EventType
  /** Ids, types, policy names, counts, times: nothing that a person typed. */
  readonly body: Readonly<Record<string, JsonValue>>
  readonly secret?: Readonly<Record<string, JsonValue>>
}

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue }

export type EventType =
  | 'gateway.started'
  | 'gateway.stopped'
  | 'journal.recovered'
  | 'policy.loaded'
  | 'policy.rejected'
  | 'token.created'
  | 'token.revoked'
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
  | 'session.ended'
  | 'action.decided'
  | 'action.started'
  | 'action.finished'

/**
 * `process`: the write returned, so it survives kill -9. `disk`: fdatasync returned, so it survives a power cut. `soon`:
 * with the next write, within milliseconds; for outcomes, which nothing waits for, and whose loss reads as `unknown`.
 */
export type Durability = 'soon' | 'process' | 'disk'

/**
 * The gateway's own append-only record. When `append` resolves the entry has its place in the hash chain with the
 * durability asked for; when it rejects (JournalBroken) nothing may be forwarded, now or later.
 */
export interface Journal {
  readonly gateway: string
  append(event: Event, durability: Durability): Promise<{ readonly seq: number; readonly hash: string }>
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
