import { type Call, callsIn } from './folding.ts'
import { FIRST_USER_OID } from './queries.ts'

/** A field of a stored expression, its value, and for a function of PostgreSQL's own its name. */
export type Stored = readonly (readonly [field: string, value: string, name: string | null])[]

export interface Owned {
  readonly schema: string
  readonly name: string
  readonly extension: string | null
}

/** A function or operator that may be meant where its name is written: `args` are the OIDs of its types, 0 for the missing one of a prefix operator. */
export interface Callable extends Owned {
  readonly oid: number
  readonly args: readonly number[]
}

export interface UserFunction extends Callable {
  readonly defaults: number
  readonly variadic: boolean
  readonly result: number
  /** Another once it was replaced or altered. */
  readonly version: string
  /** The planner may call it. */
  readonly immutable: boolean
  /** The planner may put its body in the place of its call. */
  readonly inlined: boolean
}

export interface UserOperator extends Callable {
  readonly function: number
}

/** One of PostgreSQL's own functions whose row somebody has written since the first start of initdb (initdb itself, too). */
export interface Rewritten extends UserFunction {
  readonly language: string
  readonly source: string
  readonly body: Stored
  /** What its default arguments run. */
  readonly fills: Stored
}

export interface UserCast {
  readonly source: number
  readonly target: number
  readonly function: number
  /** The name of its function. */
  readonly called: string | null
  readonly implicit: boolean
  readonly written: string
  readonly extension: string | null
}

export interface UserType extends Owned {
  readonly oid: number
  readonly kind: string
  readonly category: string
  readonly preferred: boolean
  /** Types whose values can be had from one of its values: elements, fields, bounds. */
  readonly parts: readonly number[]
  /** The functions that read, print, send and subscript a base type, and that compare, measure and round a range. */
  readonly io: readonly number[]
  /** The conditions of a domain. */
  readonly checks: readonly Stored[]
  /** It is a row of a table, or an array of those: its name is the table's. */
  readonly isTable: boolean
}

/** An operator class that sorting, grouping or hashing a type uses without a name. */
export interface UserClass extends Owned {
  readonly type: number
  readonly functions: readonly number[]
}

/** What a database holds that is not PostgreSQL's own. */
export interface Objects {
  readonly functions: ReadonlyMap<string, readonly UserFunction[]>
  readonly functionsByOid: ReadonlyMap<number, UserFunction>
  readonly rewritten: readonly Rewritten[]
  readonly operators: ReadonlyMap<string, readonly UserOperator[]>
  readonly operatorsByOid: ReadonlyMap<number, UserOperator>
  /** How PostgreSQL's own of that name are called; only of names that somebody else's have too. */
  readonly signatures: Readonly<Record<'function' | 'operator', ReadonlyMap<string, readonly (readonly number[])[]>>>
  readonly casts: readonly UserCast[]
  readonly types: ReadonlyMap<number, UserType>
  readonly typesByName: ReadonlyMap<string, readonly UserType[]>
  readonly classes: readonly UserClass[]
}

export interface Relation extends Owned {
  readonly oid: number
  /** `pg_class.relkind`: r, p, v, m, f, S. */
  readonly kind: string
  readonly columns: ReadonlySet<string>
  /** Types that are not PostgreSQL's own and that its rows hold, its row type among them. */
  readonly types: readonly number[]
  /** What a view runs. */
  readonly query: readonly Stored[]
  readonly policies: readonly { readonly name: string; readonly stored: Stored }[]
  /** Of itself and what inherits from it: what is not stored as PostgreSQL stores tables. */
  readonly elsewhere: readonly Owned[]
  /** Expressions of columns that are worked out when they are read. */
  readonly generated: readonly Stored[]
  /** What planning works out of its own expressions: of any statement, and of one that changes it. */
  readonly planned: readonly Call[]
  readonly filled: readonly Call[]
  /** Another statement may take the place of one that changes it. */
  readonly hasRules: boolean
}

/** The target's answer is not what was asked for. */
class Unexpected extends Error {}

/** Reads the answers to OBJECTS. The server is hostile until parsed: throws where they are something else. */
export function readObjects(rows: readonly string[]): Objects {
  const facts = rows.map((row) => new Fields(row))
  const of = (kind: string) => facts.filter((fields) => fields.text(0) === kind)
  const functions = of('function').map(readFunction)
  const foreign = functions.filter(({ oid }) => oid >= FIRST_USER_OID)
  const operators = of('operator').map(readOperator)
  const types = of('type').map(readType)
  return {
    functions: byName(foreign),
    functionsByOid: new Map(foreign.map((each) => [each.oid, each])),
    rewritten: functions.filter(({ oid }) => oid < FIRST_USER_OID),
    operators: byName(operators),
    operatorsByOid: new Map(operators.map((each) => [each.oid, each])),
    signatures: { function: signatures(of('signature'), 'function'), operator: signatures(of('signature'), 'operator') },
    casts: of('cast').map(readCast),
    types: new Map(types.map((type) => [type.oid, type])),
    typesByName: byName(types.filter(({ isTable }) => !isTable)),
    classes: of('class').map(readClass),
  }
}

