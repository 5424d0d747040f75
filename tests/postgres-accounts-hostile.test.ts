import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ACCOUNTS_SEED, OWN_ACCOUNTS } from './support/accounts.ts'
import { lacks } from './support/needs.ts'
import { openStage, type Stage } from './support/stage.ts'
import { TRACES } from './support/traces.ts'

/** Nothing is held here: what stands in the way is the target. */
const POLICY = `
@id("everything") permit (principal in Group::"engineering", action in [Action::"connect", Action::"sql"], resource);
`

/** Roles whose names are SQL, quotes, escapes, white space, and as long as a name may be. */
const HOSTILE = ['app"; DROP TABLE orders; --', "it's\\'", '$$ $1', 'läs\n\tmig 🗝', 'x'.repeat(63)]
const quoted = HOSTILE.map((name) => pg.escapeIdentifier(name)).join(', ')

const SEED = `${ACCOUNTS_SEED}
  ${HOSTILE.map((name) => `CREATE ROLE ${pg.escapeIdentifier(name)};`).join('\n')}
  GRANT ${quoted} TO gateway WITH ADMIN OPTION;
  CREATE TABLE secrets (id int); INSERT INTO secrets VALUES (4711);
  GRANT SELECT ON secrets TO ${pg.escapeIdentifier(HOSTILE[0] ?? '')};
`
const OWNER = HOSTILE[1] ?? ''

describe.skipIf(lacks('psql')).each([15, 18] as const)('PostgreSQL %i: accounts, where somebody means ill', (version) => {
  let stage: Stage

  beforeAll(async () => {
    stage = await openStage({
      version,
      policy: POLICY,
      seed: SEED,
      resources: {
        db: OWN_ACCOUNTS,
        hostile: { ...OWN_ACCOUNTS, accounts: { mode: 'ephemeral', roles: { read: HOSTILE }, owner: OWNER } },
        later: OWN_ACCOUNTS,
      },
    })
    await stage.ask('CREATE DATABASE other')
    await stage.ask('REVOKE TEMPORARY ON DATABASE other FROM PUBLIC')
  })

  afterAll(() => stage?.close())

  const gone = (before: readonly unknown[]) => expect.poll(() => stage.ask(TRACES), { timeout: 10_000, interval: 100 }).toEqual(before)

  it('is told to the operator when the gateway starts', async () => {
    const logged = () =>
      stage.gateway
        .log()
        .split('\n')
        .flatMap((line) => (line.includes('resource check') ? [JSON.parse(line) as object] : []))
    const found = {
      msg: 'resource check',
      resource: 'hostile',
      check: 'owner-may-create',
      severity: 'warning',
      database: 'postgres',
      sql: `GRANT CREATE ON SCHEMA public TO ${pg.escapeIdentifier(OWNER)};`,
    }
    await expect.poll(logged, { timeout: 10_000 }).toContainEqual(expect.objectContaining(found))
  })

  it('names of roles are names, whatever they say', async () => {
    const before = await stage.ask(TRACES)
    const session = stage.alice.psql('hostile')
    session.type('SELECT id FROM secrets;')
    await session.next(/^4711$/m)
    const members = await stage.ask(
      "SELECT g.rolname FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid JOIN pg_roles r ON r.oid = m.member WHERE r.rolname LIKE 'cs\\_%'",
    )
    expect(new Set(members)).toEqual(new Set(HOSTILE))
    await session.quit()
    await gone(before)
  })

  it('what a session made in any database goes to the owner, and its account goes', async () => {
    const before = await stage.ask('SELECT count(*) FROM pg_roles')
    const sessions = ['db', 'db/other'].map((database) => stage.alice.psql(database))
    for (const session of sessions) session.type('SELECT lo_create(4711);')
    await Promise.all(sessions.map((session) => session.next(/^4711$/m)))
    const here = new pg.Client(stage.target.url('other'))
    await here.connect()
    const owner = async () => [
      ...(await stage.ask('SELECT lomowner::regrole::text FROM pg_largeobject_metadata')),
      ...(await here.query<{ owner: string }>('SELECT lomowner::regrole::text AS owner FROM pg_largeobject_metadata')).rows.map((row) => row.owner),
    ]
    expect(await owner()).toEqual([expect.stringMatching(/^cs_/), expect.stringMatching(/^cs_/)])
    await Promise.all(sessions.map((session) => session.quit()))
    await expect.poll(() => stage.ask('SELECT count(*) FROM pg_roles'), { timeout: 10_000 }).toEqual(before)
    expect(await owner()).toEqual(['app_owner', 'app_owner'])
    await here.end()
  })

  it('a temporary table cannot take the place of another', async () => {
    const session = stage.alice.psql()
    session.type('CREATE TEMP TABLE orders (id int, status text);')
    expect((await session.quit()).stderr).toContain('permission denied to create temporary tables in database "postgres"')
  })

  it('where it could, nobody is let in until that is mended, and an admin is told how', async () => {
    await stage.ask('GRANT TEMPORARY ON DATABASE postgres TO PUBLIC')
    const refused = await stage.alice.psql('later').quit()
    expect(refused.stderr).toMatch(
      /FATAL: {2}later is not fit for accounts of single sessions.*: PUBLIC may make temporary tables\nHINT: {2}.*`countersign resource check later`/,
    )
    const { findings } = await stage.erin.api.checkResource({ name: 'later' })
    const [found] = findings
    expect(found).toMatchObject({ check: 'temporary-tables', severity: 'blocking', database: 'postgres' })
    await stage.ask(found?.sql ?? '')
    await expect.poll(async () => (await stage.alice.psql('later').quit()).stderr, { timeout: 10_000 }).toBe('')
  })

  it('a function that runs as its owner, and so passes the fence, is listed', async () => {
    await stage.ask("CREATE FUNCTION sweep() RETURNS void LANGUAGE sql SECURITY DEFINER AS 'DELETE FROM orders'")
    const { findings } = await stage.erin.api.checkResource({ name: 'db' })
    expect(findings).toContainEqual({
      check: 'security-definer',
      severity: 'serious',
      database: 'postgres',
      what: 'PUBLIC may run public.sweep(), which runs as its owner postgres, a superuser',
      why: expect.any(String),
      sql: 'REVOKE EXECUTE ON ROUTINE public.sweep() FROM PUBLIC;',
    })
  })
})
