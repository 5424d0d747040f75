import { type Decision, hidesValues, personalOf, withMarks } from '@countersign/core/obligations'
import { describeScope, scopeCovers } from '@countersign/core/token-scope'
import type { Question } from './engine.ts'

/**
 * Policy's answer, or that the token is not good for this. Policy is asked all the same: how a denial is recorded, as personal or without its values, is
 * policy's to say.
 */
export function withinScope({ scope, resource, type }: Omit<Question, 'facts'>, decision: Decision): Decision {
  if (scope === null || scopeCovers(scope, resource, type)) return decision
  const message = `this token is for ${describeScope(scope)}, which leaves out ${type} on ${resource}`
  return withMarks({ effect: 'deny', policies: [], message, beyondScope: true }, { personal: personalOf(decision), secret: hidesValues(decision) })
}
