import type { Maker, Range } from './grammar.ts'

/** What a FROM clause may say beside a table: what it is read by, and what functions run for it. */
export function rangeOf(make: Maker, alias: string, ranges: readonly Range[]): { readonly text: string; readonly range: Range } {
  const { random } = make
  const { name, columns } = make.table()
  const integer = (column: string): Range => ({ alias, columns: [{ name: column, type: 'integer' }] })
  const set = () => make.callOf(random.pick(make.shelf.reviewed.filter((each) => each.kind === 'f' && each.set)), 1, []) ?? 'generate_series(1, 3)'
  return random.pick([
    () => ({
      text: `${name} AS ${alias} TABLESAMPLE ${random.pick(['SYSTEM', 'BERNOULLI'])} (${make.expression('integer', 1, [])}) REPEATABLE (1)`,
      range: { alias, columns },
    }),
    () => ({ text: `ONLY ${name} AS ${alias}`, range: { alias, columns } }),
    () => ({
      text: `ROWS FROM (${set()}, generate_series(1, 2)) WITH ORDINALITY AS ${alias}`,
      range: { alias, columns: [{ name: 'ordinality', type: 'bigint' }] },
    }),
    () => ({ text: `(VALUES (${make.expression('integer', 1, [])}), (2)) AS ${alias}(c)`, range: integer('c') }),
    () => ({
      text: `xmltable('/a/b' PASSING xml ${make.expression('xml', 0, []).replace(/::xml$/, '')} COLUMNS c int PATH '.', d text DEFAULT ${make.expression('text', 1, [])}) AS ${alias}`,
      range: integer('c'),
    }),
    () => ({ text: `LATERAL (SELECT ${make.expression('integer', 1, ranges)} OFFSET 0) AS ${alias}(c)`, range: integer('c') }),
    () => ({
      text: `jsonb_to_recordset('[{"c": 1}]') AS ${alias}(c ${random.pick(['int', 'checked', 'positive', 'date', 'pair'])}, d text)`,
      range: integer('d'),
    }),
  ])()
}

/** How two ranges are joined: USING and NATURAL compare by an operator that nobody has written. */
export function joined(make: Maker, from: readonly string[], ranges: readonly Range[]): string {
  const { random } = make
  const [left, right] = from
  if (from.length !== 2 || !left || !right || !random.chance(0.35)) return from.join(random.chance(0.7) ? ', ' : ' CROSS JOIN ')
  const [first, second] = ranges
  const common = first?.columns.filter(({ name }) => second?.columns.some((each) => each.name === name)).map(({ name }) => name) ?? []
  const kind = random.pick(['', 'LEFT ', 'RIGHT ', 'FULL ', 'INNER '])
  if (random.chance(0.1)) return `${left} NATURAL ${kind}JOIN ${right}`
  if (common.length > 0 && random.chance(0.7)) return `${left} ${kind}JOIN ${right} USING (${random.pick(common)})`
  return `${left} ${kind}JOIN ${right} ON ${make.expression('boolean', 1, ranges)}`
}

/** What may stand behind WHERE, for a query with as many targets: each sorts, groups or compares without saying by what. */
export function behind(make: Maker, targets: number, ranges: readonly Range[]): string {
  const { random } = make
  const all = Array.from({ length: targets }, (_, index) => index + 1).join(', ')
  return random.pick([
    () => `GROUP BY ${all}`,
    () => `GROUP BY ROLLUP (${all}) HAVING ${make.expression('boolean', 1, [])}`,
    () => `ORDER BY ${make.expression('integer', 1, ranges)} USING ${random.pick(['<', '>', '<='])}`,
    () => `ORDER BY 1 DESC NULLS FIRST OFFSET ${make.expression('integer', 1, [])}`,
    () => `ORDER BY ${make.expression('text', 1, ranges)} COLLATE "C" FETCH FIRST 3 ROWS WITH TIES`,
    () =>
      `WINDOW w AS (PARTITION BY ${make.expression('text', 1, ranges)} ORDER BY ${make.expression('integer', 1, ranges)} RANGE BETWEEN 1 PRECEDING AND CURRENT ROW)`,
  ])()
}

