import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ACCOUNTS_SEED, OWN_ACCOUNTS } from './support/accounts.ts'
import { startGateway, workersOf } from './support/gateway.ts'
import { lacks } from './support/needs.ts'
import { startPostgres } from './support/postgres.ts'
import type { Psql } from './support/psql.ts'
import { held, openStage, sessionOf, type Stage } from './support/stage.ts'

const POLICY = `
@id("reads") permit (principal in Group::"engineering", action in [Action::"connect", Action::"sql:read"], resource);
@id("writes") @review("dba") permit (principal in Group::"engineering", action == Action::"sql:write", resource);
`
const ACCOUNTS = "SELECT rolname::text FROM pg_roles WHERE rolname LIKE 'cs\\_%' ORDER BY 1"
const RIGHTS = "SELECT roleid::regrole::text FROM pg_auth_members JOIN pg_roles ON pg_roles.oid = member WHERE rolname LIKE 'cs\\_%' ORDER BY 1"

describe.skipIf(lacks('psql'))('accounts of sessions in two workers', { timeout: 60_000 }, () => {
  let stage: Stage

  beforeAll(async () => {
    stage = await openStage({ policy: POLICY, seed: ACCOUNTS_SEED, resources: { db: OWN_ACCOUNTS }, workers: 2 })
  })

  afterAll(() => stage?.close())

  const gone = () => expect.poll(() => stage.ask(ACCOUNTS), { timeout: 30_000 }).toEqual([])
  const accountOf = async (session: Psql): Promise<string> => {
    session.type('SELECT session_user;')
    return (await session.next(/^(cs_\w+)$/m))[1] ?? ''
  }
  /** Each worker has one of them. */
  const two = async () => {
    const sessions = [stage.alice.psql(), stage.alice.psql()] as const
    const accounts = [await accountOf(sessions[0]), await accountOf(sessions[1])] as const
    expect(await stage.ask(ACCOUNTS)).toEqual([...accounts].toSorted((a, b) => (a < b ? -1 : 1)))
    return { sessions, accounts }
  }

  it('have rights while their own statement runs, and go with their sessions', async () => {
    const { sessions } = await two()
    for (const [index, session] of sessions.entries()) {
      session.type(`UPDATE orders SET status = 'x' WHERE id = ${index + 1};`)
      await stage.bob.api.approve({ id: await held(session) })
      await session.next(/UPDATE 1\n/)
      await expect.poll(() => stage.ask(RIGHTS)).toEqual(['app_read', 'app_read'])
    }
    await stage.erin.api.kill({ id: await sessionOf(sessions[0]) })
    await sessions[1].quit()
    await gone()
    await sessions[0].quit()
    const facts = async () => (await stage.ledger()).map(({ gateway, type }) => `${gateway.slice(-3)} ${type}`)
    for (const worker of ['-w1', '-w2'])
      await expect
        .poll(facts, { timeout: 10_000 })
        .toEqual(expect.arrayContaining(['lease.made', 'rights.granted', 'rights.revoked', 'lease.removed'].map((type) => `${worker} ${type}`)))
  })

  it('of a worker that is killed are removed by the one in its place, rights of a running statement too, and those of the other live on', async () => {
    const { sessions, accounts } = await two()
    const sessionId = await sessionOf(sessions[0])
    sessions[0].type("UPDATE orders SET status = 'never' FROM pg_sleep(60) WHERE id = 3;")
    await stage.bob.api.approve({ id: await held(sessions[0]) })
    await expect.poll(() => stage.ask(RIGHTS)).toEqual(['app_read', 'app_read', 'app_write'])
    const record = (await stage.erin.api.sessions({ live: true })).find(({ id }) => id === sessionId)
    process.kill(processOf(record?.gateway ?? ''), 'SIGKILL')
    await expect.poll(() => stage.ask(ACCOUNTS), { timeout: 30_000 }).toEqual([accounts[1]])
    expect(await accountOf(sessions[1])).toBe(accounts[1])
    expect(await stage.ask("SELECT id FROM orders WHERE status = 'never'")).toEqual([])
    sessions[0].vanish()
    await sessions[1].quit()
    await gone()
  })

  /** The process of a worker: its number is its argument, and the end of its name. */
  function processOf(worker: string): number {
    const found = workersOf(stage.gateway.child).find((pid) => worker.endsWith(`-w${readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').at(-2)}`))
    if (found === undefined) throw new Error(`there is no process of ${worker}`)
    return found
  }
})

describe('accounts of a gateway with two workers', { timeout: 60_000 }, () => {
  it('that loses power are removed when it starts again, also with fewer workers', async () => {
    await using opened = new AsyncDisposableStack()
    const target = await startPostgres()
    opened.defer(() => target.stop())
    const direct = new pg.Client(target.url('postgres'))
    await direct.connect()
    opened.defer(() => direct.end())
    await direct.query(`CREATE TABLE orders (id int); CREATE SEQUENCE runs; ${ACCOUNTS_SEED}`)
    const accounts = async () => (await direct.query(ACCOUNTS)).rows.length
    const data = mkdtempSync(join(tmpdir(), 'countersign-workers-'))
    opened.defer(() => rmSync(data, { recursive: true }))
    const options = {
      users: { 'alice@example.com': { groups: ['engineering'] }, 'bob@example.com': { groups: ['dba'] } },
      resources: { db: { protocol: 'postgres', url: `postgres://${target.host}:${target.port}/postgres`, ...OWN_ACCOUNTS } },
      policy: POLICY,
      env: { TARGET_PASSWORD: target.password },
      data,
    }
    const first = await startGateway({ ...options, workers: 2 })
    const password = await first.token('alice@example.com')
    for (let each = 0; each < 2; each++) {
      const client = new pg.Client({ ...first.postgres, user: 'alice@example.com', password, database: 'db' })
      client.on('error', () => undefined) // its gateway is about to vanish
      await client.connect()
    }
    await first.crash()
    await first.stop()
    expect(await accounts()).toBe(2)
    const second = await startGateway({ ...options, workers: 1 })
    opened.defer(async () => void (await second.stop()))
    await expect.poll(accounts, { timeout: 30_000 }).toBe(0)
  })
})
