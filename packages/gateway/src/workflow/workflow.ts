import type { Scope } from '@countersign/core/action'
import type { Given } from '@countersign/core/coverage'
import type { Grant } from '@countersign/core/grant'
import type { Request } from '@countersign/core/request'
import type { Assertion } from '@countersign/ledger/assertion'
import type { Caller } from '../identity/caller.ts'
import type { SessionRecord } from '../store/store.ts'

/** What is asked for ahead: one action by its text, or a scope for a while. */
export type Wish = { readonly kind: 'action'; readonly text: string } | { readonly kind: 'scope'; readonly scope: Scope; readonly ms: number | null }

/** `before`: the next page, after this one. */
export interface SessionsFilter {
  readonly live: boolean
  readonly user: string | null
  readonly before: { readonly startedAt: number; readonly id: string } | null
  readonly limit: number
}

export interface Asked {
  readonly resource: string
  readonly wish: Wish
  readonly reason: string | null
  readonly ticket: string | null
}

/** What is known beside a request: those that ask for the same but for values, null where it is like no other; its session and what else was asked in it; what it yielded, and the sessions that this opened. */
export interface Surroundings {
  readonly alike: readonly Request[] | null
  readonly session: SessionRecord | null
  readonly before: readonly Request[]
  readonly grants: readonly Grant[]
  readonly opened: readonly SessionRecord[]
}

/** What a reviewer says. `signature` is what his passkey gave for what `toSign` answered, where policy asks for that. */
export interface Verdict {
  readonly approve: boolean
  readonly comment: string | null
  readonly given: Given | null
  readonly signature?: Presented | null
}

/** What a browser gave for what was to be signed: nothing of it is verified. `before`: Unix milliseconds, as `toSign` answered it. */
export interface Presented {
  readonly before: number
  /** The credential's id, base64url. */
  readonly credential: string
  readonly assertion: Assertion
}

/**
 * Requests, reviews and grants from one state to the next, for every door. Each change is journalled, then saved by
 * compare-and-set. Refusals are DomainError (a rule of core) or WorkflowError (not there, not yours to see).
 */
export interface Workflow {
  /** Opens a request, or attaches to the pending one that asks the same. What policy allows by itself comes back approved; what it never allows is refused. */
  ask(caller: Caller, asked: Asked): Promise<{ readonly request: Request; readonly attached: boolean }>
  review(caller: Caller, id: string, verdict: Verdict): Promise<Request>
  /** What a reviewer's passkey is to sign for this approval, and by when (Unix milliseconds). Refuses what he could not approve with it. */
  toSign(
    caller: Caller,
    id: string,
    wanted: { readonly comment: string | null; readonly given: Given | null },
  ): Promise<{ readonly shown: string; readonly before: number }>
  withdraw(caller: Caller, id: string): Promise<Request>
  /** Ends the caller's live grants, on one resource or on all, and the connections under them. */
  done(caller: Caller, resource: string | null): Promise<readonly Grant[]>
  revoke(caller: Caller, grant: string, reason: string | null): Promise<Grant>
  kill(caller: Caller, session: string, reason: string | null): Promise<SessionRecord>

  /** What this caller may see; the rest is as if it were not there. Admins and auditors see everything. */
  request(caller: Caller, id: string): Promise<Request>
  /** What is known beside a request. */
  surroundings(caller: Caller, id: string): Promise<Surroundings>
  requests(caller: Caller, filter: { readonly inbox: boolean; readonly status: Request['status'] | null }): Promise<readonly Request[]>
  grant(caller: Caller, id: string): Promise<Grant>
  grants(caller: Caller, filter: { readonly live: boolean }): Promise<readonly Grant[]>
  session(caller: Caller, id: string): Promise<SessionRecord>
  sessions(caller: Caller, filter: SessionsFilter): Promise<readonly SessionRecord[]>
}

export type WorkflowCode = 'not-found' | 'denied' | 'forbidden' | 'unavailable' | 'invalid' | 'step-up-required' | 'too-many' | DeviceCode

/** Why there is no token for a command line (RFC 8628 section 3.5). */
export type DeviceCode = 'authorization-pending' | 'slow-down' | 'access-denied' | 'expired-code'

/** A refusal that is not a rule of core. `message` says what to do next; `policies` name who denied. */
export class WorkflowError extends Error {
  readonly code: WorkflowCode
  readonly policies: readonly string[]

  constructor(code: WorkflowCode, message: string, policies: readonly string[] = []) {
    super(message)
    this.name = 'WorkflowError'
    this.code = code
    this.policies = policies
  }
}
