import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Behind, openBehind } from './support/behind.ts'
import { lacks } from './support/needs.ts'
import { body, isSeen, type Trick } from './support/tricks.ts'

const SAME = `CREATE FUNCTION same(varchar, varchar) RETURNS bool ${body('evil(1) = 1')}; CREATE OPERATOR = (leftarg = varchar, rightarg = varchar, function = same)`
const NOT_SAME = 'DROP OPERATOR = (varchar, varchar); DROP FUNCTION same(varchar, varchar)'

const TRICKS: Readonly<Record<string, Trick>> = {
  'an overload of a built-in function': {
    made: `CREATE FUNCTION lower(varchar) RETURNS text ${body('evil(1)::text')}`,
    undo: 'DROP FUNCTION lower(varchar)',
    text: 'SELECT lower(name) FROM people',
    because: 'lower may be public.lower',
  },
  'an overload that no literal makes the server choose, of a column that does': {
    made: `CREATE FUNCTION upper(mood) RETURNS text ${body('evil(1)::text')}`,
    undo: 'DROP FUNCTION upper(mood)',
    text: 'SELECT upper(mood) FROM people',
    because: 'upper may be public.upper',
  },
  'a stable function that calls a volatile one': {
    made: `CREATE FUNCTION initcap(varchar) RETURNS text STABLE ${body('evil(1)::text')}`,
    undo: 'DROP FUNCTION initcap(varchar)',
    text: 'SELECT initcap(name) FROM people',
    because: 'initcap may be public.initcap',
  },
  'an operator that fits better': { made: SAME, undo: NOT_SAME, text: 'SELECT * FROM people WHERE name = name', because: 'operator =' },
  'an operator that IN uses': { made: SAME, undo: NOT_SAME, text: 'SELECT * FROM people WHERE name IN (SELECT name FROM people)', because: 'operator =' },
  'an operator that CASE uses': { made: SAME, undo: NOT_SAME, text: 'SELECT CASE name WHEN name THEN 1 END FROM people', because: 'operator =' },
  'an operator that USING uses': { made: SAME, undo: NOT_SAME, text: 'SELECT 1 FROM people a JOIN people b USING (name)', because: 'operator =' },
  'an operator of the type of a column': {
    made: `CREATE FUNCTION feels(mood, text) RETURNS bool ${body('evil(1) = 1')}; CREATE OPERATOR = (leftarg = mood, rightarg = text, function = feels)`,
    undo: 'DROP OPERATOR = (mood, text); DROP FUNCTION feels(mood, text)',
    text: "SELECT * FROM people WHERE mood = 'good'::text",
    because: 'operator =',
  },
  'a view that calls a function': {
    made: 'CREATE OR REPLACE VIEW names AS SELECT id, lower(name) AS name FROM people WHERE evil(id) > 0',
    undo: 'CREATE OR REPLACE VIEW names AS SELECT id, lower(name) AS name FROM people',
    text: 'SELECT * FROM names',
    because: 'the view public.names runs public.evil',
  },
  'a view of a view': {
    made: 'CREATE OR REPLACE VIEW names AS SELECT id, name::text FROM (SELECT 1 AS id) x, LATERAL (SELECT evil(id)::text AS name) y; CREATE VIEW all_names AS TABLE names',
    undo: 'DROP VIEW all_names; CREATE OR REPLACE VIEW names AS SELECT id, lower(name) AS name FROM people',
    text: 'SELECT * FROM (SELECT id FROM all_names) x',
    because: 'the view public.names runs public.evil',
  },
  'a view that calls a built-in function which does harm': {
    made: 'CREATE VIEW files AS SELECT pg_ls_dir(name) AS name FROM people',
    undo: 'DROP VIEW files',
    text: 'SELECT * FROM files',
    because: 'the view public.files runs pg_catalog.pg_ls_dir',
  },
  'row security': {
    made: 'CREATE POLICY own ON people USING (evil(id) > 0); ALTER TABLE people ENABLE ROW LEVEL SECURITY',
    undo: 'ALTER TABLE people DISABLE ROW LEVEL SECURITY; DROP POLICY own ON people',
    text: 'SELECT * FROM names',
    because: 'the row security policy own of public.people runs public.evil',
  },
  'a function of a row that is called as if it were a column': {
    made: `CREATE FUNCTION shout(people) RETURNS int ${body('evil($1.id)')}`,
    undo: 'DROP FUNCTION shout(people)',
    text: 'SELECT p.shout FROM people p',
    because: 'p.shout may call public.shout',
  },
  'a cast that the server puts in': {
    made: `CREATE FUNCTION feeling(mood) RETURNS text ${body('evil(1)::text')}; CREATE CAST (mood AS text) WITH FUNCTION feeling(mood) AS IMPLICIT`,
    undo: 'DROP CAST (mood AS text); DROP FUNCTION feeling(mood)',
    text: 'SELECT lower(mood) FROM people',
    because: 'the cast mood AS text',
  },
  'a cast between types that are built in': {
    made: `CREATE FUNCTION words(int) RETURNS text ${body('evil(1)::text')}; CREATE CAST (int AS text) WITH FUNCTION words(int) AS IMPLICIT`,
    undo: 'DROP CAST (int AS text); DROP FUNCTION words(int)',
    text: 'SELECT lower(id) FROM people',
    because: 'the cast integer AS text',
  },
  'a domain whose condition calls a function': {
    made: `CREATE FUNCTION fine(text) RETURNS bool ${body('evil(1) = 1')}; CREATE DOMAIN word AS text CHECK (fine(value)); ALTER TABLE people ADD COLUMN nick word`,
    undo: 'ALTER TABLE people DROP COLUMN nick; DROP DOMAIN word; DROP FUNCTION fine(text)',
    text: `SELECT jsonb_populate_record(p, '{"nick": "x"}') FROM people p`,
    because: 'the domain public.word, whose conditions run public.fine',
  },
  'a foreign table': {
    made: 'CREATE FOREIGN DATA WRAPPER far; CREATE SERVER far FOREIGN DATA WRAPPER far; CREATE FOREIGN TABLE far (id int) SERVER far',
    undo: 'DROP FOREIGN DATA WRAPPER far CASCADE',
    text: 'SELECT id FROM far',
    because: 'the rows of public.far are elsewhere',
  },
  'a child that is a foreign table': {
    made: 'CREATE FOREIGN DATA WRAPPER far; CREATE SERVER far FOREIGN DATA WRAPPER far; CREATE FOREIGN TABLE far () INHERITS (people) SERVER far',
    undo: 'DROP FOREIGN DATA WRAPPER far CASCADE',
    text: 'SELECT * FROM names',
    because: 'the rows of public.far are elsewhere',
  },
  'a built-in function that a superuser replaced': {
    made: 'CREATE OR REPLACE FUNCTION pg_catalog.lower(text) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT $1 $$',
    undo: 'CREATE OR REPLACE FUNCTION pg_catalog.lower(text) RETURNS text LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS $$lower$$',
    text: 'SELECT lower(name) FROM people',
    because: 'lower may be pg_catalog.lower',
  },
  'a function that a superuser put among the built-in ones': {
    made: `SET allow_system_table_mods = on; CREATE FUNCTION pg_catalog.md5(varchar) RETURNS text ${body('public.evil(1)::text')}; RESET allow_system_table_mods`,
    undo: 'DROP FUNCTION pg_catalog.md5(varchar)',
    text: 'SELECT pg_catalog.md5(name) FROM people',
    because: 'pg_catalog.md5 may be pg_catalog.md5',
  },
}

