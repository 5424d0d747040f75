import type { Action, Scope } from './action.ts'
import { assertWithin, type Ceiling, DEFAULT_CEILING, type Given, type GivenShape, narrowerShape, type Shape } from './coverage.ts'
import { DomainError } from './error.ts'
import type { Grant } from './grant.ts'
import { type Approver, describeNeed, isSatisfied, mayFill, type Need } from './need.ts'
import type { Obligations } from './obligations.ts'
import { isOf, type Principal, principalId } from './principal.ts'

export type RequestStatus = 'pending' | 'approved' | 'denied' | 'withdrawn' | 'expired'

/** What is asked for: one action, or an action type for a while. `digest` identifies it: the same ask is the same request. */
export type Ask =
  | { readonly kind: 'action'; readonly digest: string; readonly action: Action }
  | { readonly kind: 'scope'; readonly digest: string; readonly scope: Scope; readonly ms: number }

/**
 * What a reviewer's passkey gave for what he was shown (WebAuthn; base64url as it came). It is verified before there is one: `before` (Unix milliseconds) is the
 * time by which it had to be given, and is signed too.
 */
export interface Signature {
  readonly passkey: string
  readonly clientDataJSON: string
  readonly authenticatorData: string
  readonly signature: string
  readonly before: number
}

/** One person's answer. `proven` is false for a token that the local administrator minted. */
export interface Review {
  readonly reviewer: Principal
  readonly verdict: 'approve' | 'deny'
  readonly comment: string | null
  readonly given: Given | null
  readonly proven: boolean
  /** Null where policy asks for none. */
  readonly signature: Signature | null
  readonly at: number
  /** An approval that counts no longer; see `recounted`. */
  readonly lapsed?: true
}

/** The groups that somebody is in now; null for who is disabled, or unknown. */
export type GroupsOf = (user: string) => readonly string[] | null

/** A request in one state; every transition is a new value, saved by compare-and-set on `version`. Times are Unix milliseconds. */
export interface Request {
  readonly id: string
  readonly version: number
  readonly requester: Principal
  readonly resource: string
  readonly ask: Ask
  readonly need: Need
  readonly policies: readonly string[]
  readonly obligations: Obligations
  /** Where approvals are signed, what is signed besides: the version of the policies that judged it, and a salt that keeps its text from being guessed from the signature. */
  readonly signing?: { readonly policy: string; readonly salt: string } | null
  readonly reason: string | null
  readonly ticket: string | null
  readonly status: RequestStatus
  readonly reviews: readonly Review[]
  /** The session it was held in, null when asked ahead. */
  readonly session: string | null
  /** Connections that came before that one with the same ask, and may still wait, the latest first; absent where there was none. */
  readonly others?: readonly string[]
  readonly inTransaction: boolean
  readonly createdAt: number
  readonly expiresAt: number
  readonly decidedAt: number | null
}

/** What asks have in common that are the same but for values: the fingerprint of an only statement, or the scope. Null: it is like no other. */
export function likenessOf(ask: Ask): string | null {
  if (ask.kind === 'scope') return `scope ${ask.scope}`
  const [only, ...others] = ask.action.statements
  return only && others.length === 0 ? only.fingerprint : null
}

/** What the world outside supplies when a request is approved. */
export interface GrantId {
  readonly grantId: string
}

/** What it supplies when a request is reviewed. Without `groupsOf` everybody is in the groups that he approved in. */
export interface World extends GrantId {
  readonly groupsOf?: GroupsOf
}

/** What policy asks for and the requester did not give (`reason-required` or `ticket-required`); null when nothing is missing. */
export function unmet(obligations: Obligations, reason: string | null, ticket: string | null): DomainError | null {
  if (obligations.reason && !reason?.trim())
    return new DomainError('reason-required', "policy asks for a reason: say it with --reason, or SET countersign.reason = '…'")
  const pattern = obligations.tickets.find((each) => !new RegExp(each, 'u').test(ticket ?? ''))
  if (pattern === undefined) return null
  const message = `policy asks for a ticket that matches ${pattern}: say it in the reason, with --ticket, or SET countersign.ticket = '…'`
  return new DomainError('ticket-required', message)
}

