import { bind, execute, parse, query, sync } from '@countersign/wire/postgres/encode'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Behind, openBehind } from './support/behind.ts'
import { lacks } from './support/needs.ts'
import { RawClient } from './support/wire.ts'

const EVIL = 'LANGUAGE sql AS $$ SELECT evil(1)::text $$'
const LOWER = 'SELECT lower(name) FROM people'
/** So long may what was read of a catalog be old. */
const WINDOW_MS = 1_000

const SEED = `
  CREATE SCHEMA app;
  CREATE FUNCTION app.lower(varchar) RETURNS text ${EVIL};
  CREATE TABLE app.people (id int, name varchar);
  CREATE FUNCTION order_total(int) RETURNS int LANGUAGE sql AS $$ SELECT $1 * 2 $$;
  CREATE VIEW totals AS SELECT id, order_total(id) AS total FROM orders;
  CREATE FUNCTION initcap(varchar) RETURNS text LANGUAGE sql AS $$ SELECT $1 $$;
  CREATE EXTENSION citext;
  CREATE TABLE tags (id int, tag citext);
  CREATE ROLE blind LOGIN PASSWORD 'blind';
  CREATE ROLE other IN ROLE pg_read_all_data;
  CREATE SCHEMA other AUTHORIZATION other;
  CREATE FUNCTION other.lower(varchar) RETURNS text ${EVIL};
  GRANT USAGE ON SCHEMA other TO PUBLIC;
`

