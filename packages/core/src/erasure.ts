import { NO_FACTS, type Action } from './action.ts'
import type { Grant } from './grant.ts'
import { personOf } from './obligations.ts'
import type { Ask, Request, Review } from './request.ts'

/** A digest of what is no more. A bare digest of a short statement is guessed, so it goes with the statement. */
export const ERASED_DIGEST = '0'.repeat(64)

/**
 * A request without what policy marks as personal of this user: what he asked with, and what he said in a review. As in the ledger, one marked field takes all that
 * he said there with it. Null where there is nothing of the kind, or it is gone already.
 */
export function withoutPerson(request: Request, user: string): Request | null {
  const { personal } = request.obligations
  const asked = request.requester.user === user && personOf(user, personal, ['text', 'parameters', 'reason', 'ticket']) !== null
  const commented = personOf(user, personal, ['comment']) !== null
  const next: Request = {
    ...request,
    version: request.version + 1,
    ...(asked ? { reason: null, ticket: null, ask: withoutWords(request.ask), ...(request.signing ? { signing: null } : {}) } : {}),
    reviews: commented ? request.reviews.map((review) => withoutComment(review, user)) : request.reviews,
  }
  return isErased(request, asked) && next.reviews.every((review, index) => review === request.reviews[index]) ? null : next
}

/** A grant without the digest or the shape of what was approved. It must have ended: it covers nothing any more. */
export function withoutWordsOf(grant: Grant): Grant | null {
  const { coverage } = grant
  if (coverage.kind === 'scope' || (coverage.kind === 'exact' && coverage.digest === ERASED_DIGEST)) return null
  return { ...grant, version: grant.version + 1, coverage: { kind: 'exact', digest: ERASED_DIGEST } }
}

function withoutWords(ask: Ask): Ask {
  return ask.kind === 'scope' ? ask : { ...ask, digest: ERASED_DIGEST, action: withoutText(ask.action) }
}

function withoutText({ type, state, statements }: Action): Action {
  return { type, text: '', parameters: [], state, statements: statements.map((statement) => ({ type: statement.type, fingerprint: null, facts: NO_FACTS })) }
}

/** What he signed is a digest of the comment too, from which a short one is guessed. */
function withoutComment(review: Review, user: string): Review {
  const isGone = review.comment === null && review.signature === null
  return review.reviewer.user !== user || isGone ? review : { ...review, comment: null, signature: null }
}

function isErased({ ask, reason, ticket }: Request, asked: boolean): boolean {
  return !asked || (reason === null && ticket === null && (ask.kind === 'scope' || ask.digest === ERASED_DIGEST))
}
