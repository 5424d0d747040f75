import { Backend } from '@countersign/wire/postgres/backend'
import { bind, execute, flush, parse, query, sync } from '@countersign/wire/postgres/encode'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Fenced, openFenced, told } from './support/fenced.ts'
import { type RawClient, tell } from './support/wire.ts'

const SEED = `
  CREATE TABLE audit (what text); GRANT INSERT ON audit TO app_write;
  CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO audit VALUES (TG_TABLE_NAME); RETURN NULL; END $$;
  CREATE CONSTRAINT TRIGGER note AFTER UPDATE ON orders DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION note();
  CREATE FUNCTION touch() RETURNS text LANGUAGE plpgsql AS $$ BEGIN UPDATE orders SET status = 'touched' WHERE id = 9; RETURN 'touched'; END $$;
  CREATE TABLE secrets (id int); INSERT INTO secrets SELECT generate_series(1, 5); GRANT SELECT ON secrets TO app_read, app_write;
  ALTER TABLE secrets ENABLE ROW LEVEL SECURITY;
  CREATE POLICY of_readers ON secrets TO app_read USING (id = 1); CREATE POLICY of_writers ON secrets TO app_write USING (true);
  CREATE FUNCTION known() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT count(*) FROM secrets); END $$;
  CREATE FUNCTION show_secrets() RETURNS refcursor LANGUAGE plpgsql AS $$ DECLARE c refcursor := 'shown'; BEGIN OPEN c FOR SELECT id FROM secrets; RETURN c; END $$;
  CREATE FUNCTION become(who text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN set_config('ro' || 'le', who, false); END $$;
`
const REVIEWED: ReadonlySet<string> = new Set(['sql:write', 'sql:ddl', 'sql:admin', 'sql:unknown'])
const UPDATE = "UPDATE orders SET status = 'paid' WHERE id = 1"

