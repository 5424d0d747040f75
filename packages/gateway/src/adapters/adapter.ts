import type { Duplex } from 'node:stream'
import type { Action, SessionState, Span, Statement } from '@countersign/core/action'
import type { Impact } from '@countersign/core/impact'

/** What a client is told while it waits; each protocol has its own way to say it. */
export interface Notice {
  readonly message: string
  readonly detail: string | null
  readonly hint: string | null
}

/** Why a wait ends before anybody decided: the client took it back, is gone, or cannot be kept waiting any longer. */
export type HoldEnd = 'withdrawn' | 'disconnected' | 'deadline'

/** A client that may have to wait. Aborting `signal` with a HoldEnd as reason ends the wait. */
export interface Hold {
  readonly signal: AbortSignal
  tell(notice: Notice): void
}

/** `pending`: nobody has decided yet and the client is not kept waiting. `unavailable`: the gateway cannot decide or record. */
export type RefusalCode = 'denied' | 'expired' | 'withdrawn' | 'pending' | 'unavailable' | 'ended'

export interface Refusal extends Notice {
  readonly effect: 'refuse'
  readonly code: RefusalCode
}

/**
 * `run` names this execution in the ledger; its outcome is recorded under it. `reviewed`: policy did not allow it by itself. `behind` are those of the rest of its
 * pipeline, in order.
 */
export interface Allowance {
  readonly effect: 'allow'
  readonly run: string
  readonly reviewed: boolean
  readonly behind?: readonly Omit<Allowance, 'behind'>[]
}

export type Verdict = Allowance | Refusal

/** An action as the adapter reads it. `state` costs a round trip, so it is asked for only when somebody must review. */
export interface Attempted {
  readonly action: Omit<Action, 'state'>
  readonly inTransaction: boolean
  state(): Promise<SessionState>
  /** What it would do now, in the state just taken. It costs a connection; what cannot be found out is unknown. Rejects with Skipped, as the others do. */
  impact(state: SessionState): Promise<Impacts>
  /**
   * A digest of how everything that its one statement may touch is defined now, after `state`; null where that cannot be found out. Two equal ones mean that the same
   * statement would do the same. It costs a round trip, and in a transaction two.
   */
  definition(): Promise<string | null>
  /**
   * A digest of what its names stand for now, and of what else its text means by its session, null where that cannot be found out. Two equal ones mean the same objects. Rejects with Skipped where it would do something else by now than
   * what `action` says.
   */
  objects(): Promise<string | null>
  /** The constants of its text that may differ in its shape; null where that cannot be said. */
  differs(): readonly Span[] | null
  /**
   * What its client has sent with it and waits for together, itself first; it waits until all of that is there. Absent where
   * it comes alone.
   */
  pipeline?(): Promise<Pipeline>
}

/** Of all statements together, and of each by itself. */
export interface Impacts {
  readonly all: Impact
  readonly each: readonly Impact[]
}

export interface Pipeline {
  /** All of it, with a part for each statement. */
  readonly action: Omit<Action, 'state'>
  impact(state: SessionState): Promise<Impacts>
  objects(): Promise<string | null>
}

/** The summary of a run that has stopped in the middle and may go on. */
export const SUSPENDED = 'suspended'

/** What became of a run. `rows` is null where the protocol does not say. */
export interface Outcome {
  readonly run: string
  readonly result: 'done' | 'failed' | 'unknown'
  /** The command tag, the error's code, or SUSPENDED. */
  readonly summary: string
  readonly rows: number | null
  /** What those rows took on the wire. */
  readonly bytes: number
  /** From being forwarded, or from the answer to what ran before it, to its own answer, in milliseconds; null where there was none. */
  readonly ms: number | null
  /** What the target said of a failure, its beginning; it may quote what is in the database, so it is sealed. */
  readonly error: string | null
  /** What the client sent in besides the action itself (COPY): its length, and its SHA-256 in hexadecimal. */
  readonly sent: { readonly bytes: number; readonly sha256: string } | null
}

/** Of what the target has not answered. */
export const UNANSWERED = { rows: null, bytes: 0, ms: null, error: null }

/** The action will not run whatever is decided, because something before it failed, or its client no longer waits: nobody is asked. */
export class Skipped extends Error {
  readonly code: RefusalCode

  constructor(code: RefusalCode = 'ended', message = 'something before this action failed, so it does not run') {
    super(message)
    this.name = 'Skipped'
    this.code = code
  }
}

/** The gateway cannot say who somebody is, because its store does not answer. The message is for the client. */
export class Unavailable extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'Unavailable'
  }
}

/** Why a live connection ends, in words for its client. */
export class Cut extends Error {
  readonly code: 'expired' | 'revoked' | 'killed' | 'done' | 'idle' | 'token' | 'person' | 'store' | 'shutdown' | 'fence'

  constructor(code: Cut['code'], message: string) {
    super(message)
    this.name = 'Cut'
    this.code = code
  }
}

/** Why somebody does what he does, in his own words, and the ticket that it is for. */
export interface Purpose {
  readonly reason: string | null
  readonly ticket: string | null
}

/** What the session's own account on the target may do from now on, or may no longer, for the sake of one run. `roles` are the target's. */
export interface RightsChanged {
  readonly run: string
  readonly effect: 'granted' | 'revoked'
  readonly roles: readonly string[]
}

