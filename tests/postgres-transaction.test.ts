import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { lacks } from './support/needs.ts'
import { held, openStage, type Stage } from './support/stage.ts'

const POLICY = `
@id("reads") permit (principal in Group::"engineering", action in [Action::"connect", Action::"sql:read"], resource);
@id("writes") @review("dba") permit (principal in Group::"engineering", action == Action::"sql:write", resource)
unless { resource.name == "free" };
@id("free-writes") permit (principal in Group::"engineering", action == Action::"sql:write", resource) when { resource.name == "free" };
@id("no-ddl") forbid (principal, action == Action::"sql:ddl", resource);
`

const LIMIT_MS = 1_500

describe.skipIf(lacks('psql'))('inside a transaction', () => {
  let stage: Stage

  beforeAll(async () => {
    stage = await openStage({ policy: POLICY, resources: { db: {}, free: {} }, hold: { inTransaction: `${LIMIT_MS}ms` } })
  })

  afterAll(() => stage?.close())

  it('a refusal aborts it for good, and ROLLBACK TO a savepoint works afterwards', async () => {
    const { alice } = stage
    const session = alice.psql('free', ['--set=VERBOSITY=verbose'])
    session.type('BEGIN;')
    session.type("INSERT INTO orders VALUES (100, 'kept');")
    session.type('SAVEPOINT before;')
    session.type('DROP TABLE orders;')
    await session.next(/ERROR: {2}42501: denied by no-ddl/)
    session.type('SELECT 1;')
    await session.next(/ERROR: {2}25P02: current transaction is aborted/)
    session.type('ROLLBACK TO before;')
    await session.next(/ROLLBACK\n/)
    session.type('SELECT status FROM orders WHERE id = 100;')
    await session.next(/^kept$/m)
    session.type('COMMIT;')
    await session.next(/COMMIT\n/)
    await session.quit()
    expect(await stage.ask('SELECT status FROM orders WHERE id = 100')).toEqual(['kept'])
  })

  it('a refusal takes everything with it at COMMIT, as any error does', async () => {
    const session = stage.alice.psql('free')
    for (const line of ['BEGIN;', "INSERT INTO orders VALUES (101, 'lost');", 'DROP TABLE orders;', 'COMMIT;']) session.type(line)
    await session.next(/ROLLBACK\n/)
    await session.quit()
    expect(await stage.ask('SELECT status FROM orders WHERE id = 101')).toEqual([])
  })

  it('a hold says that locks are held, and an approval lets the transaction go on', async () => {
    const { alice, bob } = stage
    const before = await stage.runs()
    const session = alice.psql()
    session.type('BEGIN;')
    session.type('DELETE FROM orders WHERE id = 1;')
    const id = await held(session)
    expect(await bob.api.request({ id })).toMatchObject({ inTransaction: true })
    await bob.api.approve({ id })
    await session.next(/DELETE 1\n/)
    session.type('COMMIT;')
    await session.next(/COMMIT\n/)
    await session.quit()
    expect(await stage.runs()).toBe(before + 1)
    expect(await stage.ask('SELECT id FROM orders WHERE id = 1')).toEqual([])
  })

  it('a hold ends before the transaction has waited too long, with its request still open', async () => {
    const { alice, bob } = stage
    const before = await stage.runs()
    const session = alice.psql('db', ['--set=VERBOSITY=verbose'])
    const statement = 'DELETE FROM orders WHERE id = 2;'
    session.type('BEGIN;')
    session.type(statement)
    const id = await held(session)
    await session.next(new RegExp(`ERROR: {2}55000: held ${id}: nobody has decided yet, and this connection cannot wait longer\n`))
    await session.next(/HINT: {2}.* · once it is approved, run the same statement again\n/)
    session.type('ROLLBACK;')
    await session.next(/ROLLBACK\n/)
    await bob.api.approve({ id })
    session.type(statement)
    await session.next(/DELETE 1\n/)
    await session.quit()
    expect(await stage.runs()).toBe(before + 1)
  })

  it('a hold has its own time, whatever one before it took', async () => {
    const { alice, bob } = stage
    const session = alice.psql()
    session.type('BEGIN;')
    session.type('DELETE FROM orders WHERE id = 5;')
    const first = await held(session)
    await new Promise((resolve) => setTimeout(resolve, LIMIT_MS / 2))
    await bob.api.approve({ id: first })
    await session.next(/DELETE 1\n/)
    const start = Date.now() // before it is held: a busy machine shows that late
    session.type('DELETE FROM orders WHERE id = 6;')
    await held(session)
    await session.next(/cannot wait longer/)
    expect(Date.now() - start).toBeGreaterThan(LIMIT_MS * 0.9)
    await session.quit()
  })

  it('a hold ends before the time that the server itself gives an idle transaction', async () => {
    const session = stage.alice.psql()
    session.type("SET idle_in_transaction_session_timeout = '800ms';")
    session.type('BEGIN;')
    session.type('DELETE FROM orders WHERE id = 4;')
    await held(session)
    await session.next(/ERROR: {2}held req-\w+: nobody has decided yet, and this connection cannot wait longer\n/)
    session.type('ROLLBACK;')
    await session.next(/ROLLBACK\n/)
    expect((await session.quit()).code).toBe(0)
  })
})
