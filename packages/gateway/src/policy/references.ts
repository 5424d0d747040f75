import type { CedarValueJson, Clause, PolicyJson, TypeAndId } from '@cedar-policy/cedar-wasm/nodejs'
import type { Facts } from '@countersign/core/action'
import { FACTS } from './schema.ts'

type Json = CedarValueJson | object | undefined

/** The facts that a policy's conditions read; all of them when `context` is used in any way but `context.fact`. */
export function factsRead(clauses: readonly Clause[]): ReadonlySet<keyof Facts> {
  const read = new Set<keyof Facts>()
  visit(clauses, (node) => {
    if (isContext(node)) FACTS.forEach((fact) => read.add(fact))
    const access = '.' in node ? node['.'] : null
    if (!isRecord(access) || !isContext(access.left)) return true
    FACTS.filter((fact) => fact === access.attr).forEach((fact) => read.add(fact))
    return false
  })
  return read
}

/** Every entity that a policy names, in its scope or its conditions. */
export function entitiesNamed(policy: PolicyJson): readonly TypeAndId[] {
  const named: TypeAndId[] = []
  visit([policy.principal, policy.action, policy.resource, policy.conditions], (node) => {
    if (typeof node.type === 'string' && typeof node.id === 'string') named.push({ type: node.type, id: node.id })
    return true
  })
  return named
}

const isRecord = (node: unknown): node is Record<string, unknown> => typeof node === 'object' && node !== null

const isContext = (node: unknown) => isRecord(node) && node.Var === 'context'

/** Walks a policy's JSON; `enter` says whether to go deeper. */
function visit(node: Json, enter: (node: Record<string, unknown>) => boolean): void {
  if (!isRecord(node)) return
  if (!Array.isArray(node) && !enter(node)) return
  for (const child of Object.values(node)) if (isRecord(child)) visit(child, enter)
}
