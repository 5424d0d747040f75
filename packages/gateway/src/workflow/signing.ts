import type { Given } from '@countersign/core/coverage'
import { DomainError } from '@countersign/core/error'
import { givenBy, type Request, type Signature } from '@countersign/core/request'
import { shownOf } from '@countersign/ledger/approval'
import { openedEvent } from './requests.ts'
import { type Presented, WorkflowError } from './workflow.ts'

/** How long what was shown may be signed. Who comes back later looks at it again. */
const SIGNING_MS = 5 * 60_000

/** Whoever verifies what passkeys gave. */
export interface Signatures {
  /**
   * What this user's passkey signed, when it is over exactly this text, by a passkey of his that counts; it has been used then. Throws DomainError
   * `signature-refused`, which says why, and StoreUnavailable.
   */
  verify(user: string, presented: Presented, shown: string): Promise<Signature>
}

/** An approval as it was typed. */
export interface Wanted {
  readonly comment: string | null
  readonly given: Given | null
}

/** The text that this reviewer signs to approve this. Throws WorkflowError `invalid` where policy asks for no signature. */
export function shownTo(request: Request, reviewer: string, { comment, given }: Wanted, before: number): string {
  const { obligations, signing } = request
  if (!obligations.sign) throw new WorkflowError('invalid', `policy asks for no signature on ${request.id}: approve it without one`)
  if (!signing)
    throw new WorkflowError('invalid', `${request.id} cannot be signed: what was asked is not there any more, or was asked before this version; ask again`)
  const { body, secret } = openedEvent(request, signing.policy)
  return shownOf(request.id, { ...body, ...secret }, { reviewer, given: { ...givenBy(request, given) }, comment, before })
}

/** The time by which what is shown now has to be signed and sent. */
export const signBefore = (request: Request, now: number): number => Math.min(now + SIGNING_MS, request.expiresAt)

/** Throws DomainError for a time that no gateway gave now: signed far ahead, an approval would wait for its request. */
export function assertInTime({ before }: Presented, now: number): void {
  if (before <= now) throw new DomainError('signature-refused', 'the time to sign what was shown is over; look at it and sign again')
  if (before > now + SIGNING_MS)
    throw new DomainError('signature-refused', 'what was signed is good for longer than any gateway gives; look at the request and sign it again')
}
