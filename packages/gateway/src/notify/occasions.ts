import type { Grant } from '@countersign/core/grant'
import { recounted, type Request, waitsFor } from '@countersign/core/request'
import { groupsIn, type User, type Users } from '../identity/caller.ts'
import type { DeliveryRecord } from '../store/store.ts'
import type { LedgerTrouble } from './message.ts'

/** How long before its end somebody is told of it, and how long a grant has to last for that to be news. */
const SOON_MS = 5 * 60_000
const WORTH_MS = 3 * SOON_MS
/** What happened longer ago than this is told to nobody who was not told when it happened. */
const RECENT_MS = 60 * 60_000

/** Somebody is to be told something at a time. `user` is empty for programs. */
export type Occasion = Pick<DeliveryRecord, 'kind' | 'subject' | 'user'> & { readonly dueAt: number }

/** What a request gives to tell, and to whom. */
export function occasionsOfRequest(asked: Request, users: Users, now: number): readonly Occasion[] {
  const request = recounted(asked, groupsIn(users))
  const { id, status, reviews, decidedAt, requester } = request
  const told = (kind: Occasion['kind'], users: readonly string[]) => ['', ...users].map((user) => ({ kind, subject: id, user, dueAt: now }))
  // One that needs nobody is approved in the same moment.
  if (status === 'pending') return now < request.expiresAt && request.need.length > 0 ? told('review', reviewersOf(request, users, now)) : []
  const isNews = status === 'expired' || (status !== 'withdrawn' && reviews.length > 0)
  return isNews && decidedAt !== null && now - decidedAt < RECENT_MS ? told('decided', [requester.user]) : []
}

/** What a grant gives to tell its subject. One that is for one use ends with that, and not by the clock. */
export function occasionsOfGrant(grant: Grant, now: number): readonly Occasion[] {
  const { id, request, status, startsAt, endsAt, endedAt, usesLeft, subject } = grant
  if (request === null) return []
  const told = (kind: Occasion['kind'], dueAt: number) => ['', subject.user].map((user) => ({ kind, subject: id, user, dueAt }))
  if (status === 'active' && usesLeft !== 1 && endsAt - startsAt >= WORTH_MS) return told('ending', endsAt - SOON_MS)
  return status === 'revoked' && endedAt !== null && now - endedAt < RECENT_MS ? told('revoked', now) : []
}

/** What is wrong with the ledger is told to who may read all of it; of the same thing once a day. */
export function occasionsOfLedger(what: LedgerTrouble, name: string, users: Users, now: number): readonly Occasion[] {
  const subject = `${what}:${name}@${new Date(now).toISOString().slice(0, 10)}`
  const readers = users.users().filter(({ active, admin, auditor }) => active && (admin || auditor))
  return ['', ...readers.map((user) => user.name)].map((user) => ({ kind: 'ledger', subject, user, dueAt: now }))
}

export function reviewersOf(request: Request, users: Users, now: number): readonly string[] {
  return users
    .users()
    .filter((user) => user.active && mayReview(request, user, now))
    .map(({ name }) => name)
}

/** Of a request as its reviews count now. */
export const mayReview = (request: Request, { name, groups }: User, now: number): boolean => waitsFor(request, { user: name, agent: null, groups }, now)