describe.skipIf(lacks('pgbench')).each([15, 18] as const)('what PostgreSQL %i runs where a read is written', (version) => {
  let behind: Behind

  beforeAll(async () => {
    behind = await openBehind({ version })
  })

  afterAll(() => behind?.close())

  it.each(Object.entries(TRICKS))('is seen: %s', async (_, trick) => {
    await expect(isSeen(behind, trick)).resolves.toBeUndefined()
  })

  it('is no more than a read where nothing of it can be chosen', async () => {
    const { direct, connect, outcome } = behind
    await direct(`CREATE FUNCTION lower(mood) RETURNS text ${body('evil(1)::text')}; CREATE TABLE plain (id int, name varchar)`)
    const client = await connect()
    expect(await outcome(client, "SELECT lower(name), lower('X') FROM plain WHERE id = 1")).toBe('runs')
    expect(await outcome(client, 'SELECT p.name FROM plain p')).toBe('runs')
    await direct('DROP FUNCTION lower(mood); DROP TABLE plain')
  })

  it('is a column where there is one of that name', async () => {
    const { direct, connect, outcome } = behind
    await direct(`CREATE FUNCTION name(people) RETURNS int ${body('evil(1)')}`)
    const client = await connect()
    expect(await outcome(client, 'SELECT p.name FROM people p')).toBe('runs')
    expect(await outcome(client, 'SELECT p.name FROM people AS p(a, b, c)')).toContain('p.name may call public.name')
    expect(await outcome(client, 'SELECT p.name FROM (SELECT people FROM people) AS x(p)')).toContain('p.name may call public.name')
    await direct('DROP FUNCTION name(people)')
  })

  it('is a write where a view takes a number from a sequence or locks rows', async () => {
    const { direct, connect, outcome } = behind
    await direct("CREATE VIEW next AS SELECT nextval('runs'); CREATE VIEW locked AS SELECT * FROM people FOR UPDATE")
    const client = await connect()
    expect(await outcome(client, 'SELECT * FROM next')).toContain('sql:write on db')
    expect(await outcome(client, 'SELECT * FROM locked')).toContain('sql:write on db')
    await direct('DROP VIEW next, locked')
  })
})
