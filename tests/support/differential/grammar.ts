import { behind, joined, rangeOf, recursive, spelled } from './clauses.ts'
import { Random } from './random.ts'
import type { Callable, Shelf, Table } from './shelf.ts'
import { statementOf } from './statements.ts'
import { concrete, valueOf } from './values.ts'

/** What a query reads from, and by which name. */
export interface Range {
  readonly alias: string
  readonly columns: Table['columns']
}

/** The statement number `index` of a seed: always the same on the same server. */
export function statement(seed: number, index: number, shelf: Shelf, victim: number): string {
  const maker = new Maker(new Random(seed * 1_000_003 + index), shelf, victim)
  return statementOf(maker)
}

/** Of functions that want words of their own, the last arguments of what they may be given; a long sleep would tell nothing. */
const ARGUMENTS: readonly (readonly [name: RegExp, given: readonly string[]])[] = [
  [/^pg_sleep/, ["'0'"]],
  [/^has_(any_column|table)_privilege$/, ["'postgres'", "'people'", "'SELECT'"]],
  [/^has_column_privilege$/, ["'postgres'", "'people'", "'id'", "'SELECT'"]],
  [/^has_schema_privilege$/, ["'postgres'", "'public'", "'USAGE'"]],
  [/^has_database_privilege$/, ["'postgres'", "'postgres'", "'CONNECT'"]],
  [/^has_sequence_privilege$/, ["'postgres'", "'counter'", "'USAGE'"]],
  [/^has_function_privilege$/, ["'postgres'", "'plain(int)'", "'EXECUTE'"]],
  [/^has_language_privilege$/, ["'postgres'", "'sql'", "'USAGE'"]],
  [/^has_type_privilege$/, ["'postgres'", "'mood'", "'USAGE'"]],
  [/^has_tablespace_privilege$/, ["'postgres'", "'pg_default'", "'CREATE'"]],
  [/^has_parameter_privilege$/, ["'postgres'", "'work_mem'", "'SET'"]],
  [/^has_largeobject_privilege$/, ["'postgres'", '4242', "'SELECT'"]],
  [/^pg_has_role$/, ["'postgres'", "'postgres'", "'MEMBER'"]],
]

function argumentsOf(name: string, count: number): readonly string[] | null {
  const known = ARGUMENTS.find(([pattern]) => pattern.test(name))
  return known ? known[1].slice(-count) : null
}

/** Makes SQL from the grammar, of objects that are there and mostly of types that fit. */
export class Maker {
  readonly random: Random
  readonly shelf: Shelf
  /** The process of somebody else. */
  readonly victim: number
  #aliases = 0

  constructor(random: Random, shelf: Shelf, victim: number) {
    this.random = random
    this.shelf = shelf
    this.victim = victim
  }

