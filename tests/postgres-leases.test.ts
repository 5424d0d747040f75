import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ACCOUNTS_SEED, OWN_ACCOUNTS } from './support/accounts.ts'
import { startGateway } from './support/gateway.ts'
import { lacks } from './support/needs.ts'
import { startPostgres } from './support/postgres.ts'
import { openStage, sessionOf, type Stage } from './support/stage.ts'

const POLICY = `
@id("all") permit (principal in Group::"engineering", action, resource);
`
const ACCOUNTS = "SELECT rolname::text FROM pg_roles WHERE rolname LIKE 'cs\\_%'"
const ROLES = 'SELECT rolname::text FROM pg_roles ORDER BY 1'
const ODD = ['"; DROP TABLE orders; --', 'Reader', "it's \\ 猫", 'x'.repeat(63)]
const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`

describe.skipIf(lacks('psql')).each([15, 18] as const)('PostgreSQL %i: the account of a session', (version) => {
  let stage: Stage
  let before: readonly unknown[]

  beforeAll(async () => {
    const { accounts } = OWN_ACCOUNTS
    stage = await openStage({
      version,
      policy: POLICY,
      seed: `${ACCOUNTS_SEED}
        ${ODD.map((role) => `CREATE ROLE ${quoted(role)}; GRANT ${quoted(role)} TO gateway WITH ADMIN OPTION; GRANT SELECT ON orders TO ${quoted(role)};`).join('\n')}`,
      resources: {
        db: OWN_ACCOUNTS,
        odd: { ...OWN_ACCOUNTS, accounts: { ...accounts, roles: { read: ODD }, owner: ODD[0] } },
      },
    })
    before = await stage.ask(ROLES)
  })

  afterAll(() => stage?.close())

  const accountOf = async (session: ReturnType<Stage['alice']['psql']>) => {
    session.type('SELECT session_user;')
    const [, account = ''] = await session.next(/^(cs_\w+)$/m)
    return account
  }
  const gone = () => expect.poll(() => stage.ask(ROLES), { timeout: 15_000 }).toEqual(before)

  it.each([
    ['the client leaves', (session: ReturnType<Stage['alice']['psql']>) => session.quit()],
    ['it is killed', async (_: unknown, id: string) => void (await stage.erin.api.kill({ id }))],
    [
      'its grant is revoked',
      async (_: unknown, id: string) => {
        const record = (await stage.erin.api.sessions({ live: true })).find((session) => session.id === id)
        await stage.erin.api.revoke({ id: record?.grant ?? '' })
      },
    ],
    [
      'the target ends it',
      async (_: unknown, __: string, account: string) =>
        void (await stage.ask('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1', [account])),
    ],
  ] as const)('is gone when %s', async (_, end) => {
    const session = stage.alice.psql()
    const id = await sessionOf(session)
    const account = await accountOf(session)
    expect(await stage.ask(ACCOUNTS)).toEqual([account])
    await end(session, id, account)
    await gone()
    await session.quit()
  })

  it('is in the ledger from its making to its removal, with its session and without its password', async () => {
    const session = stage.alice.psql()
    const id = await sessionOf(session)
    const account = await accountOf(session)
    await session.quit()
    await gone()
    const facts = async () => (await stage.ledger()).filter(({ body }) => JSON.stringify(body).includes(account))
    await expect.poll(async () => (await facts()).map(({ type }) => type), { timeout: 10_000 }).toEqual(['lease.made', 'lease.removed'])
    const [made] = await facts()
    const leases = await stage.erin.api.leases({ live: false })
    expect(leases.find((lease) => lease.account === account)).toMatchObject({ session: id, resource: 'db', state: 'removed', attempts: 1, lastError: null })
    expect(await stage.erin.api.leases({ live: true })).toEqual([])
    expect(made?.body).toEqual({
      lease: expect.stringMatching(/^lease-\w{8}$/),
      kind: 'postgres role',
      resource: 'db',
      account,
      session: id,
      endsAt: expect.any(Number),
    })
  })

  it('leaves what it owns to the owner, in every database', async () => {
    await stage.ask('CREATE DATABASE other')
    const direct = (database: string) => new pg.Client({ connectionString: stage.target.url(database) })
    const session = stage.alice.psql()
    const account = await accountOf(session)
    for (const database of ['postgres', 'other']) {
      const client = direct(database)
      await client.connect()
      await client.query(
        `CREATE TABLE left_behind (id int); INSERT INTO left_behind VALUES (7); ALTER TABLE left_behind OWNER TO "${account}"; GRANT SELECT ON left_behind TO "${account}"`,
      )
      await client.end()
    }
    await session.quit()
    await gone()
    for (const database of ['postgres', 'other']) {
      const client = direct(database)
      await client.connect()
      const { rows } = await client.query(
        "SELECT relowner::regrole::text AS owner, (SELECT sum(id) FROM left_behind)::int AS sum FROM pg_class WHERE relname = 'left_behind'",
      )
      expect(rows).toEqual([{ owner: 'app_owner', sum: 7 }])
      await client.query('DROP TABLE left_behind')
      await client.end()
    }
    await stage.ask('DROP DATABASE other WITH (FORCE)')
  })

  it('has roles of whatever name', async () => {
    const session = stage.alice.psql('odd')
    session.type('SELECT count(*) FROM orders;')
    await session.next(/^20$/m)
    const account = await accountOf(session)
    const roles = await stage.ask('SELECT r.rolname::text FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.roleid WHERE m.member = $1::regrole', [account])
    expect(new Set(roles)).toEqual(new Set(ODD))
    await session.quit()
    await gone()
  })
})

describe.skipIf(lacks('psql'))('the account of a session whose', () => {
  const USERS = { 'alice@example.com': { groups: ['engineering'] } }

  it('gateway was killed is removed by the next start, which meets a target that is not there at first', async () => {
    const target = await startPostgres()
    const direct = new pg.Client({ connectionString: target.url('postgres') })
    await direct.connect()
    await direct.query(`CREATE TABLE orders (id int); CREATE SEQUENCE runs; ${ACCOUNTS_SEED}`)
    const accounts = async () => (await direct.query<{ rolname: string }>(ACCOUNTS)).rows.map(({ rolname }) => rolname)
    const resources = { db: { protocol: 'postgres', url: `postgres://${target.host}:${target.port}/postgres`, ...OWN_ACCOUNTS } }
    const env = { TARGET_PASSWORD: target.password }
    const data = mkdtempSync(join(tmpdir(), 'countersign-leases-'))
    const first = await startGateway({ users: USERS, resources, policy: POLICY, env, data })
    const token = await first.token('alice@example.com')
    const client = new pg.Client({ host: first.postgres.host, port: first.postgres.port, user: 'alice@example.com', password: token, database: 'db' })
    client.on('error', () => undefined)
    await client.connect()
    expect(await accounts()).toHaveLength(1)
    const [mine] = await accounts()
    await direct.query('ALTER ROLE gateway NOLOGIN') // the target does not let us in
    await first.crash()
    const second = await startGateway({ users: USERS, resources, policy: POLICY, env, data })
    try {
      await expect
        .poll(() => second.log(), { timeout: 15_000 })
        .toMatch(new RegExp(`${mine} on db \\(lease-\\w+\\) is not removed yet, attempt 1: .*not permitted to log in`))
      expect(await accounts()).toEqual([mine])
      await direct.query('ALTER ROLE gateway LOGIN')
      await expect.poll(accounts, { timeout: 20_000 }).toEqual([])
    } finally {
      await second.stop()
      await direct.end()
      await target.stop()
      rmSync(data, { recursive: true })
    }
  }, 60_000)
})
