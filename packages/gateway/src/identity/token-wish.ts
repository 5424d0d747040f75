import { DUTIES, scopeHasDuty, type TokenScope } from '@countersign/core/token-scope'

/** Who a token is for, and what. */
export interface TokenWish {
  readonly user: string
  readonly agent: string | null
  readonly name: string | null
  readonly scope: TokenScope | null
  readonly mayReview: boolean
  /** Null is 90 days. */
  readonly ttlMs: number | null
}

/** Why nobody is given such a token, or null. */
export function faultOf({ agent, scope, mayReview }: TokenWish): string | null {
  if (agent !== null && !/^[a-zA-Z0-9][\w.-]{0,62}$/.test(agent)) return 'an agent is named with letters, digits, dots, dashes and underscores, 63 at most'
  if (agent !== null && mayReview) return 'an agent never reviews, so its token cannot be given --may-review'
  if (scope === null) return null
  if (agent !== null && DUTIES.some((duty) => scopeHasDuty(scope, duty))) return 'an agent neither reviews, audits nor administers; leave that out'
  if (scope.resources !== null && (scopeHasDuty(scope, 'audit') || scopeHasDuty(scope, 'admin')))
    return 'nobody audits or administers single resources: a token for that names none'
  if (mayReview && !scopeHasDuty(scope, 'review')) return 'a token that may review has review among its actions'
  return null
}