  /** A query whose one column, if `single` is said, has that type. */
  query(depth: number, single: string | null = null): string {
    const { random } = this
    if (single === null && random.chance(0.06)) return `TABLE ${this.table().name}`
    if (single === null && random.chance(0.05)) return `VALUES (${this.expression('integer', 1, [])}, ${this.expression('text', 1, [])})`
    const withs = depth > 1 && random.chance(0.15) ? this.#with(depth) : null
    const ranges: Range[] = withs ? [withs.range] : []
    const from = withs ? [withs.range.alias] : []
    for (let more = random.below(withs ? 2 : 3); more > 0; more--) from.push(this.#from(depth, ranges))
    const targets = single === null ? random.some(3, () => this.target(depth, ranges)) : [this.expression(single, depth, ranges)]
    const ends = single === null && random.chance(0.12)
    const parts = [
      withs?.text ?? '',
      `SELECT ${random.chance(0.08) ? random.pick(['DISTINCT ', 'DISTINCT ON (1) ']) : ''}${targets.join(', ')}`,
      from.length > 0 ? `FROM ${joined(this, from, ranges)}` : '',
      random.chance(0.4) ? `WHERE ${this.expression('boolean', depth, ranges)}` : '',
      ends ? behind(this, targets.length, ranges) : random.chance(0.2) ? 'ORDER BY 1' : '',
      !ends && random.chance(0.9) ? `LIMIT ${1 + random.below(20)}` : '',
      single === null && ranges.length > 0 && random.chance(0.02) ? random.pick(['FOR UPDATE', 'FOR SHARE SKIP LOCKED']) : '',
    ]
    const text = parts.filter(Boolean).join(' ')
    return single === null && random.chance(0.06) ? `(${text}) ${random.pick(['UNION ALL', 'UNION', 'INTERSECT', 'EXCEPT'])} (${text})` : text
  }

  table(): Table {
    const { tables } = this.shelf
    const own = tables.filter(({ name }) => !name.includes('.') || name.startsWith('pg_temp.'))
    return this.random.pick(this.random.chance(0.8) ? own : tables)
  }

  target(depth: number, ranges: readonly Range[]): string {
    const { random } = this
    const range = ranges.length > 0 ? random.pick(ranges) : null
    if (range && random.chance(0.1)) return random.pick(['*', `${range.alias}.*`, range.alias])
    if (range && random.chance(0.06)) return `${range.alias}.${random.pick(['cancel', 'harm', 'plain', 'lower', 'pg_cancel_backend', 'pg_typeof', 'id'])}`
    if (random.chance(0.1)) return `(${random.pick(['7', "'x'::text", '(1, 2)'])}).${random.pick(['cancel', 'harm', 'f1', 'lower'])}`
    return this.call(depth, ranges) ?? this.expression('integer', depth, ranges)
  }

  /** A call of any function, with arguments of its types. */
  call(depth: number, ranges: readonly Range[]): string | null {
    const { random, shelf } = this
    const called = random.pick(random.chance(0.93) ? shelf.reviewed : shelf.others)
    return this.callOf(called, depth, ranges)
  }

  callOf(called: Callable, depth: number, ranges: readonly Range[]): string | null {
    const { random } = this
    const [schema, bare = ''] = called.name.split(/\.(.*)/s)
    const given = argumentsOf(bare, called.arguments.length) ?? called.arguments.map((type) => this.argument(concrete(type), depth, ranges))
    if (!given.every((each) => each !== null)) return null
    const written = schema === 'pg_temp' || random.chance(schema === 'public' ? 0.2 : 0.3) ? called.name : bare
    const args = called.kind === 'a' && given.length === 0 ? '*' : given.join(', ')
    const filter = called.kind === 'a' && random.chance(0.1) ? ' FILTER (WHERE true)' : ''
    const over = called.kind === 'w' || (called.kind === 'a' && random.chance(ranges.length > 0 ? 0.8 : 0.15)) ? ' OVER ()' : ''
    return `${written}(${args})${filter}${over}`
  }

  argument(type: string, depth: number, ranges: readonly Range[]): string | null {
    const { random } = this
    if (type === 'integer' && random.chance(0.05)) return String(this.victim)
    if (depth > 0 && random.chance(0.35)) return this.expression(type, depth - 1, ranges)
    return valueOf(type, random, this.shelf) ?? (random.chance(0.7) ? `NULL::${type}` : null)
  }

  expression(type: string, depth: number, ranges: readonly Range[]): string {
    const { random } = this
    const columns = ranges.flatMap(({ alias, columns }) => columns.filter((column) => column.type === type).map(({ name }) => `${alias}.${name}`))
    if (columns.length > 0 && random.chance(0.5)) return random.pick(columns)
    const made = depth > 0 ? this.#compound(type, depth - 1, ranges) : null
    return made ?? valueOf(type, random, this.shelf) ?? `NULL::${type}`
  }

  #compound(type: string, depth: number, ranges: readonly Range[]): string | null {
    const { random, shelf } = this
    const inner = (of: string) => this.expression(of, depth, ranges)
    switch (random.below(10)) {
      case 0:
      case 1: {
        const fitting = shelf.operators.filter(({ result }) => result === type)
        if (fitting.length === 0) return null
        const { name, left, right } = random.pick(fitting)
        return `(${left === null ? '' : `${inner(concrete(left))} `}${random.chance(0.1) ? `OPERATOR(${random.pick(['pg_catalog', 'pg_catalog', 'pg_temp'])}.${name})` : name} ${inner(concrete(right))})`
      }
      case 2:
      case 3: {
        const fitting = shelf.reviewed.filter(({ result, kind, set }) => result === type && kind === 'f' && !set)
        return fitting.length === 0 ? null : this.callOf(random.pick(fitting), depth, ranges)
      }
      case 4:
        return `CASE WHEN ${inner('boolean')} THEN ${inner(type)} ELSE ${inner(type)} END`
      case 5:
        return `(${random.chance(0.5) ? 'COALESCE' : 'NULLIF'}(${inner(type)}, ${inner(type)}))`
      case 6:
        return depth > 0 ? `(${this.query(depth - 1, type)} )`.replace(/LIMIT \d+ \)$/, 'LIMIT 1)') : null
      case 7:
        return type === 'boolean' ? this.#condition(depth, ranges) : `CAST(${inner(type)} AS ${type})`
      case 8:
        return spelled(this, type, depth, ranges)
      default:
        return random.chance(0.3)
          ? `(${inner(random.pick(['text', 'integer', 'date', 'character varying']))})::${random.pick(['text', 'pair', 'checked', 'positive', type])}::${type}`
          : null
    }
  }

  #condition(depth: number, ranges: readonly Range[]): string {
    const { random } = this
    const one = random.pick(['integer', 'text', 'character varying', 'date', 'mood', 'numeric'])
    const inner = () => this.expression(one, depth, ranges)
    return random.pick([
      () => `(${inner()} IS ${random.pick(['', 'NOT '])}NULL)`,
      () => `(${inner()} IN (${inner()}, ${inner()}))`,
      () => `(${inner()} BETWEEN ${inner()} AND ${inner()})`,
      () => `(${inner()} ${random.pick(['=', '<>', '<', '<=', '>='])} ${inner()})`,
      () => `(${inner()} = ANY (ARRAY[${inner()}, ${inner()}]))`,
      () => `(${inner()} IS DISTINCT FROM ${inner()})`,
      () => `(${this.expression('text', depth, ranges)} LIKE '%a%')`,
      () => `EXISTS (${this.query(depth, 'integer')})`,
      () => `(${this.expression('boolean', depth, ranges)} AND NOT ${this.expression('boolean', depth, ranges)})`,
    ])()
  }

  #with(depth: number): { readonly text: string; readonly range: Range } {
    const alias = this.#alias()
    if (this.random.chance(0.15)) return { text: recursive(this, alias), range: { alias, columns: [{ name: 'c', type: 'integer' }] } }
    const text = this.random.chance(0.12)
      ? `WITH ${alias}(c) AS (${this.random.pick(['DELETE FROM traces RETURNING 1', 'INSERT INTO traces VALUES (now()) RETURNING 1', 'UPDATE people SET ok = true WHERE id = 1 RETURNING id'])})`
      : `WITH ${alias}(c) AS (${this.query(depth - 1, 'integer')})`
    return { text, range: { alias, columns: [{ name: 'c', type: 'integer' }] } }
  }

  #from(depth: number, ranges: Range[]): string {
    const { random, shelf } = this
    const alias = this.#alias()
    const kind = random.below(10)
    if (kind < 2 && depth > 0) {
      const lateral = random.chance(0.4)
      const query = this.query(depth - 1, 'integer')
      ranges.push({ alias, columns: [{ name: 'c', type: 'integer' }] })
      return `${lateral ? 'LATERAL ' : ''}(${query}) AS ${alias}(c)`
    }
    if (kind < 4) {
      const called = random.pick(shelf.reviewed.filter(({ kind: of, set }) => of === 'f' && (set || random.chance(0.1))))
      const call = this.callOf(called, depth, [])
      if (call !== null && called.result !== 'record') {
        ranges.push({ alias, columns: called.set ? [] : [{ name: alias, type: called.result }] })
        return `${call} AS ${alias}`
      }
    }
    if (kind === 4) {
      const { text, range } = rangeOf(this, alias, ranges)
      ranges.push(range)
      return text
    }
    const { name, columns } = this.table()
    ranges.push({ alias, columns })
    return `${name} AS ${alias}`
  }

  #alias(): string {
    return `x${this.#aliases++}`
  }
}