/** Everything an adapter may do to the world for one connection. */
export interface Session {
  readonly id: string
  /** `alice@example.com`, as the target's logs shall name her. */
  readonly principal: string
  /** Unix milliseconds; the connection does not outlive it. */
  readonly endsAt: number
  /** Aborted with a Cut as reason: close the client in its own protocol, and the target at once. */
  readonly signal: AbortSignal
  /** What requests of this session say of their purpose from now on; what is not named stays. */
  setPurpose(purpose: Partial<Purpose>): void
  /** Policy allows reads by itself, as far as it does not look at what is read. */
  readonly mayRead: boolean
  /** True for what policy never allows, whoever reviews it. Nothing is recorded: `decide` refuses it, and says why. */
  forbids(statements: readonly Statement[]): boolean
  /**
   * What policy allows by itself, judged at once; resolves when it is recorded, to `allow` or to why it cannot be. Null for
   * everything else, which is for `decide`. Forward nothing before `allow`.
   */
  allow(action: Omit<Action, 'state'>, inTransaction: boolean): Promise<Verdict> | null
  /** Judges, holds where policy says so, and records. Durable in the ledger before it resolves; it may take minutes. Forward nothing before `allow`. */
  decide(attempted: Attempted, hold: Hold): Promise<Verdict>
  record(outcome: Outcome): void
  /** In the ledger when it resolves: before rights are granted, and after they are gone. Rejects when it cannot be written. */
  rights(changed: RightsChanged): Promise<void>
  /** The connection is over. Idempotent. */
  end(reason: string): Promise<void>
}

/** One live token of a user, as SCRAM-SHA-256 verifies it (RFC 5802). */
export interface Verifier {
  readonly token: string
  readonly storedKey: Uint8Array
  readonly serverKey: Uint8Array
}

export interface Knock {
  /** The id of the token that the client proved to have. */
  readonly token: string
  readonly resource: string
  /** Null is the resource's own. */
  readonly database: string | null
  /** The client's address, for the record. */
  readonly client: string
  readonly purpose: Purpose
}

/** The gateway as an adapter sees it before there is a session. */
export interface Gate {
  /** SCRAM parameters and verifiers of a user; an unknown user has parameters too, and no verifiers. Rejects with Unavailable, as `tokenFor` does. */
  verifiers(user: string): Promise<{ readonly salt: Uint8Array; readonly iterations: number; readonly verifiers: readonly Verifier[] }>
  /** The id of the live token with this secret if it is `user`'s, or null. */
  tokenFor(user: string, secret: string): Promise<string | null>
  /** `connect` is an action: it is judged, and may be held. */
  connect(knock: Knock, hold: Hold): Promise<{ readonly effect: 'allow'; readonly session: Session; readonly target: Target } | Refusal>
}

/** An account on a target that is one session's alone. */
export interface Account {
  readonly name: string
  readonly password: string
  /** Unix milliseconds; nobody logs in with it later. */
  readonly endsAt: number
  /** It may read from the start, because policy allows its session to. */
  readonly reads: boolean
}

/** How a protocol's targets get accounts and lose them. */
export interface AccountKeeper {
  /** What its accounts are, in words: `postgres role`. */
  readonly kind: string
  /** A new account for this session, which is not on the target yet. */
  invent(session: Pick<Session, 'id' | 'endsAt' | 'mayRead'>): Account
  /** All of it or nothing. Rejects with why not, for people. */
  make(resource: string, account: Account): Promise<void>
  /** Whatever is left of it, nothing included; what it owns is handed over before. Rejects with why it is not gone yet, and can be asked again. */
  remove(resource: string, name: string): Promise<void>
}

/** An account that is there for as long as its session. */
export interface Lease {
  readonly account: Account
  /** The session is over: the account is removed, however long that takes. */
  end(): void
}

/** Whoever gives sessions accounts of their own. */
export interface Lessor {
  /** Rejects with why there is no account, for people. */
  lease(session: Session, resource: string): Promise<Lease>
}

/** How sessions of a target get accounts of their own: the target's roles that carry what actions of a type (`write`) need. */
export interface OwnAccounts {
  readonly roles: Readonly<Partial<Record<string, readonly string[]>>>
  /** Gets what an account leaves behind; null is the credential's own role. */
  readonly owner: string | null
}

/** The way to a protected target. */
export interface Target {
  readonly resource: string
  /** Where it is, as `host:port`: several resources may be on one server. */
  readonly server: string
  readonly database: string
  readonly username: string
  /** Null where every session logs in with the resource's own credential. */
  readonly accounts: OwnAccounts | null
  readonly tls: 'disable' | 'require' | 'verify-full'
  readonly trustedFunctions: readonly string[]
  /** Extensions of which all that they brought is vouched for. */
  readonly trustedExtensions: readonly string[]
  /** How old what is known of the catalog may be, milliseconds: at most a second. */
  readonly catalogMaxAgeMs: number
  /** Rows are counted up to this cost, in the planner's units. */
  readonly countUpToCost: number
  /** How long a hold may last inside an open transaction, milliseconds. */
  readonly holdInTransactionMs: number
  password(): Promise<string | null>
  /**
   * Rejects with an error for people when the target cannot be reached. With `isKept` bytes that were read may be overwritten by the next
   * that are read once it says false: whatever else outlives its `data` event must be copied.
   */
  dial(signal: AbortSignal, isKept?: () => boolean): Promise<Duplex>
  startTls(stream: Duplex): Promise<Secured>
}

/** A connection inside TLS. */
export interface Secured {
  readonly stream: Duplex
  /** The server's certificate in DER, whichever side that is; null when none was shown. */
  readonly certificate: Uint8Array | null
  /** What both sides agreed to speak (ALPN), or null. */
  readonly protocol: string | null
}

/** A client's connection as the listener hands it over. */
export interface Client {
  readonly stream: Duplex
  readonly address: string
  readonly loopback: boolean
  startTls(stream: Duplex): Promise<Secured>
}
