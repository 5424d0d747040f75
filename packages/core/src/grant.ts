import type { Statement } from './action.ts'
import { type Coverage, includes, type Sent } from './coverage.ts'
import { DomainError } from './error.ts'
import { type Approver, isSatisfied, type Need } from './need.ts'
import type { Obligations } from './obligations.ts'
import { type Principal, principalId, samePrincipal } from './principal.ts'

/** `void`: what was approved is no longer what would run. */
export type GrantStatus = 'active' | 'used' | 'done' | 'revoked' | 'expired' | 'void'

/** What an approved request yields. `endsAt` is absolute (Unix milliseconds): no reconnect, renewal or use moves it. */
export interface Grant {
  readonly id: string
  readonly version: number
  /** The request it came from; null when policy allowed a connection by itself. */
  readonly request: string | null
  /** A grant that policy gave to one connection ends with that connection. */
  readonly session: string | null
  readonly subject: Principal
  readonly resource: string
  readonly coverage: Coverage
  readonly approvers: readonly Approver[]
  readonly status: GrantStatus
  readonly startsAt: number
  readonly endsAt: number
  /** Null is any number of uses until the end. */
  readonly usesLeft: number | null
  readonly endedAt: number | null
  readonly endReason: string | null
}

/** Something about to happen, as a grant sees it. */
export interface Attempt extends Sent {
  readonly principal: Principal
  readonly resource: string
}

/** How far the clocks of gateways may be apart, milliseconds: who approves says when a grant begins, and who uses it asks at once. */
export const CLOCKS_MS = 60_000

export function isLive(grant: Grant, now: number): boolean {
  return grant.status === 'active' && now >= grant.startsAt - CLOCKS_MS && now < grant.endsAt && grant.usesLeft !== 0
}

/** True when the grant is live, belongs to this very principal and covers this statement. */
export function covers(grant: Grant, attempt: Attempt, statement: Statement, now: number): boolean {
  return (
    isLive(grant, now) && samePrincipal(grant.subject, attempt.principal) && grant.resource === attempt.resource && includes(grant.coverage, attempt, statement)
  )
}

/** A grant stands in for a need only when the people who approved it would satisfy that need: where policy wants signatures, those who signed. */
export function standsFor(grant: Grant, need: Need, { sign }: Pick<Obligations, 'sign'>): boolean {
  return isSatisfied(need, sign ? grant.approvers.filter(({ signed }) => signed === true) : grant.approvers)
}

/**
 * One use. The last use of an approved action ends its grant; a time-boxed session stays active under its grant until
 * its end, though nobody can use it again. Throws `not-active` or `used-up`.
 */
export function consume(grant: Grant, now: number): Grant {
  assertLive(grant, now)
  if (grant.usesLeft === null) return grant
  const usesLeft = grant.usesLeft - 1
  return usesLeft > 0 || grant.coverage.kind === 'scope' ? { ...next(grant), usesLeft } : { ...ended(grant, 'used', now, null), usesLeft }
}

/** Taken back by somebody; `reason` is shown to the subject. */
export function revoke(grant: Grant, now: number, reason: string): Grant {
  assertActive(grant)
  return ended(grant, 'revoked', now, reason)
}

/** What it stands for has changed, or has been passed; `reason` is shown to the subject. */
export function makeVoid(grant: Grant, now: number, reason: string): Grant {
  assertActive(grant)
  return ended(grant, 'void', now, reason)
}

/** The subject has finished. Throws `not-yours` for anybody else. */
export function finish(grant: Grant, by: Principal, now: number): Grant {
  assertActive(grant)
  if (by.user !== grant.subject.user) throw new DomainError('not-yours', `${grant.id} belongs to ${principalId(grant.subject)}`)
  return ended(grant, 'done', now, null)
}

/** Its time is up. Throws `not-active` before the end. */
export function expireGrant(grant: Grant, now: number): Grant {
  assertActive(grant)
  if (now < grant.endsAt) throw new DomainError('not-active', `${grant.id} ends later`)
  return ended(grant, 'expired', now, null)
}

function assertActive(grant: Grant): void {
  if (grant.status !== 'active') throw new DomainError('not-active', `${grant.id} is already ${grant.status}`)
}

function assertLive(grant: Grant, now: number): void {
  assertActive(grant)
  if (grant.usesLeft === 0) throw new DomainError('used-up', `${grant.id} has no use left`)
  if (!isLive(grant, now)) throw new DomainError('not-active', `${grant.id} has ended`)
}

const next = (grant: Grant): Grant => ({ ...grant, version: grant.version + 1 })

const ended = (grant: Grant, status: GrantStatus, now: number, endReason: string | null): Grant => ({ ...next(grant), status, endedAt: now, endReason })
