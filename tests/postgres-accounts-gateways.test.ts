import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ACCOUNTS_SEED, OWN_ACCOUNTS } from './support/accounts.ts'
import { type Cable, layCable } from './support/cable.ts'
import { type GatewayProcess, startGateway } from './support/gateway.ts'
import { lacks } from './support/needs.ts'
import { type PostgresServer, startPostgres } from './support/postgres.ts'
import { type Psql, psql } from './support/psql.ts'
import { held } from './support/stage.ts'
import { TRACES } from './support/traces.ts'

const POLICY = `
@id("reads") permit (principal in Group::"engineering", action in [Action::"connect", Action::"sql:read"], resource);
@id("writes") @review("dba") permit (principal in Group::"engineering", action == Action::"sql:write", resource);
`
const USERS = { 'alice@example.com': { groups: ['engineering'] }, 'bob@example.com': { groups: ['dba'] } }
/** A gateway counts as dead after 30 seconds, and its accounts are looked at some seconds later. */
const TAKEN_OVER_MS = 50_000

describe.skipIf(lacks('psql')).each([15, 18] as const)('PostgreSQL %i: accounts of two gateways', (version) => {
  let target: PostgresServer
  let direct: pg.Client
  let cable: Cable
  let tokens: { alice: string; bob: string }
  let before: unknown
  const data = mkdtempSync(join(tmpdir(), 'countersign-accounts-'))
  const gateways: GatewayProcess[] = []

  const start = async (folder?: string): Promise<GatewayProcess> => {
    const resources = { db: { protocol: 'postgres', url: `postgres://${cable.host}:${cable.port}/postgres`, ...OWN_ACCOUNTS } }
    const env = { TARGET_PASSWORD: target.password, STORE_URL: target.url('countersign') }
    const gateway = await startGateway({ users: USERS, resources, policy: POLICY, store: { url: { env: 'STORE_URL' } }, env, ...(folder && { data: folder }) })
    gateways.push(gateway)
    return gateway
  }
  const ask = async (sql: string) => (await direct.query<unknown[]>({ text: sql, rowMode: 'array' })).rows.map(([first]) => first)
  const come = (gateway: GatewayProcess): Psql => psql(gateway, 'alice@example.com', tokens.alice, 'db', [])
  const accountOf = async (session: Psql): Promise<string> => {
    session.type('SELECT session_user;')
    return (await session.next(/^(cs_\w+)$/m))[1] ?? ''
  }

  beforeAll(async () => {
    target = await startPostgres({ version })
    direct = new pg.Client({ connectionString: target.url('postgres') })
    await direct.connect()
    await direct.query("CREATE TABLE orders (id int PRIMARY KEY, status text); INSERT INTO orders VALUES (1, 'new'); CREATE SEQUENCE runs")
    await direct.query(ACCOUNTS_SEED)
    await direct.query('CREATE DATABASE countersign')
    cable = await layCable(target)
    const gateway = await start()
    tokens = { alice: await gateway.token('alice@example.com'), bob: await gateway.token('bob@example.com', { mayReview: true }) }
    before = await ask(TRACES)
  })

  afterAll(async () => {
    for (const gateway of gateways) await gateway.stop()
    await cable?.close()
    await direct?.end()
    await target?.stop()
    rmSync(data, { recursive: true, force: true })
  })

  const gone = (timeout: number) => expect.poll(() => ask(TRACES), { timeout, interval: 200 }).toEqual(before)

  it('are gone, with the rights of a statement that still ran, when the one that was killed starts again', { timeout: 60_000 }, async () => {
    const killed = await start(data)
    const session = come(killed)
    const account = await accountOf(session)
    session.type("UPDATE orders SET status = 'x' FROM pg_sleep(60) WHERE id = 1;")
    await killed.api(tokens.bob).approve({ id: await held(session) })
    const rights = `SELECT roleid::regrole::text FROM pg_auth_members WHERE member = '${account}'::regrole ORDER BY 1`
    await expect.poll(() => ask(rights)).toEqual(['app_read', 'app_write'])
    await killed.crash()
    session.vanish()
    expect(await ask(rights)).toEqual(['app_read', 'app_write'])
    await start(data)
    await gone(30_000)
    expect(await ask('SELECT status FROM orders')).toEqual(['new'])
  })

  it('wait while the target is down, and go when it is back', { timeout: 60_000 }, async () => {
    const [gateway] = gateways
    if (!gateway) throw new Error('no gateway')
    const session = come(gateway)
    const account = await accountOf(session)
    await cable.pull()
    session.vanish()
    await expect.poll(() => gateway.log(), { timeout: 20_000 }).toMatch(new RegExp(`${account} on db \\(lease-\\w+\\) is not removed yet`))
    expect(await ask("SELECT rolname FROM pg_roles WHERE rolname LIKE 'cs\\_%'")).toEqual([account])
    await cable.plug()
    await gone(40_000)
  })

  it('of one that was told to stop while the target was down go when both are back', { timeout: 60_000 }, async () => {
    const folder = join(data, 'stopped')
    const stopped = await start(folder)
    const session = come(stopped)
    const account = await accountOf(session)
    await cable.pull()
    session.vanish()
    await stopped.stop()
    expect(await ask("SELECT rolname FROM pg_roles WHERE rolname LIKE 'cs\\_%'")).toEqual([account])
    await cable.plug()
    await start(folder)
    await gone(30_000)
  })

  it('of the one that died are removed by the other, and those of the other live on', { timeout: 90_000 }, async () => {
    const [alive] = gateways
    if (!alive) throw new Error('no gateway')
    const dying = await start()
    const [mine, theirs] = [come(alive), come(dying)]
    const [kept, left] = [await accountOf(mine), await accountOf(theirs)]
    await dying.crash()
    theirs.vanish()
    const accounts = () => ask("SELECT rolname::text FROM pg_roles WHERE rolname LIKE 'cs\\_%' ORDER BY 1")
    expect(await accounts()).toEqual([kept, left].toSorted((a, b) => (a < b ? -1 : 1)))
    await expect.poll(accounts, { timeout: TAKEN_OVER_MS, interval: 500 }).toEqual([kept])
    expect(await accountOf(mine)).toBe(kept)
    await mine.quit()
    await gone(20_000)
  })
})
