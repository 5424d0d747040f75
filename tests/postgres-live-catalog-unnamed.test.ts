import { bind, execute, parse, sync } from '@countersign/wire/postgres/encode'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Behind, openBehind } from './support/behind.ts'
import { lacks } from './support/needs.ts'
import { body, isSeen, type Trick } from './support/tricks.ts'
import { RawClient } from './support/wire.ts'

const WORD = `CREATE FUNCTION fine(text) RETURNS bool ${body('evil(1) = 1')}; CREATE DOMAIN word AS text CHECK (fine(value))`
const NO_WORD = 'DROP DOMAIN word CASCADE; DROP FUNCTION fine(text)'
/** Compares, and calls `evil` on the way. */
const compare = (name: string, type: string, result: string, by: string) =>
  `CREATE FUNCTION ${name}(a ${type}, b ${type}) RETURNS ${result} IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN PERFORM public.evil(1); RETURN ${by}; END $$`

const PURE = `CREATE FUNCTION pure(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN PERFORM public.evil(1); RETURN $1; END $$`
const planned = (made: string, undo = '', text = 'SELECT * FROM planned WHERE id = 1 AND other = 1'): Trick => ({
  made: `${PURE}; CREATE TABLE planned (id int, other int); ${made}`,
  undo: `DROP TABLE planned CASCADE; ${undo} DROP FUNCTION pure(int)`,
  text,
  because: 'runs public.pure',
})

