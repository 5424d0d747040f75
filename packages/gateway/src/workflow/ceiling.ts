import { type ActionType, NO_FACTS, type Scope, scopeIncludes, SQL_TYPES } from '@countersign/core/action'
import { type Given, narrower } from '@countersign/core/coverage'
import { type Decision, strictest } from '@countersign/core/obligations'
import { assertWithinCeiling, ceilingOf, type Request } from '@countersign/core/request'
import { groupsIn } from '../identity/caller.ts'
import type { Context } from './context.ts'
import { WorkflowError } from './workflow.ts'

/** The types that a scope is judged by. */
export const typesOf = (scope: Scope): readonly ActionType[] =>
  scope === 'connect' ? ['connect'] : SQL_TYPES.filter((type) => type !== 'sql:session' && scopeIncludes(scope, type))

/** A request that is open, with the ceiling that policy has now where that is narrower than the one it was asked under. What policy asks besides is asked again when it runs. */
export function underPolicyNow(context: Context, request: Request): Request {
  if (request.status !== 'pending' || !Object.hasOwn(context.config.resources, request.resource)) return request
  const now = judgedNow(context, request)
  if (now.effect !== 'review') return request
  const [before, ceiling] = [ceilingOf(request), narrower(ceilingOf(request), ceilingOf(now))]
  return ceiling === before ? request : { ...request, obligations: { ...request.obligations, ceiling } }
}

/**
 * Throws `too-wide` for a scope that is approved for longer than policy grants now (of an action core knows its ceiling), and WorkflowError `denied` where its requester
 * is gone: what he had has ended then, and what he is given after that would wait for him to be enabled again.
 */
export function assertGrantable({ directory }: Context, request: Request, given: Given | null): void {
  const { ask, requester } = request
  if (directory.user(requester.user) === null)
    throw new WorkflowError('denied', `${requester.user} is disabled here, or unknown: nothing is granted to him; deny it, or let it expire`)
  if (ask.kind === 'scope' && request.obligations.ceiling !== null)
    assertWithinCeiling({ ...ask, ms: given?.kind === 'duration' ? given.ms : ask.ms }, ceilingOf(request))
}

function judgedNow(context: Context, { requester, resource, ask }: Request): Decision {
  const policy = context.policy()
  const principal = { ...requester, groups: groupsIn(context.directory)(requester.user) ?? requester.groups }
  const statements = ask.kind === 'action' ? ask.action.statements : typesOf(ask.scope).map((type) => ({ type, facts: NO_FACTS }))
  return strictest(statements.map(({ type, facts }) => policy.decide({ principal, scope: null, resource, type, facts })))
}