/** Reads the answers to RELATIONS. Throws as `readObjects` does. */
export function readRelation(row: string): Relation {
  const fields = new Fields(row)
  return {
    oid: fields.oid(0),
    schema: fields.text(1),
    name: fields.text(2),
    kind: fields.text(3),
    columns: new Set(fields.texts(4)),
    types: fields.oids(5),
    query: fields.list(6).map(stored),
    policies: fields.list(7).map((policy) => {
      const [name, using, check] = array(policy)
      return { name: String(name), stored: [...stored(using), ...stored(check)] }
    }),
    elsewhere: fields.list(8).map(owned),
    generated: fields.list(9).map(stored),
    extension: fields.maybe(10),
    planned: fields.texts(12).flatMap(callsIn),
    filled: fields.texts(13).flatMap(callsIn),
    hasRules: fields.at(14) === true,
  }
}

function readFunction(fields: Fields): Rewritten {
  return {
    oid: fields.oid(1),
    schema: fields.text(2),
    name: fields.text(3),
    args: fields.oids(4),
    defaults: fields.oid(5),
    variadic: fields.oid(6) !== 0,
    result: fields.oid(7),
    language: fields.maybe(8) ?? '',
    source: fields.maybe(9) ?? '',
    body: stored(fields.at(10)),
    extension: fields.maybe(11),
    version: fields.text(12),
    fills: stored(fields.at(13)),
    immutable: fields.text(14) === 'i',
    inlined: fields.at(15) === true,
  }
}

function readOperator(fields: Fields): UserOperator {
  return { oid: fields.oid(1), schema: fields.text(2), name: fields.text(3), args: fields.oids(4), function: fields.oid(5), extension: fields.maybe(6) }
}

function readCast(fields: Fields): UserCast {
  const [source, target, called] = [fields.oid(1), fields.oid(2), fields.oid(3)]
  const context = { implicit: fields.text(4) === 'i', written: fields.text(5), called: fields.maybe(6), extension: fields.maybe(7) }
  return { source, target, function: called, ...context }
}

function readType(fields: Fields): UserType {
  return {
    oid: fields.oid(1),
    schema: fields.text(2),
    name: fields.text(3),
    kind: fields.text(4),
    category: fields.text(5),
    preferred: fields.at(6) === true,
    parts: fields.oids(7),
    io: fields.oids(8).filter((oid) => oid !== 0),
    checks: fields.list(9).map(stored),
    extension: fields.maybe(10),
    isTable: fields.at(11) === true,
  }
}

function readClass(fields: Fields): UserClass {
  return { type: fields.oid(1), schema: fields.text(2), name: fields.text(3), functions: fields.oids(4), extension: fields.maybe(5) }
}

function signatures(facts: readonly Fields[], kind: string): ReadonlyMap<string, readonly (readonly number[])[]> {
  const of = facts.filter((fields) => fields.text(1) === kind)
  return new Map([...Map.groupBy(of, (fields) => fields.text(2))].map(([name, group]) => [name, group.map((fields) => fields.oids(3))]))
}

function byName<T extends Owned>(all: readonly T[]): ReadonlyMap<string, readonly T[]> {
  return Map.groupBy(all, ({ name }) => name)
}

function stored(value: unknown): Stored {
  return array(value).map((triple) => {
    const [field, of, name] = array(triple)
    if (typeof field !== 'string' || typeof of !== 'string') throw new Unexpected('the target said something else of its catalog than was asked')
    return [field, of, typeof name === 'string' ? name : null]
  })
}

function owned(value: unknown): Owned {
  const [schema, name, extension] = array(value)
  return { schema: String(schema), name: String(name), extension: typeof extension === 'string' ? extension : null }
}

/** SQL's NULL is an empty list. */
function array(value: unknown): readonly unknown[] {
  if (value === null || value === undefined) return []
  if (!Array.isArray(value)) throw new Unexpected('the target said something else of its catalog than was asked')
  return value
}

/** One answer: a JSON array of fields. OIDs are digits in quotes, as JSON of PostgreSQL's has them. */
class Fields {
  readonly #values: readonly unknown[]

  constructor(row: string) {
    this.#values = array(JSON.parse(row))
  }

  at(index: number): unknown {
    return this.#values[index]
  }

  text(index: number): string {
    const value = this.#values[index]
    if (typeof value !== 'string') throw new Unexpected('the target left something out of its catalog')
    return value
  }

  maybe(index: number): string | null {
    return this.#values[index] === null ? null : this.text(index)
  }

  oid(index: number): number {
    return number(this.#values[index])
  }

  list(index: number): readonly unknown[] {
    return array(this.#values[index])
  }

  texts(index: number): readonly string[] {
    return this.list(index).map(String)
  }

  oids(index: number): readonly number[] {
    return this.list(index).map(number)
  }
}

function number(value: unknown): number {
  const digits = String(value)
  if (!/^\d{1,10}$/.test(digits)) throw new Unexpected('the target said something else of its catalog than was asked')
  return Number(digits)
}
