import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ACCOUNTS_SEED, OWN_ACCOUNTS } from './support/accounts.ts'
import { entries } from './support/aftermath.ts'
import { lacks } from './support/needs.ts'
import { held, openStage, type Stage } from './support/stage.ts'

const POLICY = `
@id("reads") permit (principal in Group::"engineering", action in [Action::"connect", Action::"sql:read"], resource)
unless { resource.name == "closed" };
@id("connects") permit (principal in Group::"engineering", action == Action::"connect", resource);
@id("writes") @review("dba") permit (principal in Group::"engineering", action in [Action::"sql:write", Action::"sql:ddl"], resource);
@id("held-reads") @review("dba") permit (principal in Group::"engineering", action == Action::"sql:read", resource == Resource::"closed");
`
const SEED = `${ACCOUNTS_SEED}
  ALTER TABLE orders OWNER TO app_owner; GRANT USAGE, SELECT ON SEQUENCE runs TO app_owner;
  CREATE FUNCTION sneak() RETURNS text LANGUAGE plpgsql AS $$ BEGIN DELETE FROM orders; RETURN 'gone'; END $$;
`
const MEMBERS =
  "SELECT r.rolname::text FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.roleid JOIN pg_roles s ON s.oid = m.member WHERE s.rolname LIKE 'cs\\_%'"

describe.skipIf(lacks('psql')).each([15, 18] as const)('PostgreSQL %i: a gateway whose sessions have accounts of their own', (version) => {
  let stage: Stage

  beforeAll(async () => {
    const trusting = { ...OWN_ACCOUNTS, functions: { trusted: ['public.sneak'] } }
    stage = await openStage({ version, policy: POLICY, seed: SEED, resources: { db: trusting, closed: OWN_ACCOUNTS } })
  })

  afterAll(() => stage?.close())

  it('runs a held write with rights that are gone afterwards, and says so in the ledger', async () => {
    const { alice, bob } = stage
    const session = alice.psql()
    session.type('UPDATE orders SET status = $$paid$$ WHERE id = 1;')
    const id = await held(session)
    expect(await stage.ask(MEMBERS)).toEqual(['app_read'])
    await bob.api.approve({ id })
    await session.next(/UPDATE 1\n/)
    session.type('SELECT sneak();')
    await session.next(/ERROR: {2}permission denied for table orders/)
    expect(await stage.ask(MEMBERS)).toEqual(['app_read'])
    await session.quit()
    await expect.poll(() => entries(stage, 'rights.revoked'), { timeout: 10_000 }).toHaveLength(1)
    const [granted] = await entries(stage, 'rights.granted')
    expect(granted).toMatchObject({ roles: ['app_write'], session: expect.stringMatching(/^ses-/) })
    expect(await entries(stage, 'rights.revoked')).toEqual([granted])
    expect((await entries(stage, 'action.started')).map(({ run }) => run)).toContain(granted?.run)
  })

  it('runs nothing where the rights cannot be granted, and says that the approval is used up', async () => {
    const { alice, bob } = stage
    const text = 'UPDATE orders SET status = $$never$$ WHERE id = 5;'
    const session = alice.psql()
    session.type(text)
    const id = await held(session)
    // Before 16 whoever makes roles may grant any.
    await stage.ask('ALTER ROLE gateway NOCREATEROLE')
    await stage.ask('REVOKE ADMIN OPTION FOR app_write FROM gateway CASCADE')
    await bob.api.approve({ id })
    await session.next(/ERROR: {2}it was not sent to the target: the rights that it needs could not be granted/)
    await session.next(/HINT: {2}Nothing has run\. .* run it again, which asks for a new approval: this one is used up\./)
    await stage.ask('ALTER ROLE gateway CREATEROLE')
    await stage.ask('GRANT app_write TO gateway WITH ADMIN OPTION')
    session.type(text)
    expect(await held(session)).not.toBe(id)
    session.vanish()
    expect(await stage.ask('SELECT status FROM orders WHERE id = 5')).toEqual(['new'])
    await expect.poll(() => stage.ask(MEMBERS), { timeout: 15_000 }).toEqual([])
  })

  it('uses what was approved for a session that is over', async () => {
    const { alice, bob } = stage
    const delayed = 'UPDATE orders SET status = $$late$$ WHERE id = 2;'
    const first = alice.psql()
    first.type(delayed)
    const id = await held(first)
    first.vanish()
    await bob.api.approve({ id })
    const second = alice.psql()
    second.type(delayed)
    await second.next(/UPDATE 1\n/)
    expect(second.output()).not.toContain('held')
    await second.quit()
    expect(await stage.ask('SELECT status FROM orders WHERE id = 2')).toEqual(['late'])
  })

  it('makes tables that belong to the owner', async () => {
    const { alice, bob } = stage
    const session = alice.psql()
    session.type('CREATE TABLE bills (id serial PRIMARY KEY);')
    await bob.api.approve({ id: await held(session) })
    await session.next(/CREATE TABLE\n/)
    await session.quit()
    expect(await stage.ask("SELECT DISTINCT tableowner::text FROM pg_tables WHERE tablename = 'bills'")).toEqual(['app_owner'])
    await expect.poll(() => stage.ask("SELECT rolname FROM pg_roles WHERE rolname LIKE 'cs\\_%'")).toEqual([])
  })

  it('gives no right to read where policy does not', async () => {
    const { alice, bob } = stage
    const session = alice.psql('closed')
    session.type('SELECT count(*) FROM orders;')
    const id = await held(session)
    expect(await stage.ask(MEMBERS)).toEqual([])
    await bob.api.approve({ id })
    await session.next(/^20$/m)
    await session.quit()
  })
})
