import { dotted } from '../classify/tree.ts'
import { reviewed } from './builtin.ts'
import { present } from './choosing.ts'
import type { Owned, Relation, Stored, UserClass, UserOperator } from './facts.ts'
import type { Call } from './folding.ts'
import { FIRST_USER_OID } from './queries.ts'
import type { World } from './world.ts'

/** What the live catalog adds to the type of a statement: it may run code that nobody has reviewed, or change something. */
export interface Finding {
  /** Why it is `sql:unknown`. */
  readonly doubt: string | null
  readonly writes: boolean
}

export const NOTHING: Finding = { doubt: null, writes: false }

/** The fields of a stored expression that hold a function's OID, or operators'. */
const FUNCTION_FIELDS = new Set(['funcid', 'aggfnoid', 'winfnoid', 'startInRangeFunc', 'endInRangeFunc', 'tsmhandler'])
const OPERATOR_FIELDS = new Set(['opno', 'opnos', 'eqop', 'sortop', 'cycle_mark_neop'])

export const written = ({ schema, name }: Owned) => dotted([schema, name])

/** What reading relations, and running what is stored of them, does. Each is judged once. */
export class Inside {
  readonly #world: World
  readonly #relations = new Map<number, Finding>()

  constructor(world: World) {
    this.#world = world
  }

  /** What is behind a view, row security and partitions, all the way down. */
  relation(relation: Relation): Finding {
    const known = this.#relations.get(relation.oid)
    if (known) return known
    this.#relations.set(relation.oid, NOTHING) // a view's own rule names the view again
    const finding = this.#judge(relation)
    this.#relations.set(relation.oid, finding)
    return finding
  }

  /** An operator is what its function is. */
  isTrustedOperator(operator: UserOperator): boolean {
    const { objects, trust } = this.#world
    const called = objects.functionsByOid.get(operator.function)
    return trust.vouchesForExtension(operator.extension) || (called !== undefined && trust.vouchesFor(called))
  }

  /** By OID; of PostgreSQL's own, `name` says which it is where that is known. */
  function(oid: number, name: string | null): Finding {
    const { objects, trust, replaced } = this.#world
    if (oid >= FIRST_USER_OID) {
      const called = objects.functionsByOid.get(oid)
      return called && trust.vouchesFor(called) ? NOTHING : doubt(`${called ? written(called) : `function ${oid}`}, which is not known to only read`)
    }
    const other = replaced.find((each) => each.oid === oid)
    if (other && !trust.vouchesFor(other)) return doubt(`${written(other)}, which is not as PostgreSQL made it`)
    if (name === null) return NOTHING // PostgreSQL's own support of windows and samples
    const does = reviewed(name)
    return does === null ? doubt(`${name}, which is not known to only read`) : { doubt: null, writes: does === 'writes' }
  }

