import { bind, execute, parse, query, sync } from '@countersign/wire/postgres/encode'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Fenced, openFenced, told } from './support/fenced.ts'
import type { RawClient } from './support/wire.ts'

const MADE = [
  ['CREATE TABLE bills (id serial PRIMARY KEY, total int)', 'complete CREATE TABLE'],
  ["CREATE TYPE mood AS ENUM ('ok')", 'complete CREATE TYPE'],
  ['CREATE VIEW open_bills AS SELECT id FROM bills', 'complete CREATE VIEW'],
  ["CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1'", 'complete CREATE FUNCTION'],
  ['CREATE SCHEMA billing', 'complete CREATE SCHEMA'],
  ['CREATE TABLE billing.lines AS SELECT id FROM orders', 'complete SELECT 20'],
  ['ALTER TABLE orders ADD COLUMN note text', 'complete ALTER TABLE'],
] as const

const OWNERS = `
  SELECT DISTINCT pg_get_userbyid(owner)::text FROM (
    SELECT relowner AS owner FROM pg_class WHERE relname IN ('bills', 'bills_id_seq', 'bills_pkey', 'open_bills', 'lines', 'orders')
    UNION ALL SELECT typowner FROM pg_type WHERE typname = 'mood' UNION ALL SELECT proowner FROM pg_proc WHERE proname = 'one'
    UNION ALL SELECT nspowner FROM pg_namespace WHERE nspname = 'billing') AS made`
const OWNED = `SELECT count(*)::int FROM pg_shdepend WHERE deptype = 'o' AND refobjid = (SELECT oid FROM pg_roles WHERE rolname LIKE 'cs %')`

describe.each([18, 15] as const)('what DDL makes on PostgreSQL %i', (version) => {
  let fenced: Fenced
  let client: RawClient
  const ask = (sql: string) => client.ask(query(sql))
  const isItself = async () => expect(await ask('SELECT current_user = session_user AS same')).toContain('row t')

  beforeAll(async () => {
    fenced = await openFenced({ version })
  })
  afterAll(() => fenced?.close())
  beforeEach(async () => {
    client?.close()
    fenced.facts.length = 0
    client = await fenced.login()
  })

  it('belongs to the owner from the start, with the default privileges of the owner', async () => {
    await ask('BEGIN')
    for (const [sql, answer] of MADE) expect(await ask(sql)).toEqual([answer, 'ready T'])
    expect(await ask('SELECT count(*) FROM bills')).toContain('row 0')
    expect(await ask('COMMIT')).toEqual(['complete COMMIT', 'ready I'])
    expect(await fenced.ask(OWNERS)).toEqual(['app_owner'])
    expect(await fenced.ask(OWNED)).toEqual([0])
    expect(await ask('SELECT count(*) FROM bills')).toContain('row 0')
    expect(await ask('DROP TABLE bills CASCADE')).toContain('complete DROP TABLE')
    await isItself()
    expect(await fenced.memberships()).toEqual(['app_read'])
  })

  it('belongs to the owner in the extended protocol too', async () => {
    const unnamed = bind({ portal: '', statement: '', formats: [], values: [], resultFormats: [] })
    expect(await client.ask(parse('', 'CREATE TABLE extended (id int)'), unnamed, execute(''), sync())).toContain('complete CREATE TABLE')
    await isItself()
    expect(await fenced.ask("SELECT tableowner::text FROM pg_tables WHERE tablename = 'extended'")).toEqual(['app_owner'])
    expect(told(fenced.facts)).toEqual(['granted app_temp,app_owner', 'CREATE TABLE', 'revoked app_temp,app_owner', 'SELECT 1'])
  })

  it('does not leave the session in the owner’s role when its transaction fails', async () => {
    expect(await ask('BEGIN; CREATE TABLE lost (id int); SELECT 1 / 0; COMMIT')).toContain('ready E')
    expect(await ask('ROLLBACK')).toEqual(['complete ROLLBACK', 'ready I'])
    await isItself()
    await ask('BEGIN')
    await ask('SAVEPOINT before')
    expect(await ask('CREATE TABLE orders (id int)')).toEqual([expect.stringMatching(/^error 42P07 /), 'ready E'])
    expect(await ask('ROLLBACK TO before')).toEqual(['complete ROLLBACK', 'ready T'])
    await isItself()
    expect(await ask('CREATE TABLE kept (id int)')).toEqual(['complete CREATE TABLE', 'ready T'])
    await isItself()
    await ask('ROLLBACK TO before')
    await isItself()
    await ask('ROLLBACK')
    await isItself()
  })

  it('is the session’s own where it is temporary', async () => {
    expect(await ask('CREATE TEMP TABLE mine AS SELECT id FROM orders')).toEqual(['complete SELECT 20', 'ready I'])
    expect(await ask('INSERT INTO mine VALUES (21)')).toEqual(['complete INSERT 0 1', 'ready I'])
    expect(await ask('SELECT count(*) FROM mine')).toContain('row 21')
    expect(await ask('CREATE TABLE others (id int)')).toEqual(['complete CREATE TABLE', 'ready I'])
    expect(await ask('SELECT count(*) FROM mine')).toContain('row 21')
  })

  it('is not made where the owner’s own schema would take it', async () => {
    await fenced.ask('CREATE SCHEMA app_owner AUTHORIZATION app_owner')
    expect(await ask('CREATE TABLE elsewhere (id int)')).toEqual([
      expect.stringMatching(/^error 58000 it was not sent to the target: names would mean something else to app_owner/),
      'ready I',
    ])
    await isItself()
    expect(await fenced.memberships()).toEqual(['app_read'])
    await fenced.ask('DROP SCHEMA app_owner')
    expect(await ask('CREATE TABLE here (id int)')).toEqual(['complete CREATE TABLE', 'ready I'])
  })
})
