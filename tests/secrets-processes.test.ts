import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { ACCOUNTS_SEED, OWN_ACCOUNTS } from './support/accounts.ts'
import { argumentsOf, canariesIn, canariesUnder } from './support/canaries.ts'
import { type GatewayProcess, startGateway, workersOf } from './support/gateway.ts'
import { lacks } from './support/needs.ts'
import { type PostgresServer, startPostgres } from './support/postgres.ts'
import { type Psql, psql } from './support/psql.ts'
import { held } from './support/stage.ts'

const CANARY = 'canary-c42b7e'
/** Read from a file at each connect. */
const UPSTREAM = `${CANARY}-upstream`
/** Passed by the environment, on purpose: there it is, and nowhere else. */
const STORE = `${CANARY}-store`
const UNTOLD = [`${CANARY}-untold-role`, `${CANARY}-untold-parameter`]
const ASKED = [`${CANARY}-write`, `${CANARY}-reason`]

const POLICY = `
@id("reads") permit (principal in Group::"engineering", action in [Action::"connect", Action::"sql:read"], resource);
@id("hidden") @secret("parameters") permit (principal in Group::"engineering", action == Action::"sql:read", resource);
@id("others") @review("dba") permit (principal in Group::"engineering", action in [Action::"sql:write", Action::"sql:admin"], resource);
`

