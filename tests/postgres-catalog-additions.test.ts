import fc from 'fast-check'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Ask, Known } from '../packages/gateway/src/adapters/postgres/catalog/known.ts'
import { Trust } from '../packages/gateway/src/adapters/postgres/catalog/trust.ts'
import { classify, loadGrammar } from '../packages/gateway/src/adapters/postgres/classify.ts'
import { READING_FUNCTIONS } from '../packages/gateway/src/adapters/postgres/classify/functions.ts'
import { meant, usesOf } from '../packages/gateway/src/adapters/postgres/readable.ts'
import { statement } from './support/differential/grammar.ts'
import { SEED } from './support/differential/seed.ts'
import { readShelf } from './support/differential/shelf.ts'
import { type PostgresServer, startPostgres } from './support/postgres.ts'

const STATEMENTS = 120
/** `RUNS=1000` looks for longer. */
const RUNS = Number(process.env['RUNS'] ?? 25)
const PATH = ['pg_catalog', 'public']
/** What runs unheld wherever reads do comes first; nothing that is added may bring a statement further to the left. */
const WIDTHS = ['sql:session', 'sql:read', 'sql:write', 'sql:ddl', 'sql:admin', 'sql:unknown']

/** Statements that have often been misread, beside those from the grammar. */
const WRITTEN = [
  'SELECT lower(name) FROM people',
  "SELECT * FROM people WHERE name <= 'x'",
  "SELECT * FROM moody WHERE mood = 'good'",
  'SELECT p.harm FROM people p',
  'SELECT (p).cancel FROM people p',
  'SELECT * FROM harmful',
  'SELECT n FROM next_number',
  'SELECT id::checked FROM people',
  'SELECT count(*), sum(total) FROM orders GROUP BY person ORDER BY 1',
  "SELECT '2026-01-01'::date, 'x'::text || 1, ARRAY[1, 2] || 3",
  'SELECT plain(1)',
  'DELETE FROM orders WHERE id IN (1, 2)',
]

const schema = fc.constantFrom('public', 'extra')
const type = fc.constantFrom('integer', 'text', 'varchar', 'date', 'numeric', 'boolean', 'jsonb', 'anyelement', 'anyarray', 'mood', 'pair', 'people', 'checked')
const name = fc.constantFrom('lower', 'upper', 'length', 'now', 'sum', 'abs', 'to_char', 'harm', 'cancel', 'plain', 'name', 'id', 'int4pl', 'date', 'fresh')
const operator = fc.constantFrom('=', '<>', '<', '<=', '+', '||', '~~', '->', '&&', '@@@')
const body = "LANGUAGE plpgsql AS $$ BEGIN PERFORM nextval('public.counter'); RETURN NULL; END $$"

/** Objects that somebody may make, and that take no relation's name. */
const objects = fc.oneof(
  fc
    .record({ schema, name, types: fc.array(type, { maxLength: 3 }), tail: fc.constantFrom('', ' DEFAULT NULL', 'VARIADIC '), result: type })
    .map(({ schema: of, name: called, types, tail, result }) => {
      const last = types.length - 1
      const args = types.map((each, index) => (index < last || tail === '' ? each : tail === 'VARIADIC ' ? `VARIADIC ${each}[]` : each + tail))
      return `CREATE FUNCTION ${of}."${called}"(${args.join(', ')}) RETURNS ${result.startsWith('any') ? 'text' : result} ${body}`
    }),
  fc
    .record({ schema, name, type })
    .map(({ schema: of, name: called, type: one }) => `CREATE AGGREGATE ${of}."${called}"(${one}) (SFUNC = array_append, STYPE = ${one}[])`),
  fc
    .record({ schema, operator, left: type, right: type })
    .map(
      ({ schema: of, operator: called, left, right }) =>
        `CREATE FUNCTION ${of}.acts(${left}, ${right}) RETURNS boolean ${body}; CREATE OPERATOR ${of}.${called} (leftarg = ${left}, rightarg = ${right}, function = ${of}.acts)`,
    ),
  fc
    .record({ source: type, target: type, context: fc.constantFrom('', ' AS ASSIGNMENT', ' AS IMPLICIT'), inout: fc.boolean() })
    .map(({ source, target, context, inout }) =>
      inout
        ? `CREATE CAST (${source} AS ${target}) WITH INOUT${context}`
        : `CREATE FUNCTION turns(${source}) RETURNS ${target} ${body}; CREATE CAST (${source} AS ${target}) WITH FUNCTION turns(${source})${context}`,
    ),
  fc
    .record({
      schema,
      name: fc.constantFrom('fresh', 'text', 'date', 'int4', 'lower'),
      of: fc.constantFrom('integer', 'text', 'varchar'),
      check: fc.constantFrom('', ' CHECK (harm(VALUE) > 0)'),
    })
    .map(({ schema: where, name: called, of, check }) => `CREATE DOMAIN ${where}."${called}" AS ${of}${check}`),
  fc
    .record({
      schema,
      name: fc.constantFrom('fresh', 'text', 'date', 'interval'),
      as: fc.constantFrom("ENUM ('a')", '(x int, y people)', 'RANGE (subtype = varchar)'),
    })
    .map(({ schema: where, name: called, as }) => `CREATE TYPE ${where}."${called}" AS ${as}`),
  fc
    .record({ schema, name: fc.constantFrom('C', 'fresh', 'default') })
    .map(({ schema: where, name: called }) => `CREATE COLLATION ${where}."${called}" (locale = 'C')`),
  fc
    .record({ schema, as: fc.constantFrom('SELECT * FROM people', 'SELECT harm(1) AS h', 'SELECT lower(name) AS n FROM people') })
    .map(({ schema: where, as }) => `CREATE VIEW ${where}.fresh AS ${as}`),
  schema.map((where) => `CREATE TABLE ${where}.fresh (id int, harm int, cancel text)`),
)