describe.each([18, 15] as const)('what would outlive its rights on PostgreSQL %i', (version) => {
  let fenced: Fenced
  let client: RawClient
  const ask = async (sql: string) => (await client.ask(query(sql))).filter((each) => each !== 'rowDescription')

  beforeAll(async () => {
    fenced = await openFenced({ version, seed: SEED, trusted: ['public.touch', 'public.known'] })
  })
  afterEach(() => (fenced.reviewed = REVIEWED))
  afterAll(() => fenced?.close())
  beforeEach(async () => {
    client?.close()
    fenced.facts.length = 0
    client = await fenced.login()
  })

  const isItself = async () => expect(await ask('SELECT current_user = session_user AS same, session_user')).toContain(`row t,${fenced.account.user}`)

  it('a write inside a function that a read calls is refused by the server', async () => {
    expect(await ask('SELECT touch()')).toEqual([expect.stringMatching(/^error 42501 permission denied for table orders/), 'ready I'])
  })

  it('and so is a plan of that function that was made with the rights, in the same transaction', async () => {
    await ask('BEGIN')
    expect(await ask('SELECT touch() FROM orders WHERE id = 1 FOR UPDATE')).toContain('row touched')
    expect(await ask('SELECT touch()')).toEqual([expect.stringMatching(/^error 42501 /), 'ready E'])
    await ask('ROLLBACK')
  })

  it('and the row security of such a plan', async () => {
    expect(await ask('SELECT known()')).toContain('row 1')
    expect(await ask('SELECT known() FROM orders WHERE id = 1 FOR UPDATE')).toContain('row 5')
    expect(await ask('SELECT known()')).toContain('row 1')
    await ask('BEGIN')
    expect(await ask('SELECT known() FROM orders WHERE id = 1 FOR UPDATE')).toContain('row 5')
    expect(await ask('SELECT known()')).toContain('row 1')
    await ask('COMMIT')
  })

  it('however often it was so, and whatever catalogs the transaction has locked', async () => {
    await ask('BEGIN')
    await ask('SELECT count(*) FROM pg_auth_members, pg_roles, pg_cursors, pg_class, pg_proc WHERE false')
    for (const _ of [1, 2, 3]) {
      await ask('SAVEPOINT before')
      expect(await ask('SELECT touch() FROM orders WHERE id = 1 FOR UPDATE')).toContain('row touched')
      expect(await ask('SELECT touch()')).toEqual([expect.stringMatching(/^error 42501 /), 'ready E'])
      expect(await ask('ROLLBACK TO before')).toEqual(['complete ROLLBACK', 'ready T'])
    }
    expect(await ask(UPDATE)).toEqual(['complete UPDATE 1', 'ready T'])
    expect(await ask('COMMIT')).toEqual(['complete COMMIT', 'ready I'])
  })

  it('a transaction that fails under them is forgotten as soon as it is over, and nothing goes before', async () => {
    await ask('BEGIN')
    expect(await ask('SELECT touch() FROM orders WHERE 1 / (id - id) = 1 FOR UPDATE')).toEqual([expect.stringMatching(/^error 22012 /), 'ready E'])
    expect(await ask('ROLLBACK; SELECT touch()')).toEqual([expect.stringMatching(/^error 25P02 /), 'ready E'])
    expect(await ask('ROLLBACK')).toEqual(['complete ROLLBACK', 'ready I'])
    expect(await ask('SELECT touch()')).toEqual([expect.stringMatching(/^error 42501 /), 'ready I'])
  })

  it('a transaction that has failed needs none: its end is the server’s to say, and nothing else runs', async () => {
    fenced.reviewed = new Set()
    for (const [end, told] of [
      ['COMMIT', 'ROLLBACK'],
      ['ROLLBACK', 'ROLLBACK'],
    ] as const) {
      await ask('BEGIN')
      expect(await ask(UPDATE)).toEqual(['complete UPDATE 1', 'ready T'])
      expect(await ask('SELECT 1 / 0')).toEqual([expect.stringMatching(/^error 22012 /), 'ready E'])
      expect(await ask(UPDATE)).toEqual([expect.stringMatching(/^error 25P02 /), 'ready E'])
      expect(await ask(`ROLLBACK; ${UPDATE}`)).toEqual([expect.stringMatching(/^error 25P02 /), 'ready E'])
      expect(await ask(end)).toEqual([`complete ${told}`, 'ready I'])
      expect(await ask('SELECT touch()')).toEqual([expect.stringMatching(/^error 42501 /), 'ready I'])
    }
    expect(told(fenced.facts).filter((fact) => fact.startsWith('granted'))).toHaveLength(2)
  })

  it('COMMIT has them again, for the triggers that waited for it', async () => {
    await fenced.ask('DELETE FROM audit')
    expect(await ask(UPDATE)).toEqual(['complete UPDATE 1', 'ready I'])
    await ask('BEGIN')
    expect(await ask(UPDATE)).toEqual(['complete UPDATE 1', 'ready T'])
    expect(await ask('SELECT 1')).toContain('row 1')
    expect(await ask('COMMIT')).toEqual(['complete COMMIT', 'ready I'])
    await ask('BEGIN')
    expect(await ask(UPDATE)).toEqual(['complete UPDATE 1', 'ready T'])
    expect(await ask('SET CONSTRAINTS ALL IMMEDIATE')).toEqual(['complete SET CONSTRAINTS', 'ready T'])
    expect(await ask('ROLLBACK')).toEqual(['complete ROLLBACK', 'ready I'])
    const unnamed = bind({ portal: '', statement: '', formats: [], values: [], resultFormats: [] })
    client.send(parse('', UPDATE), unnamed, execute(''), flush())
    expect((await client.until(Backend.commandComplete)).map(tell)).toContain('complete UPDATE 1')
    expect(await client.ask(sync())).toEqual(['ready I'])
    expect(await client.ask(query('SELECT 2'))).toContain('row 2')
    expect(await fenced.ask('SELECT count(*)::int FROM audit')).toEqual([3])
    expect(await fenced.memberships()).toEqual(['app_read'])
  })

  it('a COMMIT of reads costs nothing', async () => {
    for (const sql of ['BEGIN', 'SELECT 1', 'COMMIT']) await ask(sql)
    expect(told(fenced.facts)).toEqual(['BEGIN', 'SELECT 1', 'COMMIT'])
  })

  it('a cursor over what needs them is not declared; over what stands it is', async () => {
    await ask('BEGIN')
    expect(await ask('DECLARE c CURSOR FOR SELECT id FROM orders ORDER BY id')).toEqual(['complete DECLARE CURSOR', 'ready T'])
    expect(await ask(UPDATE)).toEqual(['complete UPDATE 1', 'ready T'])
    expect(await ask('FETCH 2 FROM c')).toEqual(['row 1', 'row 2', 'complete FETCH 2', 'ready T'])
    expect(await ask('DECLARE d CURSOR WITH HOLD FOR SELECT id FROM orders FOR UPDATE')).toEqual([
      expect.stringMatching(/^error 0A000 a cursor would be read on/),
      'ready E',
    ])
    await ask('ROLLBACK')
  })

  it('a cursor that a function left open is closed', async () => {
    await ask('BEGIN')
    expect(await ask('SELECT show_secrets()')).toContain('row shown')
    expect(await ask('FETCH ALL FROM shown')).toEqual([expect.stringMatching(/^error 34000 cursor "shown" does not exist/), 'ready E'])
    await ask('ROLLBACK')
  })

  it('the role is the session’s own, whoever asks, and whatever a function did to it', async () => {
    for (const sql of ['SET ROLE app_read', 'SET LOCAL ROLE app_read', "SET SESSION AUTHORIZATION 'postgres'", "SELECT set_config('role', 'app_read', false)"])
      expect(await ask(sql)).toEqual([expect.stringMatching(/^error 0A000 a session with an account of its own keeps its role/), 'ready I'])
    const became = await ask("SELECT become('app_write')")
    if (version >= 16) expect(became).toEqual([expect.stringMatching(/^error 42501 permission denied to set role "app_write"/), 'ready I'])
    else expect(became).toContain('row app_write')
    await isItself()
  })

  it('and does not come back with a savepoint or a transaction that was begun under them', async () => {
    await ask('BEGIN')
    expect(await ask("SELECT become('app_write'); SAVEPOINT s")).toEqual([expect.stringMatching(/^error 0A000 SAVEPOINT and ROLLBACK TO beside/), 'ready E'])
    await ask('ROLLBACK')
    expect(await ask(`BEGIN; ${UPDATE}`)).toEqual([expect.stringMatching(/^error 0A000 this message would leave a transaction open/), 'ready I'])
    expect(await ask(`BEGIN; ${UPDATE}; COMMIT`)).toEqual(['complete BEGIN', 'complete UPDATE 1', 'complete COMMIT', 'ready I'])
    await ask("SELECT become('app_write'); BEGIN; SELECT 1 / 0; COMMIT")
    await ask('ROLLBACK')
    await isItself()
  })

  it('PREPARE needs none, and EXECUTE has what it runs needs', async () => {
    expect(await ask(`PREPARE u AS ${UPDATE}`)).toEqual(['complete PREPARE', 'ready I'])
    expect(await ask('EXECUTE u')).toEqual(['complete UPDATE 1', 'ready I'])
    expect(await ask(`PREPARE v AS ${UPDATE}; EXECUTE u`)).toEqual([expect.stringMatching(/^error 0A000 PREPARE beside other statements/), 'ready I'])
    expect(told(fenced.facts)).toEqual(['PREPARE', 'granted app_write', 'UPDATE 1', 'revoked app_write'])
  })
})