  /** What planning a change of a relation runs besides: defaults. What the rules of a table put in its place is not followed. */
  change(relation: Relation, seen: ReadonlySet<number> = new Set()): Finding {
    if (relation.hasRules) return doubt(`the rules of ${written(relation)} make another statement of it`)
    const read = readBy(relation).filter((oid) => oid !== relation.oid && !seen.has(oid))
    const among = new Set([...seen, relation.oid, ...read])
    const below = read.flatMap((oid) => this.#world.numbered(oid) ?? [])
    return first([...relation.filled.map((call) => this.#planned(call, relation)), ...below.map((each) => this.change(each, among))])
  }

  /** Whether planning runs it, or whatever its body calls. */
  #planned({ field, oid, ofColumn }: Call, relation: Relation): Finding {
    const { objects, trust } = this.#world
    const runs = field === 'opno' ? objects.operatorsByOid.get(oid)?.function : oid
    const called = runs === undefined ? undefined : objects.functionsByOid.get(runs)
    if (!called || trust.vouchesFor(called) || !(called.inlined || (called.immutable && !ofColumn))) return NOTHING
    return doubt(`planning anything of ${written(relation)} runs ${written(called)}, which is not known to only read`)
  }

  #judge(relation: Relation): Finding {
    const elsewhere = relation.elsewhere.find((each) => !this.#world.trust.vouchesFor(each))
    if (elsewhere) return doubt(`the rows of ${written(elsewhere)} are elsewhere, or stored in a way that is not built in`)
    return first([
      ...relation.query.map((stored) => this.#stored(stored, `the view ${written(relation)} runs`)),
      ...relation.policies.map(({ name, stored }) => this.#stored(stored, `the row security policy ${name} of ${written(relation)} runs`)),
      ...relation.generated.map((stored) => this.#stored(stored, `a generated column of ${written(relation)} runs`)),
      ...relation.planned.map((call) => this.#planned(call, relation)),
      ...this.types(relation.types, `${written(relation)} has`),
    ])
  }

  /** Values of these types, and of those that they are made of, may be read, printed and made. */
  types(types: Iterable<number>, where: string): readonly Finding[] {
    return [...present(types, this.#world.objects.types)].map((type) => this.#type(type, where))
  }

  /** What sorting, grouping, comparing and joining run. */
  class(each: UserClass): Finding {
    if (this.#world.trust.vouchesFor(each) || each.functions.every((oid) => this.function(oid, null).doubt === null)) return NOTHING
    return doubt(`sorting and comparing run the operator class ${written(each)}, which is not built in`)
  }

  #type(oid: number, where: string): Finding {
    const classes = this.#world.objects.classes.filter(({ type }) => type === oid)
    return first([...classes.map((each) => this.class(each)), this.#value(oid, where)])
  }

  /** A base type is read and printed by the functions that came with it; a value of a domain is made by testing its conditions. */
  #value(oid: number, where: string): Finding {
    const type = this.#world.objects.types.get(oid)
    if (!type || this.#world.trust.vouchesFor(type)) return NOTHING
    const findings = type.io.map((io) => this.function(io, null))
    if (findings.some((finding) => finding.doubt !== null)) return doubt(`${where} something of the type ${written(type)}, which is not built in`)
    return first(type.checks.map((stored) => this.#stored(stored, `${where} something of the domain ${written(type)}, whose conditions run`)))
  }

  #stored(stored: Stored, where: string): Finding {
    return first(stored.map((field) => this.#field(field, where)))
  }

  #field([field, value, name]: Stored[number], where: string): Finding {
    const said = (finding: Finding) => (finding.doubt === null ? finding : doubt(`${where} ${finding.doubt}`))
    if (FUNCTION_FIELDS.has(field)) return said(this.function(Number(value), name))
    if (OPERATOR_FIELDS.has(field)) return said(first(numbers(value).map((oid) => this.#operator(oid))))
    if (field === 'relid') return this.#numbered(Number(value), where)
    if (field === 'hasForUpdate') return { doubt: null, writes: true }
    if (/(types?|typid)$/.test(field)) return first(this.types(numbers(value), where))
    return doubt(`${where} something that the gateway does not know: ${field}`)
  }

  #operator(oid: number): Finding {
    const operator = this.#world.objects.operatorsByOid.get(oid)
    if (!operator && oid < FIRST_USER_OID) return NOTHING
    return operator && this.isTrustedOperator(operator) ? NOTHING : doubt(`the operator ${operator ? written(operator) : oid}, which is not built in`)
  }

  #numbered(oid: number, where: string): Finding {
    const relation = this.#world.numbered(oid)
    return relation ? this.relation(relation) : doubt(`${where} something that is not in the catalog`)
  }
}

/** One OID, or a list of them. */
function numbers(value: string): readonly number[] {
  return (value.match(/\d+/g) ?? []).map(Number)
}

/** The relations that a relation's own expressions read. */
export function readBy({ query, policies, generated }: Relation): readonly number[] {
  const all = [...query, ...policies.map(({ stored }) => stored), ...generated].flat()
  return all.flatMap(([field, value]) => (field === 'relid' ? [Number(value)] : []))
}

export function doubt(because: string): Finding {
  return { doubt: because, writes: false }
}

/** The first doubt, and whether any of them writes. */
export function first(findings: readonly Finding[]): Finding {
  return { doubt: findings.find((finding) => finding.doubt !== null)?.doubt ?? null, writes: findings.some(({ writes }) => writes) }
}
