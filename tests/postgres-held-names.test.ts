import { bind as bindMessage, execute, parse, query, sync } from '@countersign/wire/postgres/encode'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { entries, leftovers } from './support/aftermath.ts'
import { openStage, type Stage } from './support/stage.ts'
import { RawClient } from './support/wire.ts'

const POLICY = `
@id("reads") permit (principal in Group::"engineering", action in [Action::"connect", Action::"sql:read"], resource);
@id("writes") @review("dba") @grants("1h") permit (principal in Group::"engineering", action == Action::"sql:write", resource);
@id("others") @review("dba, security") permit (principal in Group::"engineering", action in [Action::"sql:unknown", Action::"sql:ddl"], resource);
`
const SEED = `
  CREATE TABLE notes (id int PRIMARY KEY, note varchar);
  INSERT INTO notes VALUES (1, 'A'), (2, 'B');
  CREATE TABLE days (day date);
  INSERT INTO days VALUES ('2025-12-31'), ('2026-01-15');
  CREATE VIEW part AS SELECT id, note FROM notes WHERE id > 0;
  CREATE FUNCTION tidy() RETURNS int LANGUAGE sql AS 'SELECT 1';
  CREATE FUNCTION evil(varchar) RETURNS text LANGUAGE plpgsql AS $$ BEGIN PERFORM nextval('public.runs'); RETURN 'evil'; END $$;
`
const WRITE = 'UPDATE notes SET note = lower(note) WHERE id = 1'
const LOWER = "CREATE FUNCTION public.lower(varchar) RETURNS text LANGUAGE sql AS 'SELECT evil($1)'"
const NO_LOWER = 'DROP FUNCTION public.lower(varchar)'

const bind = (values: readonly string[] = []) =>
  bindMessage({ portal: '', statement: '', formats: [], values: values.map((value) => Buffer.from(value)), resultFormats: [] })