/** Throws what is `unmet`. */
export function assertAskable(obligations: Obligations, reason: string | null, ticket: string | null): void {
  const missing = unmet(obligations, reason, ticket)
  if (missing) throw missing
}

/**
 * One review. Returns the next state, and the grant when this review completes the need. A single deny by somebody who
 * may review decides against the request.
 */
export function review(asked: Request, given: Review, { grantId, groupsOf }: World): { readonly request: Request; readonly grant: Grant | null } {
  const request = groupsOf ? recounted(asked, groupsOf) : asked
  assertPending(request, given.at)
  assertMayReview(request, given)
  const reviews = [...request.reviews, given]
  if (given.verdict === 'deny') return { request: decided({ ...request, reviews }, 'denied', given.at), grant: null }

  if (!isSatisfied(request.need, approvers(reviews))) return { request: next({ ...request, reviews }), grant: null }
  const reviewed = { ...request, reviews }
  return { request: decided(reviewed, 'approved', given.at), grant: grantFor(reviewed, givenTogether(reviewed), grantId, given.at) }
}

/**
 * With each approval marked that counts no longer: its reviewer is gone, or has left a group for which he approved. He may approve again in those that he has;
 * and it counts again when he is back. Of what is decided nothing is changed.
 */
export function recounted(request: Request, groupsOf: GroupsOf): Request {
  if (request.status !== 'pending' || request.reviews.length === 0) return request
  const reviews = request.reviews.map((review): Review => {
    const { lapsed: _, ...said } = review
    return counts(said, request.need, groupsOf) ? said : { ...said, lapsed: true }
  })
  return { ...request, reviews }
}

function counts({ verdict, reviewer: { user, groups } }: Review, need: Need, groupsOf: GroupsOf): boolean {
  if (verdict === 'deny') return true
  const now = groupsOf(user)
  return now !== null && groups.every((group) => now.includes(group) || !mayFill(need, [group]))
}

/** Policy alone approved it: a scope asked for ahead whose actions need no review. */
export function approveByPolicy(request: Request, now: number, { grantId }: GrantId): { readonly request: Request; readonly grant: Grant } {
  assertPending(request, now)
  if (!isSatisfied(request.need, []))
    throw new DomainError('not-a-reviewer', `${request.id} needs ${describeNeed(request.need)}, which policy alone does not give`)
  return { request: decided(request, 'approved', now), grant: grantFor(request, asAsked(request), grantId, now) }
}

/** Only the requester takes a request back, himself or through an agent that acts for him. */
export function withdraw(request: Request, by: Principal, now: number): Request {
  assertPending(request, now)
  if (!isOf(request.requester, by)) {
    throw new DomainError('not-the-requester', `only ${principalId(request.requester)} can withdraw ${request.id}`)
  }
  return decided(request, 'withdrawn', now)
}

/** One of the connections that wait for it goes, and these wait on, the latest first. */
export function leave(request: Request, [session, ...others]: readonly [string, ...string[]], now: number): Request {
  assertPending(request, now)
  return next({ ...request, session, others })
}

/** The request's own life is over. Throws `not-pending` when it is decided already. */
export function expire(request: Request, now: number): Request {
  if (request.status !== 'pending') throw notPending(request)
  if (now < request.expiresAt) throw new DomainError('not-pending', `${request.id} expires later`)
  return decided(request, 'expired', now)
}

/** The humans whose approvals count, with their groups when they approved. What has lapsed is known of a request that was `recounted`. */
export function approvers(reviews: readonly Review[]): readonly Approver[] {
  return reviews
    .filter(({ verdict, reviewer, lapsed }) => verdict === 'approve' && reviewer.agent === null && !lapsed)
    .map(({ reviewer: { user, groups }, signature }) => ({ user, groups, ...(signature ? { signed: true } : {}) }))
}

