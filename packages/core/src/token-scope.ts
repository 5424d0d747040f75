import { type ActionType, type Scope, scopeIncludes } from './action.ts'

/** What a token may be good for besides actions on resources. Each has to be named: a scope that says nothing of it leaves it out. */
export const DUTIES = ['review', 'audit', 'admin'] as const
export type Duty = (typeof DUTIES)[number]

/** Less than its holder may do: each of the two null is all resources, or all actions on them. It adds nothing to what policy says. */
export interface TokenScope {
  readonly resources: readonly string[] | null
  readonly actions: readonly (Scope | Duty)[] | null
}

const isDuty = (action: Scope | Duty): action is Duty => DUTIES.some((duty) => duty === action)

/** True where the scope holds this action on this resource. Whoever may do anything on one may connect to it, with all that comes with a connection. */
export function scopeCovers({ resources, actions }: TokenScope, resource: string, type: ActionType): boolean {
  if (resources !== null && !resources.includes(resource)) return false
  if (actions === null) return true
  const named = actions.filter((action) => !isDuty(action))
  if (type === 'connect' || type === 'sql:session') return named.length > 0
  return named.some((action) => scopeIncludes(action, type))
}

/** True for a token without a scope, and for one whose scope names this duty. */
export function scopeHasDuty(scope: TokenScope | null, duty: Duty): boolean {
  return scope === null || (scope.actions?.includes(duty) ?? false)
}

/** True where something of this resource is within the scope. */
export function scopeNames(scope: TokenScope | null, resource: string): boolean {
  return scope === null || scope.resources === null || scope.resources.includes(resource)
}

/** `sql:read, review on orders-db`, for people. */
export function describeScope({ resources, actions }: TokenScope): string {
  return `${actions?.join(', ') ?? 'all actions'} on ${resources?.join(', ') ?? 'all resources'}`
}