describe.skipIf(lacks('pgbench')).each([15, 18] as const)('what a name means in a session on PostgreSQL %i', (version) => {
  let behind: Behind

  beforeAll(async () => {
    const resources = {
      db: {},
      eager: { catalog: { maxAge: '0s' } },
      trusting: { functions: { trusted: ['public.order_total', 'public.initcap'], extensions: ['citext'] } },
    }
    behind = await openBehind({ version, seed: SEED, resources })
  })

  afterAll(() => behind?.close())

  it('is looked up again after a second, though nobody told the gateway', async () => {
    const { stage, direct, connect, outcome } = behind
    const client = await connect()
    expect(await outcome(client, LOWER)).toBe('runs')
    await direct(`CREATE FUNCTION lower(varchar) RETURNS text ${EVIL}`)
    await new Promise((resolve) => setTimeout(resolve, WINDOW_MS + 50))
    const runs = await stage.runs()
    expect(await outcome(client, LOWER)).toContain('sql:unknown on db (lower may be public.lower')
    expect(await stage.runs()).toBe(runs)
    await direct('DROP FUNCTION lower(varchar)')
  })

  it('is looked up over another connection, when the one for that was lost', async () => {
    const { stage, connect, outcome } = behind
    const client = await connect()
    expect(await outcome(client, LOWER)).toBe('runs')
    const lost = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'countersign:catalog'"
    expect(await stage.ask(lost)).toContain(true)
    await new Promise((resolve) => setTimeout(resolve, WINDOW_MS + 50))
    expect(await outcome(client, LOWER)).toBe('runs')
  })

  it('is looked up in an open transaction without anything left of it in the settings of the session', async () => {
    const { connect, outcome } = behind
    const client = await connect()
    const settings = async () => (await client.query('SHOW ALL')).rows
    await client.query('SET jit = on')
    await client.query('BEGIN')
    await client.query('SET LOCAL jit_above_cost = 0')
    const before = await settings()
    await client.query(`CREATE FUNCTION lower(varchar) RETURNS text ${EVIL}`)
    expect(await outcome(client, 'SELECT upper(name) FROM people')).toBe('runs')
    expect(await settings()).toEqual(before)
    await client.query('SAVEPOINT here')
    await client.query('CREATE TABLE more (name varchar)')
    expect(await outcome(client, 'SELECT upper(name) FROM more')).toBe('runs')
    await client.query('SET LOCAL jit = off')
    await client.query('CREATE TABLE still_more (name varchar)')
    expect(await outcome(client, 'SELECT upper(name) FROM still_more')).toBe('runs')
    expect((await client.query('SHOW jit')).rows).toEqual([{ jit: 'off' }])
    await client.query('ROLLBACK TO SAVEPOINT here')
    expect(await settings()).toEqual(before)
    expect(await outcome(client, LOWER)).toContain('lower may be public.lower')
    await client.query('ROLLBACK')
    expect((await client.query('SHOW jit')).rows).toEqual([{ jit: 'on' }])
  })

  it('is looked up for each statement, where the configuration says so', async () => {
    const { stage, direct, connect, outcome } = behind
    const client = await connect('eager')
    const runs = await stage.runs()
    for (let turn = 0; turn < 5; turn++) {
      expect(await outcome(client, LOWER)).toBe('runs')
      await direct(`CREATE FUNCTION lower(varchar) RETURNS text ${EVIL}`)
      expect(await outcome(client, LOWER)).toContain('sql:unknown on eager (lower may be public.lower')
      await direct('DROP FUNCTION lower(varchar)')
    }
    expect(await stage.runs()).toBe(runs)
  })

  it('is looked up again at once, when another session of the gateway has changed anything', async () => {
    const { connect, outcome } = behind
    const [client, other] = [await connect(), await connect()]
    expect(await outcome(client, LOWER)).toBe('runs')
    await other.query(`CREATE FUNCTION lower(varchar) RETURNS text ${EVIL}`)
    expect(await outcome(client, LOWER)).toContain('lower may be public.lower')
    await other.query('BEGIN')
    await other.query('DROP FUNCTION lower(varchar)')
    expect(await outcome(client, LOWER)).toContain('lower may be public.lower')
    await other.query('COMMIT')
    expect(await outcome(client, LOWER)).toBe('runs')
  })

  it('follows its search_path', async () => {
    const { connect, outcome } = behind
    const client = await connect()
    expect(await outcome(client, LOWER)).toBe('runs')
    await client.query('SET search_path = app, public')
    expect(await outcome(client, LOWER)).toContain('lower may be app.lower')
    await client.query('BEGIN')
    await client.query('SET LOCAL search_path = public')
    expect(await outcome(client, LOWER)).toBe('runs')
    await client.query('SAVEPOINT a')
    await client.query('SET LOCAL search_path = app')
    expect(await outcome(client, LOWER)).toContain('lower may be app.lower')
    await client.query('ROLLBACK')
    expect(await outcome(client, LOWER)).toContain('lower may be app.lower')
    await client.query('BEGIN')
    await client.query('SET LOCAL search_path = public')
    await client.query('SAVEPOINT a')
    await client.query('SET LOCAL search_path = app')
    await client.query('ROLLBACK TO a')
    expect(await outcome(client, LOWER)).toBe('runs')
    await client.query('COMMIT')
    expect(await outcome(client, LOWER)).toContain('lower may be app.lower')
  })

  it('follows a schema of its search_path that another session makes', async () => {
    const { stage, connect, outcome } = behind
    const [client, other] = [await connect(), await connect()]
    const runs = await stage.runs()
    await client.query('SET search_path = later, public')
    for (const statement of ['SELECT 1', 'BEGIN', 'CREATE TABLE brand_new (id int)']) {
      await client.query(statement)
      expect(await outcome(client, LOWER)).toBe('runs')
      await other.query('CREATE SCHEMA later')
      await other.query(`CREATE FUNCTION later.lower(varchar) RETURNS text ${EVIL}`)
      expect(await outcome(client, LOWER)).toContain('lower may be later.lower')
      await client.query('ROLLBACK')
      await other.query('DROP SCHEMA later CASCADE')
      await client.query('BEGIN')
    }
    await client.query('ROLLBACK')
    expect(await stage.runs()).toBe(runs)
  })

  it('follows its role, where the search_path names that', async () => {
    const { connect, outcome } = behind
    const client = await connect()
    expect(await outcome(client, LOWER)).toBe('runs')
    await client.query('SET ROLE other')
    expect(await outcome(client, 'SELECT lower(name::varchar) FROM (SELECT 1::text AS name) x')).toContain('lower may be other.lower')
    await client.query('RESET ROLE')
    await client.query('SET SESSION AUTHORIZATION other')
    expect(await outcome(client, 'SELECT lower(name::varchar) FROM (SELECT 1::text AS name) x')).toContain('lower may be other.lower')
    await client.query('RESET SESSION AUTHORIZATION')
    expect(await outcome(client, LOWER)).toBe('runs')
  })

  it('is what its transaction has made and not committed', async () => {
    const { stage, connect, outcome } = behind
    const [client, other] = [await connect(), await connect()]
    const runs = await stage.runs()
    await client.query('BEGIN')
    await client.query(`CREATE FUNCTION lower(varchar) RETURNS text ${EVIL}`)
    expect(await outcome(client, LOWER)).toContain('lower may be public.lower')
    expect(await outcome(other, LOWER)).toBe('runs')
    await client.query('ROLLBACK')
    expect(await outcome(client, LOWER)).toBe('runs')
    await client.query('BEGIN')
    await client.query('CREATE TABLE brand_new AS SELECT * FROM people')
    expect(await outcome(client, 'SELECT lower(name) FROM brand_new WHERE id = $1', [1])).toBe('runs')
    await client.query('CREATE VIEW newer AS SELECT evil(id) FROM brand_new')
    expect(await outcome(client, 'TABLE newer')).toContain('the view public.newer runs public.evil')
    await client.query('ROLLBACK')
    expect(await stage.runs()).toBe(runs)
  })

  it.each(['READ COMMITTED', 'REPEATABLE READ'])('is what others have committed since it has changed something itself, in %s', async (level) => {
    const { stage, connect, outcome } = behind
    const [client, other] = [await connect(), await connect()]
    const runs = await stage.runs()
    const begin = async () => {
      await client.query(`BEGIN ISOLATION LEVEL ${level}`)
      await client.query('SELECT count(*) FROM people') // takes its snapshot, by which the server looks up rows and no names
    }
    await begin()
    await client.query('CREATE TABLE brand_new AS SELECT * FROM people')
    expect(await outcome(client, LOWER)).toBe('runs')
    await other.query(`CREATE FUNCTION lower(varchar) RETURNS text ${EVIL}`)
    expect(await outcome(client, LOWER)).toContain('lower may be public.lower')
    await client.query('ROLLBACK')
    await other.query('DROP FUNCTION lower(varchar)')
    await begin()
    await other.query(`CREATE FUNCTION lower(varchar) RETURNS text ${EVIL}`)
    await client.query('CREATE TABLE brand_new AS SELECT * FROM people')
    expect(await outcome(client, LOWER)).toContain('lower may be public.lower')
    await client.query('ROLLBACK')
    await other.query('DROP FUNCTION lower(varchar)')
    await begin()
    await client.query('CREATE TABLE brand_new AS SELECT * FROM people')
    expect(await outcome(client, 'SELECT id FROM brand_new')).toBe('runs')
    expect(await outcome(client, LOWER)).toBe('runs')
    await client.query('ROLLBACK')
    expect(await stage.runs()).toBe(runs)
  })

  it('is a temporary view that shadows a table', async () => {
    const { stage, connect, outcome } = behind
    const [client, other] = [await connect(), await connect()]
    const runs = await stage.runs()
    await client.query('CREATE TEMPORARY VIEW people AS SELECT id, evil(id)::varchar AS name FROM public.people')
    expect(await outcome(client, LOWER)).toContain('runs public.evil')
    expect(await outcome(client, 'SELECT * FROM pg_temp.people')).toContain('runs public.evil')
    expect(await outcome(client, 'SELECT * FROM public.people')).toBe('runs')
    expect(await outcome(other, LOWER)).toBe('runs')
    expect(await stage.runs()).toBe(runs)
  })

  it('is a type that a temporary table shadows', async () => {
    const { connect, outcome } = behind
    const client = await connect()
    await client.query('CREATE TEMPORARY TABLE date (a int)')
    expect(await outcome(client, "SELECT '2026-01-01'::date")).toContain('the type date may be pg_temp')
    expect(await outcome(client, "SELECT '2026-01-01'::pg_catalog.date")).toBe('runs')
  })

  it('is asked when a prepared statement is bound, and not only when it was prepared', async () => {
    const { stage, direct, connect } = behind
    const own = await RawClient.login(stage.gateway.postgres, stage.alice)
    const run = () => own.ask(bind({ portal: '', statement: 'a', formats: [], values: [], resultFormats: [] }), execute(''), sync())
    await own.ask(parse('a', LOWER), sync())
    await own.ask(query(`PREPARE b AS ${LOWER}`))
    expect(await run()).toContain('complete SELECT 1')
    await direct(`CREATE FUNCTION lower(varchar) RETURNS text ${EVIL}`)
    await connect()
    expect((await run()).join()).toMatch(/error 42501 .*sql:unknown/)
    expect((await own.ask(query('EXECUTE b'))).join()).toMatch(/error 42501 .*sql:unknown/)
    await direct('DROP FUNCTION lower(varchar)')
    own.close()
  })

  it('is not known behind what changes names in the same message', async () => {
    const { connect, outcome } = behind
    const client = await connect()
    expect(await outcome(client, `SET search_path = app; ${LOWER}`)).toContain('a statement before it in the same message')
    expect(await outcome(client, `SET ROLE other; ${LOWER}`)).toContain('a statement before it in the same message')
    expect(await outcome(client, `CREATE VIEW v AS SELECT 1; ${LOWER}`)).toContain('a statement before it in the same message')
    expect(await outcome(client, `CREATE TABLE made_here (id int); ${LOWER}; DROP TABLE made_here`)).toBe('runs')
    expect(await outcome(client, `BEGIN; ${LOWER}; COMMIT`)).toBe('runs')
  })

  it('is trusted where the operator of the gateway says so, also in a view', async () => {
    const { connect, outcome } = behind
    const [client, trusting] = [await connect(), await connect('trusting')]
    for (const text of [
      'SELECT order_total(id) FROM orders',
      'SELECT * FROM totals',
      'SELECT initcap(name) FROM people',
      "SELECT * FROM tags WHERE tag = 'x'",
    ]) {
      expect(await outcome(client, text)).toContain('sql:unknown on db')
      expect(await outcome(trusting, text)).toBe('runs')
    }
    expect(await outcome(trusting, 'SELECT citext_larger(tag, tag), tag::citext FROM tags ORDER BY tag')).toBe('runs')
    expect(await outcome(trusting, 'SELECT evil(id) FROM orders')).toContain('sql:unknown')
  })
})