/** Whether it waits for this person's review: of his own he reviews none, and one he has reviewed waits for others. */
export function waitsFor(request: Request, { user, agent, groups }: Principal, now: number): boolean {
  const open = request.status === 'pending' && now < request.expiresAt
  const reviewed = request.reviews.some(({ reviewer, lapsed }) => reviewer.user === user && !lapsed)
  return open && agent === null && request.requester.user !== user && !reviewed && mayFill(request.need, groups)
}

/** What an approval gives: the narrowest of what its reviewers gave; what was asked for where policy needed none of them. */
export function givenTogether(request: Request): Given {
  const approvals = request.reviews.filter(({ verdict, lapsed }) => verdict === 'approve' && !lapsed)
  return approvals.length === 0 ? asAsked(request) : narrowestOf(approvals.map(({ given }) => given ?? asAsked(request)))
}

/** Policy's ceiling for this request: what `@grants` says, `once` when it says nothing. */
export function ceilingOf(request: Pick<Request, 'obligations'>): Ceiling {
  return request.obligations.ceiling ?? DEFAULT_CEILING
}

function assertPending(request: Request, now: number): void {
  if (request.status !== 'pending') throw notPending(request)
  if (now >= request.expiresAt) throw new DomainError('expired', `${request.id} has expired; ask again`)
}

const notPending = (request: Request) => new DomainError('not-pending', `${request.id} is already ${request.status}`)

/** Throws what is in the way of this approval but for a signature that is still to be made: nobody is asked to sign in vain. */
export function assertApprovable(request: Request, approval: Pick<Review, 'reviewer' | 'given' | 'comment' | 'at'>): void {
  assertPending(request, approval.at)
  assertMayReview({ ...request, obligations: { ...request.obligations, sign: false } }, { ...approval, verdict: 'approve', signature: null })
}

/** What this approval would give, if it were the only one. */
export const givenBy = (request: Pick<Request, 'ask'>, given: Given | null): Given => given ?? asAsked(request)

function assertMayReview(request: Request, { reviewer, verdict, comment, given, signature, at }: Omit<Review, 'proven'>): void {
  if (reviewer.agent !== null) throw new DomainError('agent-cannot-review', 'an agent never reviews; a person must')
  if (reviewer.user === request.requester.user) throw new DomainError('own-request', 'nobody reviews their own request, an admin neither')
  if (!mayFill(request.need, reviewer.groups))
    throw new DomainError('not-a-reviewer', `${request.id} needs ${describeNeed(request.need)}; ${reviewer.user} is in none of these groups`)
  if (request.reviews.some((earlier) => earlier.reviewer.user === reviewer.user && !earlier.lapsed))
    throw new DomainError('already-reviewed', `${reviewer.user} has reviewed ${request.id} already`)
  if (verdict === 'deny' && !comment?.trim()) throw new DomainError('comment-required', 'a denial needs a comment: the requester is shown it')
  if (verdict === 'approve' && request.obligations.sign) assertSigned(signature, at)
  if (verdict === 'approve' && given) assertGivable(request, given, at)
}

/** Whether it is good was verified where it came in. */
function assertSigned(signature: Signature | null, at: number): void {
  if (!signature) throw new DomainError('signature-required', 'policy asks that this be signed with a passkey of the reviewer')
  if (at >= signature.before)
    throw new DomainError('signature-refused', 'what was signed was to be approved until then, and the time is over; look at it and sign again')
}

/** What a reviewer gives who says nothing else: the whole time that was asked for, or exactly this action once. */
const asAsked = ({ ask }: Pick<Request, 'ask'>): Given => (ask.kind === 'scope' ? { kind: 'duration', ms: ask.ms } : { kind: 'once' })

/** A scope asks for a time within policy's ceiling (see `assertWithinCeiling`), so a reviewer is bounded by what was asked. */
function assertGivable(request: Request, given: Given, at: number): void {
  if (given.kind === 'shape' && shapeOf(request) === null) throw new DomainError('no-shape', whyNoShape(request))
  assertWithin(given, request.ask.kind === 'scope' ? { kind: 'duration', ms: request.ask.ms } : ceilingOf(request))
  if (given.kind !== 'shape') return
  const end = lastEnd(request, at)
  if (endOfShape(given, at, Infinity) > end && (given.ms !== null || given.until !== null))
    throw new DomainError('too-wide', `policy grants this shape until ${new Date(end).toISOString()} at most`)
}

