import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { lacks } from './support/needs.ts'
import type { Psql } from './support/psql.ts'
import { held, openStage, type Stage } from './support/stage.ts'

const POLICY = `
@id("reads") permit (principal in Group::"engineering", action in [Action::"connect", Action::"sql:read"], resource);
@id("schema") permit (principal in Group::"engineering", action in [Action::"sql:ddl", Action::"sql:admin"], resource);
@id("writes") @review("dba") @grants("10m") permit (principal in Group::"engineering", action == Action::"sql:write", resource);
`
const SEED = `
  CREATE TABLE lines (id int PRIMARY KEY, of int, note text);
  INSERT INTO lines SELECT id, id, 'n' FROM generate_series(1, 20) AS id;
  CREATE TABLE notes (id int PRIMARY KEY, at int NOT NULL) PARTITION BY RANGE (id);
  CREATE TABLE notes_low PARTITION OF notes FOR VALUES FROM (0) TO (100);
  INSERT INTO notes SELECT id, id FROM generate_series(1, 20) AS id;
  CREATE VIEW part AS SELECT id, note FROM lines WHERE id > 0;
  CREATE SCHEMA other;
  CREATE TABLE other.orders (LIKE orders);
`

describe.skipIf(lacks('psql')).each([15, 18] as const)('the approval of a shape, on PostgreSQL %i', (version) => {
  let stage: Stage
  let session: Psql

  beforeAll(async () => {
    stage = await openStage({ policy: POLICY, seed: SEED, version })
    session = stage.alice.psql()
  })

  afterAll(async () => {
    session?.vanish()
    await stage?.close()
  })

  /** Approves the shape of the statement that waits, and lets it run. */
  async function approve(statement: string, bounds: object = {}): Promise<string> {
    session.type(statement)
    const id = await held(session)
    await stage.bob.api.approve({ id, shape: bounds })
    const [, grant] = await session.next(/NOTICE: {2}running under (grant-\w+): its shape was approved by bob@example.com/)
    await session.next(/(UPDATE|DELETE|INSERT 0) 1\n/)
    return grant ?? ''
  }

  const refuse = async () => {
    const id = await held(session)
    const request = await stage.bob.api.request({ id })
    await stage.bob.api.deny({ id, comment: 'no more' })
    await session.next(/no more/)
    return request
  }
  const grantOf = async (id: string) => (await stage.alice.api.grants()).find((grant) => grant.id === id)

  it.each([
    ['a column has another default', "ALTER TABLE orders ALTER status SET DEFAULT 'x'"],
    ['a condition is added', 'ALTER TABLE orders ADD CHECK (id > 0)'],
    ['a column is added', 'ALTER TABLE orders ADD more int'],
    ['a trigger is added', 'CREATE TRIGGER another BEFORE UPDATE ON orders FOR EACH STATEMENT EXECUTE FUNCTION count_run()'],
    ['a trigger is disabled', 'ALTER TABLE orders DISABLE TRIGGER another'],
    ["its trigger's function is replaced", "CREATE OR REPLACE FUNCTION count_run() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'"],
    ['another function is there, which a trigger may call', "CREATE FUNCTION helps() RETURNS int LANGUAGE sql AS 'SELECT 1'"],
    ['row security is on', 'ALTER TABLE orders ENABLE ROW LEVEL SECURITY'],
    ['a row policy is added', 'CREATE POLICY mine ON orders USING (id > 0)'],
    ['a rule is added', 'CREATE RULE also AS ON UPDATE TO orders WHERE false DO ALSO NOTHING'],
    ['deleting its rows takes others along', 'ALTER TABLE lines ADD FOREIGN KEY (of) REFERENCES orders ON DELETE CASCADE'],
    ['what is taken along has a trigger', 'CREATE TRIGGER along BEFORE DELETE ON lines FOR EACH STATEMENT EXECUTE FUNCTION count_run()'],
    ['a table inherits from it', 'CREATE TABLE more_orders () INHERITS (orders)'],
    ['a table of the same name is found before it', 'CREATE TABLE "bob".orders (LIKE orders)'],
  ])('is void when %s', async (_, change) => {
    await stage.ask('CREATE SCHEMA IF NOT EXISTS bob')
    await stage.ask('DROP TABLE IF EXISTS bob.orders')
    session.type('SET search_path = bob, public;')
    const grant = await approve("UPDATE orders SET status = 'a' WHERE id = 7;")
    session.type("UPDATE orders SET status = 'b' WHERE id = 8;")
    await session.next(/running under .*\n(?:.*\n)?UPDATE 1\n/)
    await stage.ask(change)
    session.type("UPDATE orders SET status = 'c' WHERE id = 9;")
    await session.next(new RegExp(`NOTICE: {2}${grant} is void: what the statement touches is defined otherwise than when its shape was approved\n`))
    const request = await refuse()
    expect(request.ask).toMatchObject({ voided: expect.stringContaining(grant) })
    expect(await grantOf(grant)).toMatchObject({ status: 'void', endReason: expect.stringContaining('defined otherwise') })
  })

  it.each([
    ['a table that has nothing to do with it', 'CREATE TABLE apart (id int PRIMARY KEY)'],
    ['an index there', 'CREATE INDEX ON apart (id)'],
    ['rows', "INSERT INTO lines VALUES (1000, 7, 'x')"],
    ['statistics', 'ANALYZE lines'],
    ['the tables swept', 'VACUUM FULL lines'],
  ])('survives %s', async (_, change) => {
    const grant = await approve(`DELETE FROM part WHERE id = ${await next()};`)
    await stage.ask(change)
    session.type(`DELETE FROM part WHERE id = ${await next()};`)
    await session.next(new RegExp(`running under ${grant}.*\n(?:.*\n)?DELETE 1\n`))
    expect(await stage.bob.api.revoke({ id: grant })).toMatchObject({ status: 'revoked' })
  })

  const next = async () => Number((await stage.ask('SELECT min(id) FROM lines'))[0])

  it('is void when what a view is made of, or a partition, changes', async () => {
    const view = await approve(`DELETE FROM part WHERE id = ${await next()};`)
    await stage.ask('CREATE OR REPLACE VIEW part AS SELECT id, note FROM lines WHERE id > -1')
    session.type(`DELETE FROM part WHERE id = ${await next()};`)
    await session.next(new RegExp(`${view} is void`))
    await refuse()
    const partition = await approve('UPDATE notes SET at = 1 WHERE id = 1;')
    await stage.ask('CREATE TABLE notes_high PARTITION OF notes FOR VALUES FROM (100) TO (200)')
    session.type('UPDATE notes SET at = 1 WHERE id = 2;')
    await session.next(new RegExp(`${partition} is void`))
    await refuse()
    expect(await Promise.all([view, partition].map(grantOf))).toMatchObject([{ status: 'void' }, { status: 'void' }])
  })

  it('is void for what its own transaction has changed, and for what others have that its snapshot does not show', async () => {
    const own = await approve('UPDATE notes SET at = 1 WHERE id = 3;')
    session.type('BEGIN; ALTER TABLE notes ADD more int;')
    session.type('UPDATE notes SET at = 1 WHERE id = 4;')
    await session.next(new RegExp(`${own} is void: how what the statement touches is defined could not be found out\n`))
    await refuse()
    session.type('ROLLBACK;')
    const others = await approve('UPDATE notes SET at = 1 WHERE id = 5;')
    session.type('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 4711;')
    await session.next(/4711/)
    await stage.ask('CREATE TRIGGER late BEFORE UPDATE ON notes FOR EACH STATEMENT EXECUTE FUNCTION count_run()')
    session.type('UPDATE notes SET at = 1 WHERE id = 6;')
    await session.next(new RegExp(`${others} is void`))
    await refuse()
    expect(await Promise.all([own, others].map(grantOf))).toMatchObject([{ status: 'void' }, { status: 'void' }])
    session.type('ROLLBACK;')
  })

  it('covers no other session state, no statement among several, and no other statement, and stays for what it does cover', async () => {
    const grant = await approve('UPDATE notes SET at = 1 WHERE id = 7;')
    session.type('SET search_path = other, public;')
    session.type('UPDATE notes SET at = 1 WHERE id = 8;')
    await refuse()
    session.type('SET search_path = bob, public;')
    session.type('SELECT 1\\; UPDATE notes SET at = 1 WHERE id = 8;')
    await refuse()
    session.type('UPDATE notes SET at = 1 WHERE at = 8;')
    await refuse()
    session.type('UPDATE notes SET at = 1 WHERE id = 9;')
    await session.next(new RegExp(`running under ${grant}.*\n(?:.*\n)?UPDATE 1\n`))
    expect(await grantOf(grant)).toMatchObject({ status: 'active' })
  })

  it('ends with the last of its uses, each of which the ledger names it for', async () => {
    const grant = await approve('INSERT INTO notes VALUES (20 + 1, 1);', { uses: 2, for: '5m' })
    expect(await grantOf(grant)).toMatchObject({ usesLeft: 1, coverage: { kind: 'shape', maxRows: null }, covers: 'this shape' })
    session.type('INSERT INTO notes VALUES (20 + 1, 2);')
    await session.next(/duplicate key/)
    expect(await grantOf(grant)).toMatchObject({ usesLeft: 0, status: 'used' })
    session.type('INSERT INTO notes VALUES (20 + 1, 3);')
    await refuse()
    const started = async () => (await stage.ledger()).filter(({ type, body }) => type === 'action.started' && JSON.stringify(body).includes(grant))
    await expect.poll(async () => (await started()).length).toBe(2)
  })

  it('ends when it is said to end, and no later than policy lets it', async () => {
    session.type('DELETE FROM notes WHERE id = 10;')
    const id = await held(session)
    const { bob } = stage
    await expect(bob.api.approve({ id, shape: { for: '11m' } })).rejects.toMatchObject({ problem: { code: 'too-wide' } })
    await expect(bob.api.approve({ id, shape: { until: new Date(Date.now() - 1).toISOString() } })).rejects.toMatchObject({
      problem: { code: 'unprocessable' },
    })
    const until = new Date(Date.now() + 60_000).toISOString()
    await bob.api.approve({ id, shape: { until, for: '2m' } })
    const [, grant = ''] = await session.next(/running under (grant-\w+)/)
    expect(await grantOf(grant)).toMatchObject({ endsAt: until, usesLeft: null })
  })

  it('cannot be given for what has no shape', async () => {
    session.type("SELECT setval('runs', 1);")
    const id = await held(session)
    const request = await stage.bob.api.request({ id })
    expect(request.ask).toMatchObject({ fingerprint: expect.any(String), definition: expect.stringMatching(/^[0-9a-f]{64}$/) })
    await stage.bob.api.deny({ id, comment: 'no' })
    session.type('COPY notes FROM STDIN;')
    const copy = await held(session)
    await expect(stage.bob.api.approve({ id: copy, shape: {} })).rejects.toMatchObject({ problem: { code: 'no-shape' } })
    await stage.bob.api.deny({ id: copy, comment: 'no' })
  })
})
