import { ACTION_TYPES, type ActionType, type Facts } from '@countersign/core/action'
import type { Policy } from './compile.ts'
import { determining, type PolicySet, policySet, type Request } from './evaluate.ts'
import { actionMatches, principalMatches, resourceMatches, resourceNamed, type Standing, uid } from './scope.ts'

/** The permit that forbids are evaluated beside, so that Cedar names the ones that match. No `@id` can be `*`. */
const CATCH_ALL = { '*': 'permit (principal, action, resource);' }

/** The policies whose heads match one principal, resource and action type. */
export interface Slice {
  readonly reads: ReadonlySet<keyof Facts>
  /** Every policy whose conditions hold too. Throws EvaluationError. */
  matching(request: Request): readonly Policy[]
}

/** Finds slices among thousands of policies: those that name one resource are looked up, the others are tried one by one. */
export class Slicer {
  readonly #byAction: ReadonlyMap<ActionType, ReadonlyMap<string | null, readonly Policy[]>>

  constructor(policies: readonly Policy[]) {
    this.#byAction = new Map(
      ACTION_TYPES.map((type) => [
        type,
        Map.groupBy(
          policies.filter(({ json }) => actionMatches(json.action, type)),
          ({ json }) => resourceNamed(json),
        ),
      ]),
    )
  }

  slice(principal: Standing, type: ActionType, resource: Standing): Slice {
    const candidates = this.#byAction.get(type)
    const policies = [...(candidates?.get(null) ?? []), ...(candidates?.get(resource.self) ?? [])].filter(
      ({ json }) => principalMatches(json.principal, principal) && resourceMatches(json.resource, resource),
    )
    return sliceOf(policies)
  }
}

/** How an entity stands before policy: itself, and in its groups. */
export function standing(type: string, id: string, groups: readonly string[]): Standing {
  const self = uid({ type, id })
  return { type, self, within: new Set([self, ...groups.map((group) => uid({ type: 'Group', id: group }))]) }
}

/**
 * Cedar names the satisfied permits when it allows and only the forbids when one matches. So the permits are evaluated
 * by themselves, and the forbids beside a catch-all permit: two evaluations that name everything which matches, for
 * deciding and for explaining alike.
 */
function sliceOf(policies: readonly Policy[]): Slice {
  const permits = setOf(policies.filter(({ json }) => json.effect === 'permit'))
  const forbids = setOf(policies.filter(({ json }) => json.effect === 'forbid'))
  const beside = forbids && policySet({ ...forbids.policies, ...CATCH_ALL })
  return {
    reads: new Set(policies.flatMap(({ reads }) => [...reads])),
    matching(request) {
      const ids = new Set([...named(permits, 'allow', request), ...named(beside, 'deny', request)])
      return policies.filter(({ id }) => ids.has(id))
    },
  }
}

function setOf(policies: readonly Policy[]): PolicySet | null {
  return policies.length === 0 ? null : policySet(Object.fromEntries(policies.map(({ id, text }) => [id, text])))
}

function named(set: PolicySet | null, when: 'allow' | 'deny', request: Request): readonly string[] {
  if (set === null) return []
  const { decision, ids } = determining(set, request)
  return decision === when ? ids : []
}
