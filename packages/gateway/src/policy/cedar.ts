import { createHash } from 'node:crypto'
import { basename } from 'node:path'
import type { EntityJson } from '@cedar-policy/cedar-wasm/nodejs'
import type { ActionType, Facts } from '@countersign/core/action'
import { type Decision, strictest } from '@countersign/core/obligations'
import { type Principal, principalId } from '@countersign/core/principal'
import type { Config, WorkerConfig, Resource } from '../config/config.ts'
import { Compiler, type Policy } from './compile.ts'
import type { Explanation, PolicyEngine, Question } from './engine.ts'
import { EvaluationError } from './evaluate.ts'
import { honourable, judge, withConnect } from './judge.ts'
import type { PolicyFile } from './load.ts'
import { Lru } from './lru.ts'
import { actionGroups, AGENTS, labelKeys } from './schema.ts'
import { type Slice, Slicer, standing } from './slice.ts'
import { withinScope } from './within-scope.ts'

const SITUATIONS = 10_000
const DECISIONS = 50_000
/** A statement with very many tables is decided anew each time, rather than kept. */
const LONGEST_KEY = 4096

/** Who is judged: a user as himself, an agent both as itself and as its user. */
interface Identity {
  readonly type: 'User' | 'Agent'
  readonly id: string
  readonly groups: readonly string[]
  /** The principal, with its groups. */
  readonly entities: readonly EntityJson[]
}

/** One identity and the policies that may concern it; `connect` is there for what comes with a connection. */
interface Side {
  readonly identity: Identity
  readonly slice: Slice
  readonly connect: Slice | null
}

/** Everything of a question but its facts. */
interface Situation {
  readonly key: string
  readonly resource: Resource
  readonly sides: readonly Side[]
  /** The facts that some policy of the slices reads; the others cannot change the decision. */
  readonly reads: readonly (keyof Facts)[]
}

/** The name of these texts: SHA-256 over file names and contents, hexadecimal. */
export function versionOf(files: readonly PolicyFile[]): string {
  return createHash('sha256')
    .update(JSON.stringify(files.map(({ file, text }) => [basename(file), text])))
    .digest('hex')
}

/** Compiles the files for this configuration. Throws PolicyError. A `compiler` that has seen earlier texts makes a reload cheap. */
export function createEngine(config: WorkerConfig, files: readonly PolicyFile[], compiler: Compiler = new Compiler(config)): PolicyEngine {
  return new CedarEngine(config, compiler.compile(files), versionOf(files))
}

class CedarEngine implements PolicyEngine {
  readonly version: string
  readonly #resources: Config['resources']
  readonly #labels: readonly string[]
  readonly #slicer: Slicer
  readonly #situations = new Lru<Situation>(SITUATIONS)
  readonly #decisions = new Lru<Decision>(DECISIONS)

  constructor(config: WorkerConfig, policies: readonly Policy[], version: string) {
    this.version = version
    this.#resources = config.resources
    this.#labels = labelKeys(config)
    this.#slicer = new Slicer(policies)
  }

  decide(question: Question): Decision {
    return withinScope(question, this.#decide(question))
  }

  #decide(question: Question): Decision {
    try {
      const situation = this.#situation(question)
      if (situation === null) return unknownResource(question)
      const key = situation.key + JSON.stringify(situation.reads.map((fact) => question.facts[fact]))
      const known = this.#decisions.get(key)
      if (known) return known
      const decision = this.#judge(question, this.#matching(question, situation))
      if (key.length <= LONGEST_KEY) this.#decisions.set(key, decision)
      return decision
    } catch (error) {
      return failed(error)
    }
  }

  readsRows(about: Omit<Question, 'facts' | 'scope'>): boolean {
    const reads = this.#situation(about)?.reads ?? []
    return reads.includes('rows') || reads.includes('rowsKnown')
  }

  explain(question: Question): Explanation {
    const { decision, matched } = this.#explain(question)
    return { decision: withinScope(question, decision), matched }
  }