const TRICKS: Readonly<Record<string, Trick>> = {
  'a range whose lengths the planner asks for, in a multirange': {
    made: `${compare('apart', 'int', 'float8', 'a - b')}; CREATE TYPE span AS RANGE (subtype = int, subtype_diff = apart, multirange_type_name = manyspans);
      CREATE TABLE spans (s manyspans); INSERT INTO spans SELECT manyspans(span(n, n + n % 7 + 1)) FROM generate_series(1, 200) n; ANALYZE spans; CREATE VIEW long AS SELECT 1 AS one FROM spans WHERE s && '{[3,5]}'`,
    undo: 'DROP VIEW long; DROP TABLE spans; DROP TYPE span; DROP FUNCTION apart(int, int)',
    text: 'SELECT * FROM long',
    because: 'the type public.span',
  },
  'a range whose bounds are compared in an order of its own': {
    made: `${compare('cmp', 'int', 'int', 'a - b')};
      CREATE OPERATOR CLASS odd_ops FOR TYPE int USING btree AS OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 cmp(int, int);
      CREATE TYPE span AS RANGE (subtype = int, subtype_opclass = odd_ops);
      CREATE TABLE spans (s span); INSERT INTO spans VALUES ('[1,3]'), ('[2,3]'); CREATE VIEW different AS SELECT count(DISTINCT s) FROM spans`,
    undo: 'DROP VIEW different; DROP TABLE spans; DROP TYPE span; DROP OPERATOR FAMILY odd_ops USING btree CASCADE; DROP FUNCTION cmp(int, int)',
    text: 'SELECT * FROM different',
    because: 'public.',
  },
  'a domain in the rows of a table that are values in another': {
    made: `${WORD}; CREATE TABLE within (w word); CREATE TABLE around (w within); INSERT INTO around VALUES (NULL)`,
    undo: `DROP TABLE around, within; ${NO_WORD}`,
    text: `SELECT jsonb_populate_record(a, '{"w": {"w": "x"}}') FROM around a`,
    because: 'the domain public.word, whose conditions run public.fine',
  },
  'a domain that is only in the list of columns of a function that a view calls': {
    made: `${WORD}; CREATE VIEW listed AS SELECT 1 AS one FROM json_to_record('{"w": "x"}') AS x (w word)`,
    undo: `DROP VIEW listed; ${NO_WORD}`,
    text: 'SELECT * FROM listed',
    because: 'the domain public.word, whose conditions run public.fine',
  },
  'the operator by which a type is grouped, whose order is built in': {
    made: `${compare('same', 'mood', 'bool', 'enum_cmp(a, b) = 0')}; CREATE OPERATOR === (leftarg = mood, rightarg = mood, function = same, hashes, merges);
      CREATE OPERATOR CLASS mood_ops DEFAULT FOR TYPE mood USING btree AS OPERATOR 1 < (anyenum, anyenum), OPERATOR 3 ===, OPERATOR 5 > (anyenum, anyenum),
        FUNCTION 1 (mood, mood) enum_cmp(anyenum, anyenum);
      CREATE OPERATOR CLASS mood_hash DEFAULT FOR TYPE mood USING hash AS OPERATOR 1 ===, FUNCTION 1 (mood, mood) hashenum(anyenum)`,
    undo: 'DROP OPERATOR FAMILY mood_hash USING hash CASCADE; DROP OPERATOR FAMILY mood_ops USING btree CASCADE; DROP OPERATOR === (mood, mood); DROP FUNCTION same(mood, mood)',
    text: 'SELECT DISTINCT mood FROM (SELECT mood FROM people UNION ALL SELECT mood FROM people) x',
    because: 'the operator class public.mood_',
  },
  'the order of a type that a view sorts by and does not show': {
    made: `${compare('cmp', 'mood', 'int', 'enum_cmp(a, b)')};
      CREATE OPERATOR CLASS mood_ops DEFAULT FOR TYPE mood USING btree AS OPERATOR 1 < (anyenum, anyenum), OPERATOR 3 = (anyenum, anyenum),
        OPERATOR 5 > (anyenum, anyenum), FUNCTION 1 (mood, mood) cmp(mood, mood); CREATE VIEW sorted AS SELECT count(ARRAY[mood] < ARRAY[mood]) FROM people`,
    undo: 'DROP VIEW sorted; DROP OPERATOR FAMILY mood_ops USING btree CASCADE; DROP FUNCTION cmp(mood, mood)',
    text: 'SELECT * FROM sorted',
    because: 'the operator class public.mood_ops',
  },
  'an index in an order of its own': {
    made: `${compare('cmp', 'int', 'int', 'a - b')};
      CREATE OPERATOR CLASS odd_ops FOR TYPE int USING btree AS OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 cmp(int, int);
      CREATE TABLE odd (id int); INSERT INTO odd SELECT generate_series(1, 5000); CREATE INDEX ON odd (id odd_ops); ANALYZE odd`,
    undo: 'DROP TABLE odd; DROP OPERATOR FAMILY odd_ops USING btree CASCADE; DROP FUNCTION cmp(int, int)',
    text: 'SELECT * FROM odd WHERE id = 1',
    because: 'public.odd_ops',
  },
  'a member that was added to a built-in family of operators': {
    made: `CREATE FUNCTION near(int, int, float8, bool, bool) RETURNS bool IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN PERFORM public.evil(1); RETURN true; END $$;
      ALTER OPERATOR FAMILY integer_ops USING btree ADD FUNCTION 3 (int, float8) near(int, int, float8, bool, bool)`,
    undo: 'ALTER OPERATOR FAMILY integer_ops USING btree DROP FUNCTION 3 (int, float8); DROP FUNCTION near(int, int, float8, bool, bool)',
    text: 'SELECT sum(id) OVER (ORDER BY id RANGE 1.5::float8 PRECEDING) FROM people',
    because: 'integer_ops',
  },
  'the condition of an index, which planning works out': planned('CREATE INDEX ON planned (id) WHERE pure(abs(1)) = 1'),
  'the expression of an index': planned('CREATE INDEX ON planned ((id + pure(1)))'),
  'the body of a function in an index, which planning puts in its place': {
    ...planned(
      'CREATE FUNCTION wrap(int) RETURNS int IMMUTABLE LANGUAGE sql AS $$ SELECT $1 + public.pure(1) $$; CREATE INDEX ON planned ((wrap(id)))',
      'DROP FUNCTION wrap(int);',
    ),
    because: 'runs public.wrap',
  },
  'statistics of an expression': planned('CREATE STATISTICS guess ON (id + pure(1)) FROM planned'),
  'a check of a child': planned('CREATE TABLE child (CHECK (id > pure(0))) INHERITS (planned)'),
  'the key of partitions': planned(
    'DROP TABLE planned; CREATE TABLE planned (id int, other int) PARTITION BY RANGE ((id + pure(1))); CREATE TABLE part PARTITION OF planned FOR VALUES FROM (0) TO (9)',
  ),
  'a default, when a change is explained': planned('ALTER TABLE planned ALTER other SET DEFAULT pure(1)', '', 'EXPLAIN INSERT INTO planned (id) VALUES (1)'),
  'a default of a table below a view': planned(
    'ALTER TABLE planned ALTER other SET DEFAULT pure(1); CREATE VIEW above AS SELECT * FROM planned',
    '',
    'EXPLAIN INSERT INTO above (id) VALUES (1)',
  ),
  'a rule, when a change is explained': {
    ...planned('CREATE RULE more AS ON INSERT TO planned DO ALSO SELECT pure(1)', '', 'EXPLAIN INSERT INTO planned (id) VALUES (1)'),
    because: 'the rules of public.planned',
  },
  'a default of a built-in function that a superuser added': {
    made: `SET allow_system_table_mods = on; CREATE OR REPLACE FUNCTION pg_catalog.repeat(text, int DEFAULT public.evil(1)) RETURNS text LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS $$repeat$$`,
    undo: `UPDATE pg_proc SET pronargdefaults = 0, proargdefaults = NULL WHERE proname = 'repeat'; RESET allow_system_table_mods`,
    text: "SELECT repeat('x')",
    because: 'repeat may be pg_catalog.repeat',
  },
}

