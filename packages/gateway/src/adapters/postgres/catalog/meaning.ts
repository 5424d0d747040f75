import { dotted } from '../classify/tree.ts'
import type { Path, UsedAttribute, Uses } from '../classify/uses.ts'
import { TYPES } from '../classify/builtins.ts'
import { EVERYTHING, mayBeChosen, present, reachable, type Reach } from './choosing.ts'
import type { Callable, Owned, Relation, UserFunction } from './facts.ts'
import { doubt, type Finding, first, type Inside, NOTHING, written } from './inside.ts'
import { FIRST_USER_OID } from './queries.ts'
import type { World } from './world.ts'

/** Where a session looks names up: the schemas in their order, `pg_temp_3` and `pg_catalog` in their places. */
export type SearchPath = readonly string[]

const OWN_SCHEMAS = new Set(['pg_catalog', 'information_schema'])

const paths = new Map<string, SearchPath>()
/** Far more than there are in earnest. */
const MAX_PATHS = 10_000

/** The same array for the same path: what was found out is kept by it. */
export function samePath(path: SearchPath): SearchPath {
  const key = path.join('\0')
  const known = paths.get(key)
  if (known) return known
  if (paths.size >= MAX_PATHS) paths.clear()
  paths.set(key, path)
  return path
}

/** A row of whatever columns. Declared, it says that a value may have any type. */
export const RECORD = 2249

/**
 * What the names of one statement mean in a session, and so what the statement may run besides what the reviewed lists say. `declared` are the types
 * that the client gave its parameters.
 */
export function meaningOf(uses: Uses, path: SearchPath, declared: readonly number[], world: World, inside: Inside): Finding {
  return new Meaning(uses, path, declared, world, inside).finding()
}

/** What the names of one statement stand for: relations by OID, 0 for none, and whatever else has such a name and is not PostgreSQL's own. */
export function objectsOf(uses: Uses, path: SearchPath, world: World, inside: Inside): Named {
  return new Meaning(uses, path, [], world, inside).objects()
}

interface Named {
  readonly relations: readonly number[]
  /** Each with its OID, and of a function what tells it from what it was before it was replaced. */
  readonly others: readonly string[]
}

/** The names of relations that have to be looked up before `meaningOf` can say anything. */
export function namesToLookUp(uses: Uses, path: SearchPath): readonly string[] {
  // In a schema before pg_catalog a table gives its name to a type, too.
  const types = path[0] === 'pg_catalog' ? [] : uses.types.filter(({ length }) => length === 1)
  return [...new Set([...uses.relations, ...types].flatMap((each) => each.at(-1) ?? []))]
}

class Meaning {
  readonly #uses: Uses
  readonly #path: SearchPath
  readonly #world: World
  readonly #inside: Inside
  readonly #reach: Reach
  /** Types of values that are in the tables, or were named. */
  readonly #present: ReadonlySet<number>
  readonly #everything: boolean

  constructor(uses: Uses, path: SearchPath, declared: readonly number[], world: World, inside: Inside) {
    this.#uses = uses
    this.#path = path
    this.#world = world
    this.#inside = inside
    const { objects } = world
    const seeds = [...declared, ...this.#relations().flatMap(({ types }) => types), ...this.#results(), ...this.#namedTypes()]
    this.#everything = seeds.includes(RECORD)
    this.#present = present(
      seeds.filter((type) => type >= FIRST_USER_OID),
      objects.types,
    )
    this.#reach = this.#everything ? EVERYTHING : reachable(this.#present, objects)
  }