  #explain(question: Question): Explanation {
    try {
      const situation = this.#situation(question)
      if (situation === null) return { decision: unknownResource(question), matched: [] }
      const matching = this.#matching(question, situation)
      const matched = [...new Map(matching.flat().map((policy) => [policy.id, policy])).values()].map(({ id, json, file, line, written }) => ({
        id,
        effect: json.effect,
        file,
        line,
        annotations: written,
      }))
      return { decision: this.#judge(question, matching), matched }
    } catch (error) {
      return { decision: failed(error), matched: [] }
    }
  }

  #judge(question: Question, matching: readonly (readonly Policy[])[]): Decision {
    const asked = `${principalId(question.principal)} to ${question.type} on ${question.resource}`
    const sides = matching.map((policies) => judge(policies, asked))
    return honourable(question.type === 'connect' ? strictest(sides, null) : strictest(sides))
  }

  /** The policies that match, by each identity that is judged. Throws EvaluationError. */
  #matching({ type, facts }: Question, { resource, sides }: Situation): readonly (readonly Policy[])[] {
    const context = { ...facts, tables: [...facts.tables], columns: [...facts.columns] }
    const about = (identity: Identity, action: ActionType) => ({
      principal: { type: identity.type, id: identity.id },
      action: { type: 'Action', id: action },
      resource: { type: 'Resource', id: resource.name },
      context,
      entities: [...identity.entities, this.#resourceEntity(resource), actionEntity(action)],
    })
    return sides.map(({ identity, slice, connect }) => {
      const matching = slice.matching(about(identity, type))
      return connect === null ? matching : withConnect(matching, connect.matching(about(identity, 'connect')))
    })
  }

  #situation({ principal, resource: name, type }: Omit<Question, 'facts' | 'scope'>): Situation | null {
    const key = JSON.stringify([principal.user, principal.agent, principal.groups, name, type])
    const known = this.#situations.get(key)
    if (known) return known
    const resource = Object.hasOwn(this.#resources, name) ? this.#resources[name] : undefined
    if (resource === undefined) return null
    const sides = identities(principal).map((identity) => this.#side(identity, type, name))
    const reads = sides.flatMap(({ slice, connect }) => [...slice.reads, ...(connect?.reads ?? [])])
    const situation = { key, resource, sides, reads: [...new Set(reads)] }
    this.#situations.set(key, situation)
    return situation
  }

  #side(identity: Identity, type: ActionType, resource: string): Side {
    const slice = (action: ActionType) => this.#slicer.slice(standing(identity.type, identity.id, identity.groups), action, standing('Resource', resource, []))
    return { identity, slice: slice(type), connect: type === 'sql:session' ? slice('connect') : null }
  }

  #resourceEntity({ name, protocol, labels }: Resource): EntityJson {
    const attributes = this.#labels.map((label) => [label, Object.hasOwn(labels, label) ? (labels[label] ?? '') : ''] as const)
    return { uid: { type: 'Resource', id: name }, attrs: { ...Object.fromEntries(attributes), name, protocol }, parents: [] }
  }
}

function identities({ user, agent, groups }: Principal): readonly Identity[] {
  const self: Identity = { type: 'User', id: user, groups, entities: [entity('User', user, groups, {})] }
  if (agent === null) return [self]
  const as = [...groups, AGENTS]
  const itself = entity('Agent', agent, as, { user: { __entity: { type: 'User', id: user } } })
  return [{ type: 'Agent', id: agent, groups: as, entities: [itself, ...self.entities] }, self]
}

function entity(type: Identity['type'], id: string, groups: readonly string[], attrs: EntityJson['attrs']): EntityJson {
  return { uid: { type, id }, attrs, parents: [...new Set(groups)].map((group) => ({ type: 'Group', id: group })) }
}

function actionEntity(type: Question['type']): EntityJson {
  return { uid: { type: 'Action', id: type }, attrs: {}, parents: actionGroups(type).map((id) => ({ type: 'Action', id })) }
}

const unknownResource = ({ resource }: Question): Decision => ({ effect: 'deny', policies: [], message: `there is no resource ${resource}` })

/** Fail closed: whatever kept policy from being evaluated, the answer is no. */
function failed(error: unknown): Decision {
  const why = error instanceof EvaluationError ? error.message : `internal error (${error instanceof Error ? error.name : typeof error})`
  return { effect: 'deny', policies: [], message: `policy could not be evaluated, so this is denied: ${why}`, failed: true }
}