describe('in a gateway with two workers', () => {
  let behind: Behind

  beforeAll(async () => {
    behind = await openBehind({ workers: 2, resources: { db: {}, again: {} }, seed: SEED })
  })

  afterAll(() => behind?.close())

  it('is looked up again by both, when a session of either has changed anything', { timeout: 60_000 }, async () => {
    const { stage, connect, outcome } = behind
    const clients = [await connect(), await connect(), await connect('again')] // in turn: the first and the last are with one worker
    const everywhere = () => Promise.all(clients.map((client) => outcome(client, LOWER)))
    const refused = expect.stringContaining('lower may be public.lower')
    const runs = await stage.runs()
    for (let turn = 0; turn < 6; turn++) {
      const [changing, other] = [clients[turn % 3], clients[(turn + 1) % 3]]
      expect(await everywhere()).toEqual(['runs', 'runs', 'runs'])
      await changing?.query(`CREATE FUNCTION lower(varchar) RETURNS text ${EVIL}`)
      expect(await everywhere()).toEqual([refused, refused, refused])
      await other?.query('BEGIN')
      await other?.query('DROP FUNCTION lower(varchar)')
      await other?.query('COMMIT')
    }
    expect(await stage.runs()).toBe(runs)
  })
})

describe('a catalog that cannot be read', () => {
  let behind: Behind

  beforeAll(async () => {
    const blind = { credential: { username: 'blind', password: { env: 'BLIND' } } }
    behind = await openBehind({
      seed: `${SEED} GRANT SELECT ON people TO blind; REVOKE SELECT ON pg_proc FROM PUBLIC; GRANT ALL ON SCHEMA public TO blind; ALTER SCHEMA public OWNER TO blind`,
      resources: { db: blind },
      env: { BLIND: 'blind' },
    })
  })

  afterAll(() => behind?.close())

  it('leaves every name unknown, and what names nothing as it is', async () => {
    const { connect, outcome } = behind
    const client = await connect()
    expect(await outcome(client, LOWER)).toMatch(
      /sql:unknown on db \(the live catalog could not be asked what its names mean: permission denied for table pg_proc\)/,
    )
    expect(await outcome(client, 'SELECT 1')).toBe('runs')
    await client.query('BEGIN')
    await client.query('SET LOCAL search_path = app')
    expect(await outcome(client, LOWER)).toContain('could not be asked')
    await client.query('ROLLBACK')
  })
})