  finding(): Finding {
    const { functions, operators, types, attributes, relations } = this.#uses
    return first([
      ...relations.map((path) => this.#relation(path)),
      ...functions.map((path) => this.#call(path)),
      ...operators.map((path) => this.#operator(path)),
      ...types.map((path) => this.#type(path)),
      ...attributes.map((attribute) => this.#attribute(attribute)),
      ...this.#withoutName(),
    ])
  }

  objects(): Named {
    const { functions, attributes, operators, types, relations } = this.#uses
    const called = [...functions, ...attributes.map(({ name }) => [name])].flatMap((path) => this.#functions(path))
    return {
      relations: relations.map((path) => this.#find(path)?.oid ?? 0),
      others: [
        ...called.map(({ oid, version }) => `function ${oid} ${version}`),
        ...this.#seen(operators, this.#world.objects.operators).map(({ oid, function: runs }) => `operator ${oid} ${runs}`),
        ...this.#seen(types, this.#world.objects.typesByName).map(({ oid }) => `type ${oid}`),
      ],
    }
  }

  #seen<T extends Owned>(paths: readonly Path[], named: ReadonlyMap<string, readonly T[]>): readonly T[] {
    return paths.flatMap((path) => (named.get(path.at(-1) ?? '') ?? []).filter(({ schema }) => this.#schemas(path).includes(schema)))
  }

  #relations(): readonly Relation[] {
    return this.#uses.relations.flatMap((path) => this.#find(path) ?? [])
  }

  /** The first of its name on the way; the server says itself when there is none. */
  #find(path: Path): Relation | undefined {
    const named = this.#world.named(path.at(-1) ?? '') ?? []
    return this.#schemas(path).flatMap((schema) => named.filter((relation) => relation.schema === schema))[0]
  }

  #schemas(path: Path): readonly string[] {
    const [schema] = path
    if (path.length < 2 || schema === undefined) return this.#path
    return schema === 'pg_temp' ? this.#path.filter((each) => each.startsWith('pg_temp_')) : [schema]
  }

  #relation(path: Path): Finding {
    const relation = this.#find(path)
    if (!relation) return NOTHING
    return this.#uses.plansChange ? first([this.#inside.relation(relation), this.#inside.change(relation)]) : this.#inside.relation(relation)
  }

  /** What a name of a function may stand for that is not PostgreSQL's own: temporary schemas are not searched for functions. */
  #functions(path: Path): readonly UserFunction[] {
    const { objects, replaced } = this.#world
    const name = path.at(-1) ?? ''
    const schemas = this.#schemas(path).filter((schema) => !schema.startsWith('pg_temp_') || path.length > 1)
    return [...(objects.functions.get(name) ?? []), ...replaced.filter((each) => each.name === name)].filter(({ schema }) => schemas.includes(schema))
  }

  #call(path: Path): Finding {
    const { objects, trust } = this.#world
    const name = path.at(-1) ?? ''
    const chosen = this.#functions(path).find((candidate) => !trust.vouchesFor(candidate) && this.#chosen(candidate, 'function', name))
    if (chosen) return doubt(`${dotted(path)} may be ${written(chosen)}, which is not known to only read`)
    const type = (objects.typesByName.get(name) ?? []).find((each) => this.#schemas(path).includes(each.schema) && !trust.vouchesFor(each))
    return type ? doubt(`${dotted(path)} may be a cast to ${written(type)}, which is not built in`) : NOTHING
  }

  #operator(path: Path): Finding {
    const name = path.at(-1) ?? ''
    const candidates = (this.#world.objects.operators.get(name) ?? []).filter(({ schema }) => this.#schemas(path).includes(schema))
    const chosen = candidates.find((candidate) => !this.#inside.isTrustedOperator(candidate) && this.#chosen(candidate, 'operator', name))
    return chosen ? doubt(`the operator ${dotted(path)} may be that of ${chosen.schema}, which is not built in`) : NOTHING
  }

  #chosen(candidate: Callable & { readonly defaults?: number; readonly variadic?: boolean }, kind: 'function' | 'operator', name: string): boolean {
    const { signatures, types } = this.#world.objects
    const own = candidate.defaults || candidate.variadic ? [] : (signatures[kind].get(name) ?? [])
    return mayBeChosen(candidate, own, this.#reach, types)
  }

  /** A type is the first of its name; whoever wrote it had to be trusted with any other than PostgreSQL's own. */
  #type(path: Path): Finding {
    const name = path.at(-1) ?? ''
    if (path.length > 1 || !TYPES.has(name)) return NOTHING
    const before = this.#path.slice(0, this.#path.indexOf('pg_catalog'))
    const { objects, trust } = this.#world
    const others: readonly Owned[] = [...(objects.typesByName.get(name) ?? []), ...(this.#world.named(name) ?? [])]
    const other = others.find((each) => before.includes(each.schema) && !trust.vouchesFor(each))
    return other ? doubt(`the type ${name} may be ${written(other)}, which is not built in`) : NOTHING
  }

  /** `x.name` is a column where x has one, and otherwise a call of `name(x)`. */
  #attribute({ of, name }: UsedAttribute): Finding {
    const { trust } = this.#world
    const called = this.#functions([name]).find((each) => takesOne(each) && !trust.vouchesFor(each) && this.#chosen(each, 'function', name))
    if (!called) return NOTHING
    const sources = this.#uses.sources.filter(({ alias }) => alias === of)
    const isColumn = sources.length > 0 && sources.every(({ relation }) => relation !== null && this.#find(relation)?.columns.has(name))
    return isColumn ? NOTHING : doubt(`${of ?? ''}.${name} may call ${written(called)}, which is not known to only read`)
  }

  /** Casts that the server puts in, and what sorting and comparing a type runs. */
  #withoutName(): readonly Finding[] {
    const { objects, trust } = this.#world
    const isThere = (type: number) => type < FIRST_USER_OID || this.#everything || this.#present.has(type)
    const casts = objects.casts.filter(({ source, target, extension }) => this.#reach.has(source) && isThere(target) && !trust.vouchesForExtension(extension))
    const classes = objects.classes.filter(({ type }) => type < FIRST_USER_OID || this.#everything) // those of other types are judged with them
    const domains = this.#everything ? [...objects.types.values()].flatMap(({ oid, kind }) => (kind === 'd' ? oid : [])) : []
    return [
      ...this.#inside.types([...this.#present, ...domains], 'it may hold'),
      ...casts.map((cast) =>
        this.#isKnown(cast.function, cast.called) ? NOTHING : doubt(`the cast ${cast.written} runs a function that is not known to only read`),
      ),
      ...classes.map((each) => this.#inside.class(each)),
    ]
  }

  /** A cast without a function has OID 0. */
  #isKnown(oid: number, name: string | null): boolean {
    return oid === 0 || this.#inside.function(oid, name).doubt === null
  }

  /** What trusted functions give: of a row with unknown columns, anything. */
  #results(): readonly number[] {
    const { objects } = this.#world
    return this.#uses.functions
      .flatMap((path) => this.#functions(path))
      .map(({ result }) => (result < FIRST_USER_OID || objects.types.has(result) ? result : RECORD))
  }

  /** Types that are named: of a table's row, any. */
  #namedTypes(): readonly number[] {
    const others = this.#uses.types.filter((path) => (path.length > 1 ? !OWN_SCHEMAS.has(path[0] ?? '') : !TYPES.has(path[0] ?? '')))
    return others.flatMap((path) => {
      const found = (this.#world.objects.typesByName.get(path.at(-1) ?? '') ?? []).filter(({ schema }) => this.#schemas(path).includes(schema))
      return found.length > 0 ? found.map(({ oid }) => oid) : [RECORD]
    })
  }
}

/** One argument is enough for it. */
function takesOne({ args, defaults, variadic }: UserFunction): boolean {
  return (args.length >= 1 && args.length - defaults <= 1) || variadic
}
