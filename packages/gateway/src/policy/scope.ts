import type { ActionConstraint, EntityUidJson, PolicyJson, PrincipalConstraint, ResourceConstraint, TypeAndId } from '@cedar-policy/cedar-wasm/nodejs'
import type { ActionType } from '@countersign/core/action'
import { actionGroups } from './schema.ts'

/** An entity with itself and everything it is in, each as `Type::"id"`: what Cedar's `in` compares with. */
export interface Standing {
  readonly type: string
  readonly self: string
  readonly within: ReadonlySet<string>
}

export function uid(entity: TypeAndId): string {
  return `${entity.type}::${JSON.stringify(entity.id)}`
}

/** True when the policy's head could match this principal; its conditions are Cedar's to evaluate. */
export function principalMatches(constraint: PrincipalConstraint, principal: Standing): boolean {
  return matches(constraint, principal)
}

export function resourceMatches(constraint: ResourceConstraint, resource: Standing): boolean {
  return matches(constraint, resource)
}

export function actionMatches(constraint: ActionConstraint, type: ActionType): boolean {
  const within = [type, ...actionGroups(type)].map((id) => uid({ type: 'Action', id }))
  switch (constraint.op) {
    case 'All':
      return true
    case '==':
      return 'entity' in constraint && named(constraint.entity) === within[0]
    case 'in':
      return ('entities' in constraint ? constraint.entities : [constraint.entity]).some((entity) => within.includes(named(entity)))
  }
}

/** The one resource that a policy's head names, null when it is for any. */
export function resourceNamed({ resource }: Pick<PolicyJson, 'resource'>): string | null {
  return (resource.op === '==' || resource.op === 'in') && 'entity' in resource ? named(resource.entity) : null
}

function matches(constraint: PrincipalConstraint | ResourceConstraint, entity: Standing): boolean {
  switch (constraint.op) {
    case 'All':
      return true
    case '==':
      return 'entity' in constraint && named(constraint.entity) === entity.self
    case 'in':
      return 'entity' in constraint && entity.within.has(named(constraint.entity))
    case 'is':
      return constraint.entity_type === entity.type && (!constraint.in || !('entity' in constraint.in) || entity.within.has(named(constraint.in.entity)))
  }
}

const named = (entity: EntityUidJson) => uid(entityOf(entity))

/** Cedar writes an entity in two ways. */
export function entityOf(entity: EntityUidJson): TypeAndId {
  if (!('__entity' in entity)) return entity
  const { __entity: inner } = entity
  return inner
}
