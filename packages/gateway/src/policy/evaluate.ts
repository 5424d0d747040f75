import { createHash } from 'node:crypto'
import * as cedar from '@cedar-policy/cedar-wasm/nodejs'
import type { StatefulAuthorizationCall } from '@cedar-policy/cedar-wasm/nodejs'
import { Lru } from './lru.ts'

export type Request = Omit<StatefulAuthorizationCall, 'preparsedPolicySetId' | 'preparsedSchemaName' | 'validateRequest'>

/** Policies by id, with a name for the whole that no other content has. */
export interface PolicySet {
  readonly name: string
  readonly policies: Readonly<Record<string, string>>
}

/** Policy could not be evaluated, so nothing can be concluded but a denial. */
export class EvaluationError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'EvaluationError'
  }
}

export function policySet(policies: Readonly<Record<string, string>>): PolicySet {
  return { name: createHash('sha256').update(JSON.stringify(policies)).digest('hex'), policies }
}

/** Cedar keeps preparsed sets for the life of the thread and forgets none, so a bounded number of its places is used over and over. */
const PLACES = 1024
const free = Array.from({ length: PLACES + 1 }, (_, index) => `set-${index}`)
const places = new Lru<string>(PLACES, (place) => void free.push(place))

/**
 * The ids that determined the decision: all satisfied permits, or all satisfied forbids. Throws EvaluationError for any
 * failure, and for any policy that failed: Cedar skips such a policy, which for a forbid would let the action through.
 */
export function determining(set: PolicySet, request: Request): { readonly decision: 'allow' | 'deny'; readonly ids: readonly string[] } {
  const answer = guarded(() => cedar.statefulIsAuthorized({ ...request, preparsedPolicySetId: placeOf(set) }))
  if (answer.type === 'failure') throw new EvaluationError(answer.errors.map(({ message }) => message).join('; '))
  const { decision, diagnostics } = answer.response
  if (diagnostics.errors.length > 0) throw new EvaluationError(diagnostics.errors.map(({ policyId, error }) => `${policyId}: ${error.message}`).join('; '))
  return { decision, ids: diagnostics.reason }
}

function placeOf(set: PolicySet): string {
  const known = places.get(set.name)
  if (known !== undefined) return known
  const place = free.pop()
  if (place === undefined) throw new EvaluationError('no place for another policy set')
  const parsed = cedar.preparsePolicySet(place, { staticPolicies: { ...set.policies } })
  if (parsed.type === 'failure') {
    free.push(place)
    throw new EvaluationError(parsed.errors.map(({ message }) => message).join('; '))
  }
  places.set(set.name, place)
  return place
}

function guarded<T>(evaluate: () => T): T {
  try {
    return evaluate()
  } catch (error) {
    if (error instanceof EvaluationError) throw error
    throw new EvaluationError(error instanceof Error ? error.message : String(error))
  }
}