describe('what the names of a held statement stand for', () => {
  let stage: Stage
  let own: RawClient

  beforeAll(async () => {
    stage = await openStage({ policy: POLICY, seed: SEED, resources: { db: { catalog: { maxAge: '0s' } } } })
  })

  beforeEach(async () => {
    own?.close()
    own = await RawClient.login(stage.gateway.postgres, stage.alice)
  })

  afterAll(() => stage?.close())

  async function hold(...messages: readonly Uint8Array[]): Promise<string> {
    own.send(...messages)
    for (let told = await own.told(); told !== 'the end'; told = await own.told()) {
      const [, id] = /held (req-\w+):/.exec(told) ?? []
      if (id !== undefined) return id
      if (told.startsWith('ready')) break
    }
    throw new Error('nothing was held')
  }
  const direct = async (sql: string) => {
    for (const each of sql.split('; ')) await stage.ask(each)
  }
  const answers = async () => (await own.ask()).filter((each) => !each.startsWith('notice'))
  const VOID = [
    expect.stringMatching(
      /^error 55000 it did not run, and grant-\w+ is void: what it names, or how its session reads dates, is another than when somebody was asked/,
    ),
    'ready I',
  ]
  const OTHER = [expect.stringMatching(/^error 55000 it did not run: what it names has changed since it was sent, and does something else now/), 'ready I']

  it.each([
    ['a table', WRITE, 'ALTER TABLE notes RENAME TO old_notes; CREATE TABLE notes (LIKE old_notes)', 'DROP TABLE notes; ALTER TABLE old_notes RENAME TO notes'],
    ['a table that is found before', WRITE, 'CREATE SCHEMA postgres; CREATE TABLE postgres.notes (LIKE notes)', 'DROP SCHEMA postgres CASCADE'],
    [
      'a view',
      'DELETE FROM part WHERE id = 7',
      'CREATE OR REPLACE VIEW part AS SELECT id, note FROM notes WHERE id > -1',
      'CREATE OR REPLACE VIEW part AS SELECT id, note FROM notes WHERE id > 0',
    ],
    ['a function', 'SELECT tidy()', "CREATE OR REPLACE FUNCTION tidy() RETURNS int LANGUAGE sql AS 'SELECT 2'", 'SELECT 1'],
    ['a table that is dropped', 'DROP TABLE IF EXISTS spare', 'CREATE TABLE spare (id int)', 'SELECT 1'],
  ])('is %s, and where that is another one by now it does not run', async (_, text, change, back) => {
    const id = await hold(query(text))
    await direct(change)
    await stage.bob.api.approve({ id })
    expect(await answers()).toEqual(VOID)
    const [grant] = (await stage.alice.api.grants()).filter(({ request }) => request === id)
    expect(grant).toMatchObject({ status: 'void', endReason: expect.stringContaining('is another') })
    const again = await hold(query(text))
    await stage.bob.api.approve({ id: again })
    expect((await answers()).at(-2)).toMatch(/^complete /)
    await direct(back)
  })

  it.each([
    ['exactly', {}],
    ['for an hour', { for: '1h' }],
  ])('is a function of PostgreSQL’s own: approved %s, it does not run as another that was made meanwhile', async (_, given) => {
    for (const messages of [[query(WRITE)], [parse('', WRITE), bind(), execute(''), sync()]]) {
      const id = await hold(...messages)
      await stage.ask(LOWER)
      await stage.bob.api.approve({ id, ...given })
      expect(await answers()).toEqual(OTHER)
      await stage.ask(NO_LOWER)
      for (const grant of await stage.alice.api.grants({ live: 'true' })) if (grant.request === id) await stage.bob.api.revoke({ id: grant.id })
    }
    expect(await stage.runs()).toBe(0)
  })

  it('is looked at in every statement of a pipeline', async () => {
    const one = (id: string) => [parse('', 'UPDATE notes SET note = note WHERE id = $1'), bind([id]), execute('')]
    const messages = [...one('1'), parse('', 'DELETE FROM part WHERE id = 7'), bind(), execute(''), sync()]
    const id = await hold(...messages)
    await stage.ask('CREATE OR REPLACE VIEW part AS SELECT id, note FROM notes WHERE id > -1')
    await stage.bob.api.approve({ id })
    expect((await answers()).filter((each) => each !== 'parseComplete')).toEqual(VOID)
  })

  it('counts in a transaction, and for who comes back for what was approved', async () => {
    await own.ask(query('BEGIN'))
    const held = await hold(query(WRITE))
    await direct('ALTER TABLE notes RENAME TO old_notes; CREATE TABLE notes (LIKE old_notes)')
    await stage.bob.api.approve({ id: held })
    expect(await answers()).toEqual([VOID[0], 'ready E'])
    await own.ask(query('ROLLBACK'))
    const left = await hold(query(WRITE))
    own.close()
    await direct('DROP TABLE notes; ALTER TABLE old_notes RENAME TO notes')
    await stage.bob.api.approve({ id: left })
    own = await RawClient.login(stage.gateway.postgres, stage.alice)
    expect(await own.ask(query(WRITE))).toEqual(VOID)
  })

  it.each([
    ['DateStyle', "DELETE FROM days WHERE day < '01/02/2026'", 'SET datestyle = DMY'],
    ['TimeZone', "DELETE FROM days WHERE day < timestamptz '2026-01-02'", "SET timezone = 'Asia/Tokyo'"],
  ])('and which days its literals are: with another %s it is not what was approved', async (_, text, other) => {
    const id = await hold(query(text))
    own.close()
    await stage.bob.api.approve({ id })
    own = await RawClient.login(stage.gateway.postgres, stage.alice)
    expect((await own.ask(parse('', other), bind(), execute(''), parse('', text), bind(), execute(''), sync())).slice(-2)).toEqual(VOID)
    expect(await stage.ask('SELECT count(*)::int FROM days')).toEqual([2])
  })

  it('is the same after what has nothing to do with it, and then it runs', async () => {
    const id = await hold(query(WRITE))
    await direct("CREATE TABLE apart (id int); CREATE FUNCTION apart() RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE INDEX ON notes (note); ANALYZE notes")
    await stage.bob.api.approve({ id })
    expect(await answers()).toEqual(['complete UPDATE 1', 'ready I'])
  })

  it('leaves nothing behind', async () => {
    own.close()
    expect(await stage.runs()).toBe(0)
    expect((await entries(stage, 'action.finished')).filter(({ result }) => result === 'unknown')).toEqual([])
    expect(await leftovers(stage)).toEqual([])
  })
})
