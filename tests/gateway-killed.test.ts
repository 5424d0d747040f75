import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type GatewayOptions, type GatewayProcess, startGateway, WORKERS } from './support/gateway.ts'
import { entriesOf, textsIn, verify } from './support/ledger.ts'
import { lacks } from './support/needs.ts'
import { type PostgresServer, startPostgres } from './support/postgres.ts'
import { psql } from './support/psql.ts'
import { POLICY } from './support/replicas.ts'
import { held } from './support/stage.ts'

const ALICE = 'alice@example.com'

/** A worker outlives its gateway for a moment, cancels what runs, and hears what became of it. */
const OUTCOME =
  WORKERS > 1 ? { result: expect.stringMatching(/^(failed|unknown)$/) } : { result: 'unknown', summary: 'the gateway ended before the outcome was known' }
/** Its store is gone with the gateway, so that its successor closes its sessions. */
const RESTARTED = WORKERS > 1 ? 'the worker was restarted' : 'the gateway was restarted'

describe.skipIf(lacks('psql'))('a gateway that is killed with -9', { timeout: 60_000 }, () => {
  let server: PostgresServer
  let direct: pg.Pool
  let data: string
  let gateway: GatewayProcess

  const options = (): GatewayOptions => ({
    users: { [ALICE]: { groups: ['engineering'] }, 'bob@example.com': { groups: ['dba'], admin: true } },
    resources: {
      db: {
        protocol: 'postgres',
        url: `postgres://${server.host}:${server.port}/postgres`,
        credential: { username: server.superuser, password: { env: 'TARGET_PASSWORD' } },
      },
    },
    policy: POLICY,
    env: { TARGET_PASSWORD: server.password },
    data,
  })

  beforeAll(async () => {
    server = await startPostgres()
    direct = new pg.Pool({ connectionString: server.url('postgres'), max: 1 })
    direct.on('error', () => undefined) // the server may stop before it has hung up
    await direct.query('CREATE TABLE ran (what text)')
    data = mkdtempSync(join(tmpdir(), 'countersign-killed-'))
    gateway = await startGateway(options())
  })

  afterAll(async () => {
    await gateway?.stop()
    await direct?.end()
    await server?.stop()
    rmSync(data, { recursive: true, force: true })
  })

  const ran = async (what: string) => (await direct.query('SELECT 1 FROM ran WHERE what = $1', [what])).rows.length

  async function killAndRestart() {
    await gateway.stop('SIGKILL')
    gateway = await startGateway(options())
  }

  it('loses no request, runs nothing twice, and writes down what it does not know', async () => {
    const token = await gateway.token(ALICE)
    const bobsToken = await gateway.token('bob@example.com', { mayReview: true })
    const bob = () => gateway.api(bobsToken)
    const connect = () => psql(gateway, ALICE, token, 'db')
    const waiting = connect()
    waiting.type("INSERT INTO ran VALUES ('held');")
    const heldId = await held(waiting)
    const running = connect()
    running.type("INSERT INTO ran SELECT 'approved' FROM pg_sleep(2);")
    const runningId = await held(running)
    await bob().approve({ id: runningId })
    await vi.waitFor(async () =>
      expect(
        (await direct.query("SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%pg_sleep(2)%' AND pid <> pg_backend_pid()")).rows,
      ).toHaveLength(1),
    )
    const before = await bob().sessions({ live: true })
    expect(before).toHaveLength(2)

    await killAndRestart()
    await Promise.all([waiting.quit(), running.quit()])
    // It may have been killed with a tree that it had not signed yet: its successor does.
    await vi.waitFor(async () => expect(await verify(data)).toMatchObject({ ok: true }), { timeout: 20_000 })
    expect(await bob().request({ id: heldId })).toMatchObject({ status: 'pending' })
    expect(await bob().sessions({ live: true })).toEqual([])
    for (const { id } of before) expect((await bob().sessions({})).find((session) => session.id === id)).toMatchObject({ endReason: RESTARTED })

    const entries = entriesOf(data)
    const started = entries.filter(({ type, body }) => type === 'action.started' && JSON.stringify(body['requests']) === JSON.stringify([runningId]))
    expect(started).toHaveLength(1)
    const outcomes = entries.filter(({ type, body }) => type === 'action.finished' && body['run'] === started[0]?.body['run'])
    expect(outcomes).toMatchObject([{ body: OUTCOME }])
    // And so does the page of the request.
    await vi.waitFor(async () => expect((await bob().requestContext({ id: runningId })).runs).toMatchObject({ count: 1, latest: [OUTCOME] }))
    // A worker says it when its gateway is gone, and its successor where nobody has.
    const ended = entries.flatMap(({ type, body }) => (type === 'session.ended' ? [body['session']] : []))
    const ids = before.map(({ id }) => id)
    expect(ids.map((id) => ended.filter((each) => each === id).length)).toEqual([1, 1])

    // What it was good for is used up, whatever became of it: the same bytes are asked for anew.
    const again = connect()
    again.type("INSERT INTO ran SELECT 'approved' FROM pg_sleep(2);")
    expect(await held(again)).not.toBe(runningId)
    again.interrupt()
    await again.next(/withdrawn/)
    await again.quit()
    expect(await ran('approved')).toBeLessThanOrEqual(1)

    // And what was held is approved, and runs once.
    await bob().approve({ id: heldId })
    const retry = connect()
    retry.type("INSERT INTO ran VALUES ('held');")
    await retry.next(/INSERT 0 1\n/)
    await retry.quit()
    expect(await ran('held')).toBe(1)
  })

  it(
    'in the middle of many, time and again: nothing that was acknowledged is missing from the ledger, and nothing runs twice',
    { timeout: 60_000 },
    async () => {
      for (let round = 0; round < 4; round++) {
        const token = await gateway.token(ALICE)
        const bob = gateway.api(await gateway.token('bob@example.com', { mayReview: true }))
        const sessions = Array.from({ length: 4 }, () => psql(gateway, ALICE, token, 'db'))
        sessions.forEach((session, index) => session.type(`INSERT INTO ran VALUES ('round ${round} ${index}');`))
        const ids = await Promise.all(sessions.map(held))
        const approved = ids.map((id) => bob.approve({ id }).catch(() => null))
        await new Promise((resolve) => setTimeout(resolve, round * 15))
        await killAndRestart()
        await Promise.all([...approved, ...sessions.map((session) => session.quit())])
        const entries = entriesOf(data)
        for (const [index, session] of sessions.entries()) {
          const what = `round ${round} ${index}`
          const runs = entries.filter(({ type, body }) => type === 'action.started' && JSON.stringify(body['requests']) === JSON.stringify([ids[index]]))
          expect(runs.length).toBeLessThanOrEqual(1)
          expect(await ran(what)).toBeLessThanOrEqual(runs.length)
          if (session.output().includes('INSERT 0 1')) expect(runs).toHaveLength(1)
        }
        expect(await verify(data)).toMatchObject({ ok: true })
      }
    },
  )

  it('while statements run that nobody reviews: each that was answered is in the ledger with its text, and every start has an end', async () => {
    const token = await gateway.token(ALICE)
    const answered: string[] = []
    const asking = Array.from({ length: 6 }, async (_, client) => {
      const { host, port } = gateway.postgres
      const own = new pg.Client({ host, port, user: ALICE, password: token, database: 'db' })
      own.on('error', () => undefined) // the gateway is killed under it
      await own.connect()
      for (let number = client * 1_000_000; ; number++) {
        const text = `SELECT ${number}`
        const rows = await own.query(text).catch(() => null)
        if (rows === null) return
        answered.push(text)
      }
    })
    await vi.waitFor(() => expect(answered.length).toBeGreaterThan(300), { timeout: 15_000 })
    await killAndRestart()
    await Promise.all(asking)

    expect(await verify(data)).toMatchObject({ ok: true })
    const texts = new Set(textsIn(data))
    expect(answered.filter((text) => !texts.has(text))).toEqual([])
    const runs = (type: string) => entriesOf(data).flatMap((entry) => (entry.type === type ? [JSON.stringify(entry.body['run'])] : []))
    expect(runs('action.finished').toSorted()).toEqual(runs('action.started').toSorted())
  })
})
