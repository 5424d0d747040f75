import { challengeOf, isOriginOf, shownOf } from './approval.ts'
import { type Assertion, type Expected, verifyAssertion } from './assertion.ts'
import type { JsonValue } from './canonical.ts'
import type { Entry } from './entry.ts'
import { type Enrolment, passkeyAt } from './passkey-history.ts'
import { LedgerError } from './error.ts'
import type { Problems } from './problem.ts'
import type { Told } from './story.ts'

/** A review that names a passkey. `closed`: what was signed, or the signature, is not opened here, so that nobody can say whether it is good. */
export interface ReviewSignature {
  readonly reviewer: string
  readonly passkey: string
  readonly state: 'good' | 'bad' | 'closed'
}

type Json = { readonly [key: string]: JsonValue }

interface Signed extends Assertion {
  readonly before: number
}

/**
 * Verifies every signature of a request's reviews: that the reviewer's own passkey, which counted then, signed exactly what these entries say that he was shown
 * and gave, in time; and that none is missing where policy asks for one. `enrolments` are the entries about passkeys.
 */
export function verifySignatures(request: string, events: readonly Told[], enrolments: readonly Entry[], problems: Problems): readonly ReviewSignature[] {
  const opened = events.find(({ type }) => type === 'request.opened')
  const approvals = events.filter(({ type, body }) => type === 'request.reviewed' && body['verdict'] === 'approve')
  return approvals.flatMap((review) => {
    const { passkey, reviewer: named } = review.body
    const reviewer = typeof named === 'string' ? named : ''
    if (typeof passkey === 'string') return [{ reviewer, passkey, state: stateOf({ request, opened, review, reviewer, passkey }, enrolments, problems) }]
    if (opened?.body['sign'] === true) problems.add('unsigned', placeOf(reviewer), 'policy asks for a signature, and there is none')
    return []
  })
}

const placeOf = (reviewer: string) => `review by ${reviewer}`

interface Claim {
  readonly request: string
  readonly opened: Told | undefined
  readonly review: Told
  readonly reviewer: string
  readonly passkey: string
}

function stateOf({ request, opened, review, reviewer, passkey }: Claim, enrolments: readonly Entry[], problems: Problems): ReviewSignature['state'] {
  if (!opened?.secret || !review.secret) return 'closed'
  const enrolment = passkeyAt(enrolments, passkey, review.at)
  const why =
    typeof enrolment === 'string'
      ? enrolment
      : whyBad(request, { ...opened.body, ...opened.secret }, { ...review.body, ...review.secret }, review.at, enrolment)
  if (why !== null) problems.add('unsigned', placeOf(reviewer), `the signature with ${passkey} is not good: ${why}`)
  return why === null ? 'good' : 'bad'
}

function whyBad(request: string, opened: Json, review: Json, at: number, { user, publicKey, rpId }: Enrolment): string | null {
  const { reviewer, given = null, comment = null, signature } = review
  if (!isSigned(signature) || (comment !== null && typeof comment !== 'string')) return 'it is not there, or not in the form that it has'
  if (user !== reviewer) return `the passkey is ${user}'s`
  if (at >= signature.before) return 'it came later than it could be given'
  const shown = shownOf(request, opened, { reviewer: user, given, comment, before: signature.before })
  return whyNotSigned(signature, { publicKey, rpId, challenge: challengeOf(shown), isOrigin: (origin) => isOriginOf(rpId, origin) })
}

function whyNotSigned(signature: Assertion, expected: Expected): string | null {
  try {
    verifyAssertion(signature, expected)
    return null
  } catch (error) {
    if (error instanceof LedgerError) return error.message
    throw error
  }
}

function isSigned(value: unknown): value is Signed {
  if (typeof value !== 'object' || value === null) return false
  const { clientDataJSON, authenticatorData, signature, before } = value as Record<string, unknown>
  return [clientDataJSON, authenticatorData, signature].every((one) => typeof one === 'string') && Number.isSafeInteger(before)
}