/** Where a session looks names up, once somebody has put one more schema there. */
const paths = fc.constantFrom(PATH, ['pg_catalog', 'extra', 'public'], ['pg_catalog', 'public', 'extra'], ['extra', 'pg_catalog', 'public'])

/** A string may hold words that name nothing: `'DELETE FROM people'`. */
const withoutStrings = (text: string) => text.replaceAll(/'(?:[^']|'')*'/g, "''")

describe.each([15, 18] as const)('on PostgreSQL %i, whatever somebody adds to a database', (version) => {
  let server: PostgresServer
  let client: pg.Client
  let texts: readonly string[]
  let before: readonly number[]

  /** As the server answers inside the transaction that is open. */
  const ask: Ask = async (text, parameters) => {
    const values = parameters.map(({ value }) => value)
    return (await client.query<(string | null)[]>({ text, values, rowMode: 'array' })).rows
  }

  /** What each statement is to a session that looks names up there, as its place in WIDTHS. */
  async function widths(path: readonly string[], only = texts): Promise<readonly number[]> {
    const known = await Known.load(ask, new Trust([], []))
    const found: number[] = []
    for (const text of only) {
      const classified = classify(text, { trusted: [] })
      for (const uses of usesOf(classified)) if (!known.covers(uses, path)) await known.learn(ask, uses, path)
      found.push(WIDTHS.indexOf(meant(classified, (uses) => known.judge(uses, path, [])).type))
    }
    return found
  }

  /** The objects that could be made, each behind a savepoint; all of it is undone. */
  async function having<T>(creates: readonly string[], look: (made: number) => Promise<T>): Promise<T> {
    await client.query('BEGIN')
    try {
      let made = 0
      for (const sql of creates) {
        await client.query('SAVEPOINT one')
        made += await client.query(sql).then(
          () => 1,
          async () => 0 * Number((await client.query('ROLLBACK TO one')).rowCount),
        )
      }
      return await look(made)
    } finally {
      await client.query('ROLLBACK')
    }
  }

  beforeAll(async () => {
    await loadGrammar()
    server = await startPostgres({ version })
    client = new pg.Client(server.url('postgres'))
    await client.connect()
    await client.query(`${SEED}; CREATE SCHEMA extra`)
    const shelf = await readShelf(client, (bare) => READING_FUNCTIONS.has(bare))
    texts = [...WRITTEN, ...Array.from({ length: STATEMENTS }, (_, index) => statement(20261125, index, shelf, 1))]
    before = await widths(PATH)
  })

  afterAll(async () => {
    await client?.end()
    await server?.stop()
  })

  it('no statement becomes narrower than it was', { timeout: 60_000 + RUNS * 2_000 }, async () => {
    let made = 0
    let widened = 0
    await fc.assert(
      fc.asyncProperty(fc.array(objects, { minLength: 1, maxLength: 4 }), paths, async (creates, path) => {
        const after = await having(creates, (count) => {
          made += count
          return widths(path)
        })
        const narrower = texts.filter((_, index) => (after[index] ?? 0) < (before[index] ?? 0))
        widened += after.filter((width, index) => width > (before[index] ?? 0)).length
        expect(narrower).toEqual([])
      }),
      { numRuns: RUNS },
    )
    expect(made).toBeGreaterThan(RUNS / 2) // or it would say little
    expect(widened).toBeGreaterThan(0)
  })

  it('a relation that takes the place of another makes a statement what reading it is, and no narrower than its words', { timeout: 60_000 }, async () => {
    const relations = fc.constantFrom('people', 'orders', 'moody', 'harmful', 'harmless', 'secured', 'parted', 'next_number', 'pg_class')
    const kinds = fc.constantFrom('TABLE # (id int, name varchar, harm int)', 'VIEW # AS SELECT id, harm(id) AS name FROM public.people')
    const front = ['extra', 'pg_catalog', 'public']
    await fc.assert(
      fc.asyncProperty(relations, kinds, async (relation, kind) => {
        const naming = texts.filter((text) => new RegExp(`\\b(FROM|TABLE|,|JOIN) ${relation}\\b`).test(withoutStrings(text)))
        const after = await having([`CREATE ${kind.replace('#', `extra.${relation}`)}`], () => widths(front, naming))
        const isView = kind.startsWith('VIEW')
        const narrower = naming.filter((text, index) => {
          const width = after[index] ?? -1
          return width < WIDTHS.indexOf(classify(text, { trusted: [] }).type) || (isView && width <= WIDTHS.indexOf('sql:read'))
        })
        expect(narrower).toEqual([])
      }),
      { numRuns: 12 },
    )
  })
})