const OF_18: Readonly<Record<string, Trick>> = {
  'a domain that only JSON_VALUE gives': {
    made: `${WORD}; CREATE VIEW jsons AS SELECT JSON_VALUE(jsonb '"x"', '$' RETURNING word) IS NULL AS is`,
    undo: `DROP VIEW jsons; ${NO_WORD}`,
    text: 'SELECT * FROM jsons',
    because: 'the domain public.word, whose conditions run public.fine',
  },
}

describe.skipIf(lacks('pgbench')).each([15, 18] as const)('what PostgreSQL %i runs that is written nowhere in a read', (version) => {
  let behind: Behind

  beforeAll(async () => {
    behind = await openBehind({ version })
  })

  afterAll(() => behind?.close())

  it.each(Object.entries({ ...TRICKS, ...(version === 18 ? OF_18 : {}) }))('is seen: %s', async (_, trick) => {
    await expect(isSeen(behind, trick, 'and runs')).resolves.toBeUndefined()
  })

  it('is seen: a parameter of a type whose conditions run something, that a client declares', async () => {
    const { stage, direct, connect, outcome } = behind
    await direct(`${WORD}; CREATE TABLE within (w word)`)
    const client = await connect()
    const raw = await RawClient.login(stage.gateway.postgres, stage.alice)
    const { rows } = await client.query<{ type: number }>(
      "SELECT reltype::int AS type FROM pg_class WHERE relname = 'within' UNION ALL SELECT oid::int FROM pg_type WHERE typname = 'word'",
    )
    const runs = await stage.runs()
    for (const { type } of rows) {
      const bound = bind({ portal: '', statement: '', formats: [], values: [Buffer.from('(x)')], resultFormats: [] })
      expect((await raw.ask(parse('', 'SELECT $1 IS NULL', [type]), bound, execute(''), sync())).join()).toMatch(/error 42501 .*sql:unknown/)
    }
    for (const type of ['word', 'within', 'public.word[]']) {
      expect(await outcome(client, `PREPARE p (${type}) AS SELECT $1 IS NULL`)).toMatch(/sql:unknown on db/)
    }
    expect(await stage.runs()).toBe(runs)
    raw.close()
    await client.end()
    await direct(`DROP TABLE within; ${NO_WORD}`)
  })

  it('is no more than a read where planning works nothing out', async () => {
    const { stage, direct, connect, outcome } = behind
    await direct(`${PURE}; CREATE TABLE planned (id int, other int DEFAULT pure(1)); CREATE INDEX ON planned (pure(id)) WHERE pure(other) > 0`)
    const runs = await stage.runs()
    const client = await connect()
    expect(await outcome(client, 'SELECT * FROM planned WHERE id = 1')).toBe('runs')
    expect(await outcome(client, 'EXPLAIN DELETE FROM people WHERE id = 1')).toBe('runs')
    expect(await stage.runs()).toBe(runs)
    await direct('DROP TABLE planned; DROP FUNCTION pure(int)')
  })
})
