import { DomainError } from '@countersign/core/error'
import type { Principal } from '@countersign/core/principal'
import type { Request } from '@countersign/core/request'
import { Cut, type HoldEnd, type Refusal, Skipped } from '../adapters/adapter.ts'
import { JournalBroken } from '../journal/journal.ts'
import { StoreUnavailable } from '../store/store.ts'
import { leaveRequest, withdrawRequest } from '../workflow/requests.ts'
import { WorkflowError } from '../workflow/workflow.ts'
import { decidedRefusal, pendingRefusal, refusal } from './notices.ts'
import type { Services } from './services.ts'

/** What becomes of a request whose client no longer waits: only a withdrawal ends it. `session` is the connection's; null before there is one. */
export async function endWait(services: Services, request: Request, end: HoldEnd, principal: Principal, session: string | null): Promise<Refusal> {
  const { url } = services.context.config
  switch (end) {
    case 'withdrawn':
      return withdrawnRefusal(url, await takeBack(services, request, principal, session))
    case 'disconnected':
      return pendingRefusal(url, request, 'its client is gone')
    case 'deadline':
      return pendingRefusal(url, request, 'nobody has decided yet, and this connection cannot wait longer')
  }
}

/** Pending it is where another connection still waits for it. */
function withdrawnRefusal(url: string, request: Request): Refusal {
  if (request.status !== 'pending') return decidedRefusal(url, request)
  return refusal('withdrawn', `${request.id} withdrawn`, 'Only here: another connection of yours waits for the same, and goes on.')
}

/** Somebody may have decided at that very moment; then that stands. */
async function takeBack({ context }: Services, { id }: Request, principal: Principal, session: string | null): Promise<Request> {
  try {
    return await (session === null ? withdrawRequest(context, principal, id) : leaveRequest(context, principal, id, session))
  } catch (error) {
    const request = error instanceof DomainError ? await context.store.requests.get(id) : null
    if (request === null || request.status === 'pending') throw error
    return request
  }
}

/** Why nothing is allowed while nothing can be recorded, or while nobody knows what was revoked; else null. */
export function blindRefusal({ context: { journal }, health }: Services): Refusal | null {
  if (journal.broken !== null)
    return refusal('unavailable', `the ledger cannot be written, so nothing is allowed: ${journal.broken}`, 'An operator must look at the gateway.')
  return health.silence === null ? null : refusal('unavailable', health.silence, null)
}

/** An error of deciding, as a refusal: it never lets anything through. */
export function failure(error: unknown, services: Services): Refusal {
  if (error instanceof Skipped) return refusal(error.code, error.message, null)
  if (error instanceof DomainError) return refusal(error.code === 'expired' ? 'expired' : 'denied', error.message, null)
  if (error instanceof WorkflowError) return refusal(error.code === 'denied' ? 'denied' : 'unavailable', error.message, null)
  if (error instanceof StoreUnavailable)
    return refusal('unavailable', "the gateway's store does not answer, so nothing new is allowed; try again when it is back", null)
  if (error instanceof JournalBroken)
    return refusal('unavailable', 'the ledger cannot be written, so nothing is allowed', 'An operator must look at the gateway.')
  services.onError(error)
  return refusal('unavailable', 'the gateway could not decide, so this is refused; its log says why', null)
}

export const cutMessage = (signal: AbortSignal): string => (signal.reason instanceof Cut ? signal.reason.message : 'this session has ended')