describe.skipIf(lacks('psql'))('secrets of a gateway with workers, accounts of its own and a store in PostgreSQL', { timeout: 60_000 }, () => {
  let server: PostgresServer
  let direct: pg.Client
  let store: pg.Client
  let gateway: GatewayProcess
  let folder: string
  let tokens: { readonly alice: string; readonly bob: string }
  let session: Psql
  /** Of the account that a session has on the target: salt and keys, as the target keeps them. Its password is in the gateway's memory alone. */
  let account: readonly string[]

  beforeAll(async () => {
    server = await startPostgres()
    direct = new pg.Client(server.url('postgres'))
    await direct.connect()
    await direct.query("CREATE TABLE orders (id int PRIMARY KEY, status text); INSERT INTO orders VALUES (1, 'new')")
    await direct.query(`${ACCOUNTS_SEED}; ALTER ROLE gateway PASSWORD '${UPSTREAM}'; CREATE ROLE keeper LOGIN PASSWORD '${STORE}'`)
    await direct.query('CREATE DATABASE countersign OWNER keeper')
    store = new pg.Client(server.url('countersign'))
    await store.connect()
    folder = mkdtempSync(join(tmpdir(), 'countersign-canaries-'))
    writeFileSync(join(folder, 'password'), UPSTREAM, { mode: 0o600 })
    const credential = { username: 'gateway', password: { file: join(folder, 'password') } }
    gateway = await startGateway({
      users: { 'alice@example.com': { groups: ['engineering'] }, 'bob@example.com': { groups: ['dba'] } },
      resources: { db: { protocol: 'postgres', url: `postgres://${server.host}:${server.port}/postgres`, ...OWN_ACCOUNTS, credential } },
      policy: POLICY,
      store: { url: { env: 'STORE_URL' } },
      data: join(folder, 'data'),
      workers: 2,
      env: {
        STORE_URL: `postgres://keeper:${STORE}@${server.host}:${server.port}/countersign`,
        NODE_OPTIONS: `--import=${new URL('support/crash.ts', import.meta.url).href}`,
        // A gateway has no debug level. What others understand by these must bring nothing out either.
        DEBUG: '*',
        LOG_LEVEL: 'trace',
      },
    })
    tokens = { alice: await gateway.token('alice@example.com'), bob: await gateway.token('bob@example.com', { mayReview: true }) }
    session = await play()
  }, 90_000)

  afterAll(async () => {
    await gateway?.stop()
    await store?.end()
    await direct?.end()
    await server?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  /** Leaves a session whose write is held, with an account on the target. */
  async function play(): Promise<Psql> {
    const [role, parameter] = UNTOLD
    const client = new pg.Client({ ...gateway.postgres, user: 'alice@example.com', password: tokens.alice, database: 'db' })
    await client.connect()
    await client.query('SELECT $1::text', [parameter])
    await client.end()
    const alice = psql(gateway, 'alice@example.com', tokens.alice, 'db', [], { PGOPTIONS: `-c countersign.reason=${CANARY}-reason` })
    alice.type('SELECT session_user;')
    const [, name] = await alice.next(/^(cs_\w+)$/m)
    const { rows } = await direct.query<{ secret: string }>('SELECT rolpassword AS secret FROM pg_authid WHERE rolname = $1', [name])
    account = (rows[0]?.secret ?? '').split(/[$:]/).filter((part) => part.length > 20)
    alice.type(`ALTER ROLE app_read PASSWORD '${role}';`)
    await gateway.api(tokens.bob).deny({ id: await held(alice), comment: 'no' })
    alice.type(`UPDATE orders SET status = '${CANARY}-write' WHERE id = 1;`)
    await held(alice)
    return alice
  }

  const secrets = () => [UPSTREAM, STORE, ...UNTOLD, ...account, tokens.alice, tokens.bob]

  /** Every row of every table of the store, by its table. */
  async function tables(): Promise<ReadonlyMap<string, string>> {
    const { rows } = await store.query<{ name: string; path: string }>(
      "SELECT tablename AS name, format('%I.%I', schemaname, tablename) AS path FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')",
    )
    const found = new Map<string, string>()
    for (const { name, path } of rows) found.set(name, JSON.stringify((await store.query(`SELECT to_jsonb(t) FROM ${path} AS t`)).rows))
    return found
  }

  it('are in no table of the store; what somebody must review is in its request alone', async () => {
    expect(account).toHaveLength(3)
    await vi.waitFor(async () => expect((await tables()).get('ledger')).toContain('request.denied'), 15_000)
    const all = await tables()
    expect(all.size).toBeGreaterThan(10)
    for (const [name, rows] of all) expect([name, canariesIn(rows, secrets())]).toEqual([name, []])
    expect([...all].filter(([, rows]) => canariesIn(rows, ASKED).length > 0).map(([name]) => name)).toEqual(['requests'])
  })

  it('are in no file of the data directory', () => {
    expect(canariesUnder(gateway.data, [...secrets(), ...ASKED])).toEqual([])
  })

  it('are in the arguments of no process, and in the environment only where they were passed by it', () => {
    const processes = [gateway.child.pid ?? 0, ...workersOf(gateway.child)]
    expect(processes).toHaveLength(3)
    expect(canariesIn(argumentsOf(gateway.child.pid ?? 0), [...secrets(), ...ASKED])).toEqual([])
    for (const pid of processes) expect(canariesIn(readFileSync(`/proc/${pid}/environ`), [...secrets(), ...ASKED])).toEqual([STORE])
  })

  it('are in no log, whatever level somebody asks for', () => {
    expect(gateway.log()).toContain('"ready":true')
    expect(canariesIn(gateway.log(), [...secrets(), ...ASKED])).toEqual([])
  })

  it('are in nothing that a worker, or the gateway itself, leaves behind when it dies of an error that nobody caught', async () => {
    const died = () => [...gateway.log().matchAll(/a planted mistake/g)].length
    const [worker = 0] = workersOf(gateway.child)
    process.kill(worker, 'SIGUSR2')
    await vi.waitFor(() => expect(died()).toBeGreaterThan(0), 15_000)
    const before = died()
    const ended = new Promise((resolve) => gateway.child.once('exit', resolve))
    gateway.child.kill('SIGUSR2')
    expect(await ended).not.toBe(0)
    expect(died()).toBeGreaterThan(before)
    expect((await session.quit()).stderr).toContain('held')
    expect(canariesIn(gateway.log(), [...secrets(), ...ASKED])).toEqual([])
    expect(canariesUnder(gateway.data, [...secrets(), ...ASKED])).toEqual([])
  })
})
