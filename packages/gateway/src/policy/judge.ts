import type { Need, Requirement } from '@countersign/core/need'
import { combineObligations, type Decision, NO_OBLIGATIONS, hidesValues, personalOf, withMarks } from '@countersign/core/obligations'
import type { Policy } from './compile.ts'

/**
 * What the policies that match come to. A plain forbid: never. Permits: allowed by one without `@review`, or once the
 * review of any of the others is given. Each forbid with `@review` asks for its own review as well.
 * `asked` says who wants what, for the message of a denial by default.
 */
export function judge(matching: readonly Policy[], asked: string): Decision {
  const obligations = combineObligations(...matching.map((policy) => policy.obligations))
  const denied = (policies: readonly string[], message: string) => withMarks({ effect: 'deny', policies, message }, obligations)
  const forbids = matching.filter(({ json }) => json.effect === 'forbid')
  const never = forbids.filter(({ review }) => review === null)
  if (never.length > 0) return denied(ids(never), `denied by ${never.map(nameAndMessage).join('; ')}`)

  const permits = matching.filter(({ json }) => json.effect === 'permit')
  if (permits.length === 0) return denied([], `no policy permits ${asked}`)

  const free = permits.filter(({ review }) => review === null)
  const reviewed = free.length > 0 ? forbids : [...permits, ...forbids]
  if (reviewed.length === 0) return { effect: 'allow', policies: ids(free), obligations }
  const alternatives = free.length > 0 ? [] : [permits.flatMap(requirement)]
  const need: Need = [...alternatives, ...forbids.map((policy) => requirement(policy))]
  return { effect: 'review', policies: ids(reviewed), obligations, need }
}

/**
 * `sql:session` (BEGIN, SHOW, SET of an allow-list) comes with `connect`: whoever may connect, reviewed or not, needs no
 * permit of its own for it. Forbids that name it hold all the same.
 */
export function withConnect(matching: readonly Policy[], connect: readonly Policy[]): readonly Policy[] {
  if (judge(connect, '').effect === 'deny') return matching
  const permits = connect.filter(({ json }) => json.effect === 'permit')
  return [
    ...matching,
    ...permits.map((policy) => ({
      ...policy,
      review: null,
      obligations: { ...NO_OBLIGATIONS, personal: policy.obligations.personal, secret: policy.obligations.secret },
    })),
  ]
}

/** What this version cannot do is refused, never left out. */
export function honourable(decision: Decision): Decision {
  if (decision.effect === 'deny') return decision
  const { policies, obligations } = decision
  const denied = (message: string) => withMarks({ effect: 'deny', policies, message }, { personal: personalOf(decision), secret: hidesValues(decision) })
  if (obligations.mask.length > 0)
    return denied(`policy asks to mask ${obligations.mask.join(', ')}, which this version cannot do; it is refused rather than shown`)
  if (decision.effect === 'allow' && obligations.sign)
    return denied('policy asks for a passkey signature on an action that nobody reviews; add @review to that policy')
  return decision
}

function requirement({ id, review }: Policy): readonly Requirement[] {
  return review === null ? [] : [{ policy: id, ...review }]
}

const ids = (policies: readonly Policy[]) => [...new Set(policies.map(({ id }) => id))]

const nameAndMessage = ({ id, message }: Policy) => (message === null ? id : `${id}: ${message}`)