/** A shape lasts as long as `@grants` says, or until the request would have expired. */
function lastEnd(request: Request, from: number): number {
  const ceiling = ceilingOf(request)
  return ceiling.kind === 'duration' ? from + ceiling.ms : request.expiresAt
}

function endOfShape({ ms, until }: GivenShape, from: number, latest: number): number {
  return Math.min(latest, until ?? Infinity, ms === null ? Infinity : from + ms)
}

/** A time-boxed session may be asked for whatever the ceiling's kind (`once` is one connection); any other scope needs a ceiling of that duration. */
export function assertWithinCeiling(ask: Ask, ceiling: Ceiling): void {
  if (ask.kind === 'action' || (ask.scope === 'connect' && ceiling.kind !== 'duration')) return
  assertWithin({ kind: 'duration', ms: ask.ms }, ceiling)
}

const decided = (request: Request, status: RequestStatus, now: number): Request => ({ ...next(request), status, decidedAt: now })

const next = (request: Request): Request => ({ ...request, version: request.version + 1 })

/** Reviewers who give different widths give the narrowest of them. */
function narrowestOf(widths: readonly Given[]): Given {
  const order = { once: 0, shape: 1, duration: 2 } as const
  return widths.reduce((a, b) => {
    if (a.kind === 'duration' && b.kind === 'duration') return a.ms <= b.ms ? a : b
    if (a.kind === 'shape' && b.kind === 'shape') return narrowerShape(a, b)
    return order[a.kind] <= order[b.kind] ? a : b
  })
}

/** What of a shape does not depend on a reviewer; null where it has none. */
function shapeOf({ ask }: Request): Omit<Shape, 'maxRows'> | null {
  if (ask.kind !== 'action' || ask.action.statements.length !== 1) return null
  const { state, definition, statements } = ask.action
  const fingerprint = statements[0]?.fingerprint ?? null
  return fingerprint === null || state === null || definition === undefined ? null : { kind: 'shape', fingerprint, state, definition }
}

function whyNoShape({ ask }: Request): string {
  if (ask.kind !== 'action' || ask.action.statements.length !== 1) return 'this request has no single statement whose shape could be approved'
  if (ask.action.statements[0]?.fingerprint === null) return 'this kind of statement has no shape: only exactly this can be approved'
  return 'how the tables of this statement are defined could not be found out, so that its shape would say too little; approve exactly this'
}

/** The clock of a grant starts here, at approval, and its end is absolute. */
function grantFor(request: Request, given: Given, id: string, now: number): Grant {
  return {
    id,
    version: 1,
    request: request.id,
    session: null,
    subject: request.requester,
    resource: request.resource,
    approvers: approvers(request.reviews),
    status: 'active',
    startsAt: now,
    endedAt: null,
    endReason: null,
    ...termsOf(request, given, now),
  }
}

/** An exact approval is good until the request itself would have expired: it never outlives the question. */
function termsOf(request: Request, given: Given, now: number): Pick<Grant, 'coverage' | 'endsAt' | 'usesLeft'> {
  const { ask } = request
  const ceiling = ceilingOf(request)
  const shape = shapeOf(request)
  if (ask.kind === 'scope') {
    const once = given.kind === 'once' || ceiling.kind === 'once'
    return { coverage: { kind: 'scope', scope: ask.scope }, endsAt: now + (given.kind === 'duration' ? given.ms : ask.ms), usesLeft: once ? 1 : null }
  }
  if (given.kind === 'duration') return { coverage: { kind: 'scope', scope: ask.action.type }, endsAt: now + given.ms, usesLeft: null }
  if (given.kind === 'shape' && shape !== null) {
    return {
      coverage: { ...shape, maxRows: given.maxRows },
      endsAt: endOfShape(given, now, lastEnd(request, now)),
      usesLeft: given.uses,
    }
  }
  return { coverage: { kind: 'exact', digest: ask.digest }, endsAt: request.expiresAt, usesLeft: 1 }
}
