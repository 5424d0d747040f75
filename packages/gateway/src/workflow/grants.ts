import { NO_FACTS } from '@countersign/core/action'
import { DomainError } from '@countersign/core/error'
import { consume, expireGrant, finish, type Grant, isLive, makeVoid, revoke } from '@countersign/core/grant'
import { personalOf, personOf } from '@countersign/core/obligations'
import { type Principal, principalId } from '@countersign/core/principal'
import type { Event } from '../journal/journal.ts'
import { type Context, trustedNow } from './context.ts'
import { newId } from './ids.ts'
import { WorkflowError } from './workflow.ts'

/** The live grants that this very principal asked for on a resource. Those that policy gave to one connection stay with it. */
export async function liveGrants({ store, clock }: Context, principal: Principal, resource: string): Promise<readonly Grant[]> {
  const grants = await store.grants.list({ user: principal.user, agent: principal.agent, resource, asked: true, live: true })
  const now = clock.now()
  return grants.filter((grant) => isLive(grant, now))
}

/** One use, by compare-and-set. False: it was used, revoked or ended in the meantime. */
export function useGrant(context: Context, grant: Grant): Promise<boolean> {
  return takeUses(context, [grant])
}

/**
 * One use of each, or of none. False: one of them was used, revoked or ended in the meantime, which means asking again. What lives under them has to be
 * registered before, because of an end that comes later it hears only then.
 */
export async function useGrants(context: Context, grants: readonly Grant[]): Promise<boolean> {
  // Nothing compares and sets what is not counted, and its end may have been heard of while nothing lived under it.
  for (const { id, usesLeft } of grants) if (usesLeft === null && !(await isLiveStill(context, id))) return false
  return takeUses(context, grants)
}

async function isLiveStill({ store, clock }: Context, id: string): Promise<boolean> {
  const grant = await store.grants.get(id)
  return grant !== null && isLive(grant, clock.now())
}

async function takeUses(context: Context, grants: readonly Grant[]): Promise<boolean> {
  const now = trustedNow(context)
  const next = await quietly(() => grants.map((grant) => consume(grant, now)))
  if (next === null) return false
  const counted = next.filter((grant) => !grants.includes(grant))
  if (counted.length === 0) return true
  const used = counted.map(({ id, request, usesLeft }): Event => ({ type: 'grant.used', body: { grant: id, request, usesLeft } }))
  return context.owed.change(used, (owed) => context.store.grants.saveAll(counted, owed))
}

/** The grant under which a connection lives that policy allows by itself. It is not in the ledger yet, and is inserted with its session. */
export function grantForSession(context: Context, principal: Principal, resource: string, session: string, ms: number): Grant {
  const now = trustedNow(context)
  return {
    id: newId('grant'),
    version: 1,
    request: null,
    session,
    subject: principal,
    resource,
    coverage: { kind: 'scope', scope: 'connect' },
    approvers: [],
    status: 'active',
    startsAt: now,
    endsAt: now + ms,
    usesLeft: 0,
    endedAt: null,
    endReason: null,
  }
}

export function revokeGrant(context: Context, id: string, by: Principal, reason: string | null): Promise<Grant> {
  return end(context, id, (grant) => revoke(grant, context.clock.now(), `revoked by ${principalId(by)}${reason ? `: ${reason}` : ''}`), by)
}

/** What it was given for is no more. Nothing happens where somebody else has ended it. */
export async function voidGrant(context: Context, id: string, why: string): Promise<void> {
  await quietly(() => end(context, id, (grant) => makeVoid(grant, context.clock.now(), why), null))
}

/** Null where it has ended in the meantime. */
export function finishGrant(context: Context, id: string, by: Principal): Promise<Grant | null> {
  return quietly(() => end(context, id, (grant) => finish(grant, by, context.clock.now()), by))
}

/** A grant that policy gave to one connection, as it is when that is over; null for any other, and for one that has ended already. */
export async function endedWithSession({ clock }: Context, grant: Grant): Promise<Grant | null> {
  return grant.session === null ? null : quietly(() => finish(grant, grant.subject, clock.now()))
}

export async function endWithSession(context: Context, id: string): Promise<void> {
  await quietly(() => end(context, id, (current) => finish(current, current.subject, context.clock.now()), null))
}

/** Ends every grant whose time is up. */
export async function expireDueGrants(context: Context): Promise<void> {
  const now = context.clock.now()
  for (const due of await context.store.grants.due(now)) await quietly(() => end(context, due.id, (grant) => expireGrant(grant, now), null))
}

/** Ends first and records then: a ledger that cannot be written must not keep access alive. */
async function end(context: Context, id: string, step: (grant: Grant) => Grant, by: Principal | null): Promise<Grant> {
  for (;;) {
    const grant = await context.store.grants.get(id)
    if (!grant) throw new WorkflowError('not-found', `there is no grant ${id}`)
    const next = step(grant)
    if (await context.owed.change([endedEvent(context, next, by)], (owed) => context.store.grants.save(next, owed))) return next
  }
}

/** For the grant that was a connection's own. */
export async function recordEnd(context: Context, grant: Grant): Promise<void> {
  await context.journal.append(endedEvent(context, grant, null), 'disk')
}

function endedEvent(context: Context, grant: Grant, by: Principal | null): Event {
  const { id, request, status, endReason } = grant
  const person = by && endReason !== null ? whoseReason(context, by, grant.subject, grant.resource) : null
  const body = { grant: id, request, status, by: by && principalId(by) }
  return { type: 'grant.ended', body, secret: { reason: endReason }, person }
}

/** Whose personal data is the reason for which `by` ends what somebody has on a resource: his own, where policy says so of who connects there. */
export function whoseReason({ policy }: Pick<Context, 'policy'>, by: Principal, principal: Principal, resource: string): string | null {
  return personOf(by.user, personalOf(policy().decide({ principal, scope: null, resource, type: 'connect', facts: NO_FACTS })), ['reason'])
}

/** Null where core refuses the step, because somebody else was first. */
async function quietly<T>(step: () => T | Promise<T>): Promise<T | null> {
  try {
    return await step()
  } catch (error) {
    if (error instanceof DomainError) return null
    throw error
  }
}
