import { DomainError } from '@countersign/core/error'
import { consume, expireGrant, finish, type Grant, isLive, revoke } from '@countersign/core/grant'
import { type Principal, principalId } from '@countersign/core/principal'
import { type Context, trustedNow } from './context.ts'
import { newId } from './ids.ts'
import { issuedEvent } from './requests.ts'
import { WorkflowError } from './workflow.ts'

/** The live grants that this very principal asked for on a resource. Those that policy gave to one connection stay with it. */
export async function liveGrants({ store, clock }: Context, principal: Principal, resource: string): Promise<readonly Grant[]> {
  const grants = await store.grants.list({ user: principal.user, agent: principal.agent, resource, live: true })
  const now = clock.now()
  return grants.filter((grant) => grant.session === null && isLive(grant, now))
}

/** One use, by compare-and-set. False: it was used, revoked or ended in the meantime. */
export async function useGrant(context: Context, grant: Grant): Promise<boolean> {
  const next = await quietly(() => consume(grant, trustedNow(context)))
  if (next === null) return false
  if (next === grant) return true // uses are not counted
  if (!(await context.store.grants.save(next))) return false
  await context.journal.append({ type: 'grant.used', body: { grant: grant.id, request: grant.request, usesLeft: next.usesLeft } }, 'disk')
  return true
}

/** The grant under which a connection lives that policy allows by itself. */
export async function issueForSession(context: Context, principal: Principal, resource: string, session: string, ms: number): Promise<Grant> {
  const now = trustedNow(context)
  const grant: Grant = {
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
  await context.journal.append(issuedEvent(grant), 'process')
  await context.store.grants.insert(grant)
  return grant
}

export function revokeGrant(context: Context, id: string, by: Principal, reason: string | null): Promise<Grant> {
  return end(context, id, (grant) => revoke(grant, context.clock.now(), `revoked by ${principalId(by)}${reason ? `: ${reason}` : ''}`), by)
}

export function finishGrant(context: Context, id: string, by: Principal): Promise<Grant> {
  return end(context, id, (grant) => finish(grant, by, context.clock.now()), by)
}

/** A grant that policy gave to one connection is over with it. */
export async function endWithSession(context: Context, id: string): Promise<void> {
  const grant = await context.store.grants.get(id)
  if (grant && grant.session !== null) await quietly(() => end(context, id, (current) => finish(current, current.subject, context.clock.now()), null))
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
    if (!(await context.store.grants.save(next))) continue
    await context.journal.append(
      { type: 'grant.ended', body: { grant: id, request: grant.request, status: next.status, by: by && principalId(by) }, secret: { reason: next.endReason } },
      'disk',
    )
    return next
  }
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