/** A query that reads what it has made itself. */
export function recursive(make: Maker, alias: string): string {
  const step = make.random.chance(0.5) ? `${alias}.c + 1` : make.expression('integer', 1, [{ alias, columns: [{ name: 'c', type: 'integer' }] }])
  const more = make.random.pick(['', '', ` SEARCH BREADTH FIRST BY c SET o`, ` CYCLE c SET again USING way`])
  return `WITH RECURSIVE ${alias}(c) AS (SELECT ${make.expression('integer', 1, [])} UNION ALL SELECT ${step} FROM ${alias} WHERE ${alias}.c < 3)${more}`
}

/** Ways to write an expression of a type that are neither a call nor an operator, and run a function all the same. */
export function spelled(make: Maker, type: string, depth: number, ranges: readonly Range[]): string | null {
  const { random } = make
  const inner = (of: string) => make.expression(of, depth, ranges)
  const any = () => inner(random.pick(['integer', 'text', 'character varying', 'date', 'mood']))
  const of: Readonly<Record<string, readonly (() => string)[]>> = {
    boolean: [
      () => `(${any()} BETWEEN SYMMETRIC ${any()} AND ${any()})`,
      () =>
        `(ROW(${inner('integer')}, ${inner('character varying')}) ${random.pick(['<', '<=', '=', 'IS DISTINCT FROM'])} ROW(${inner('integer')}, ${inner('character varying')}))`,
      () => `(${inner('mood')} IN (${make.query(depth, random.pick(['text', 'mood']))}))`,
      () => `(${inner('integer')} ${random.pick(['=', '<', '<='])} ${random.pick(['ANY', 'ALL'])} (${make.query(depth, 'integer')}))`,
      () => `(${inner('text')} ${random.pick(['SIMILAR TO', 'NOT ILIKE', '~', '!~*'])} 'a.*')`,
      () => `(${inner('text')} LIKE 'a!%' ESCAPE '!')`,
      () => `((${inner('date')}, ${inner('date')}) OVERLAPS (${inner('date')}, interval '1 day'))`,
      () => `(${inner('text')} IS NFC NORMALIZED)`,
      () => `(xml '<a/>' IS DOCUMENT)`,
    ],
    text: [
      () => `(${inner('text')} COLLATE "C")`,
      () => `substring(${inner('text')} FROM 1 FOR 2)`,
      () => `overlay(${inner('text')} PLACING 'x' FROM 1)`,
      () => `trim(BOTH 'a' FROM ${inner('text')})`,
      () => `xmlserialize(CONTENT xmlelement(NAME a, xmlattributes(${any()} AS b), ${any()}) AS text)`,
      () => `string_agg(${inner('text')}, ',' ORDER BY ${any()})`,
      () => `concat_ws(',', VARIADIC ARRAY[${inner('text')}, 'x'])`,
      () => `(ARRAY[${inner('text')}, 'x'])[${inner('integer')}]`,
      () => random.pick(['CURRENT_USER', 'SESSION_USER', 'CURRENT_CATALOG', 'CURRENT_SCHEMA']).concat('::text'),
      () => `GREATEST(${inner('text')}, ${inner('text')})`,
    ],
    integer: [
      () => `extract(year FROM ${inner('date')})::int`,
      () => `position(${inner('text')} IN ${inner('text')})`,
      () => `CASE ${inner('mood')} WHEN ${inner(random.pick(['text', 'mood']))} THEN 1 ELSE 2 END`,
      () => `count(DISTINCT ${any()})::int`,
      () => `(percentile_disc(0.5) WITHIN GROUP (ORDER BY ${inner('integer')}))`,
      () => `(ARRAY[1, 2, 3])[${inner('integer')}:2][1]`,
      () => `extract(day FROM make_interval(days => ${inner('integer')}))::int`,
      () => `cardinality(ARRAY(${make.query(depth, random.pick(['integer', 'text']))}))`,
      () => `LEAST(${inner('integer')}, ${inner('integer')})`,
      () => `(row_number() OVER (PARTITION BY ${any()} ORDER BY ${any()}))::int`,
    ],
    date: [() => 'CURRENT_DATE', () => `(${inner('date')} + ${inner('integer')})`, () => `(now() AT TIME ZONE ${inner('text')})::date`],
  }
  const ways = of[type]
  return ways ? random.pick(ways)() : null
}
