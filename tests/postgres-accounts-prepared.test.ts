import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ACCOUNTS_SEED, OWN_ACCOUNTS } from './support/accounts.ts'
import { type GatewayProcess, startGateway } from './support/gateway.ts'
import { type PostgresServer, startPostgres } from './support/postgres.ts'

const POLICY = '@id("all") permit (principal in Group::"engineering", action, resource);'
const ACCOUNTS = "SELECT rolname::text AS what FROM pg_roles WHERE rolname LIKE 'cs\\_%'"

describe.each([15, 18] as const)('PostgreSQL %i: the account of a session', (version) => {
  let target: PostgresServer
  let direct: pg.Client
  let gateway: GatewayProcess
  let password: string

  beforeAll(async () => {
    target = await startPostgres({ version, settings: { max_prepared_transactions: '5' } })
    direct = new pg.Client(target.url('postgres'))
    await direct.connect()
    await direct.query(`CREATE TABLE orders (id int); CREATE SEQUENCE runs; ${ACCOUNTS_SEED}`)
    gateway = await startGateway({
      users: { 'alice@example.com': { groups: ['engineering'] }, 'erin@example.com': { groups: [], admin: true } },
      resources: { db: { protocol: 'postgres', url: `postgres://${target.host}:${target.port}/postgres`, ...OWN_ACCOUNTS } },
      policy: POLICY,
      env: { TARGET_PASSWORD: target.password },
    })
    password = await gateway.token('alice@example.com')
  })

  afterAll(async () => {
    await gateway?.stop()
    await direct?.end()
    await target?.stop()
  })

  const there = async (sql: string) => (await direct.query<{ what: string }>(sql)).rows.map(({ what }) => what)
  const come = async () => {
    const client = new pg.Client({ ...gateway.postgres, user: 'alice@example.com', password, database: 'db' })
    await client.connect()
    return client
  }

  it("that left a transaction prepared is removed, and the transaction is rolled back; others' are left alone", async () => {
    await direct.query("BEGIN; INSERT INTO orders VALUES (1); PREPARE TRANSACTION 'somebody''s'")
    const client = await come()
    await client.query('BEGIN')
    await client.query('INSERT INTO orders VALUES (2)')
    await client.query("PREPARE TRANSACTION 'left ''behind'")
    const prepared = 'SELECT gid AS what FROM pg_prepared_xacts ORDER BY 1'
    expect(await there(prepared)).toEqual(["left 'behind", "somebody's"])
    await client.end()
    await expect.poll(() => there(ACCOUNTS), { timeout: 15_000 }).toEqual([])
    expect(await there(prepared)).toEqual(["somebody's"])
    await direct.query("ROLLBACK PREPARED 'somebody''s'")
    expect(await there('SELECT id::text AS what FROM orders')).toEqual([])
  })

  it('to which somebody granted a right by name stays without any use, says why, and goes when the right is taken back', { timeout: 60_000 }, async () => {
    const client = await come()
    const [account = ''] = (await client.query<{ a: string }>('SELECT session_user::text AS a')).rows.map(({ a }) => a)
    await direct.query(`GRANT SELECT ON runs TO "${account}"`)
    await client.end()
    const erin = gateway.api(await gateway.token('erin@example.com'))
    const lease = async () => (await erin.leases({ live: false })).find((each) => each.account === account)
    await expect
      .poll(lease, { timeout: 15_000 })
      .toMatchObject({ state: 'removing', lastError: expect.stringMatching(/privileges for sequence (public\.)?runs/) })
    expect(await there(`SELECT rolcanlogin::text AS what FROM pg_roles WHERE rolname = '${account}'`)).toEqual(['false'])
    await direct.query(`REVOKE SELECT ON runs FROM "${account}"`)
    await expect.poll(() => there(ACCOUNTS), { timeout: 40_000 }).toEqual([])
  })
})
