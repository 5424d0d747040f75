import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type GatewayOptions, startGateway } from './support/gateway.ts'
import { entriesOf, verify } from './support/ledger.ts'
import { lacks } from './support/needs.ts'
import { type PostgresServer, startPostgres } from './support/postgres.ts'
import { psql } from './support/psql.ts'
import { held } from './support/stage.ts'

const ALICE = 'alice@example.com'
const CAROL = 'carol@example.com'
const BOB = 'bob@example.com'
const POLICY = `
@id("reads") permit (principal in Group::"engineering", action in [Action::"connect", Action::"sql:read"], resource);
@id("writes") @review("dba") @expires("5m") permit (principal in Group::"engineering", action == Action::"sql:write", resource);
@id("guests") @review("dba") @expires("5m") permit (principal in Group::"guests", action in [Action::"connect", Action::"sql:read"], resource);
`

describe.skipIf(lacks('psql'))('a gateway that is told to stop', () => {
  let server: PostgresServer
  let direct: pg.Pool

  beforeAll(async () => {
    server = await startPostgres()
    direct = new pg.Pool({ connectionString: server.url('postgres'), max: 1 })
    direct.on('error', () => undefined) // the server may stop before it has hung up
    await direct.query('CREATE TABLE ran (what text)')
  })

  afterAll(async () => {
    await direct?.end()
    await server?.stop()
  })

  const options = (data: string): GatewayOptions => ({
    users: { [ALICE]: { groups: ['engineering'] }, [CAROL]: { groups: ['guests'] }, [BOB]: { groups: ['dba'], admin: true } },
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

  it.each(['SIGTERM', 'SIGINT'] as const)('by %s tells everybody, leaves nothing, and loses nothing that was held', async (signal) => {
    const data = mkdtempSync(join(tmpdir(), 'countersign-stops-'))
    try {
      const gateway = await startGateway(options(data))
      const [alice, carol, bob] = [await gateway.token(ALICE), await gateway.token(CAROL), await gateway.token(BOB, { mayReview: true })]
      const idle = psql(gateway, ALICE, alice, 'db')
      idle.type('SELECT 1;')
      await idle.next(/^1$/m)
      const running = psql(gateway, ALICE, alice, 'db')
      running.type('SELECT pg_sleep(30);')
      const waiting = psql(gateway, ALICE, alice, 'db')
      const write = `INSERT INTO ran VALUES ('${signal}');`
      waiting.type(write)
      const id = await held(waiting)
      const knocking = psql(gateway, CAROL, carol, 'db')
      const knockId = await held(knocking)
      const stalled = connect(gateway.postgres)
      stalled.on('error', () => undefined)

      expect(await gateway.stop(signal)).toBe(0) // one that is still there after ten seconds is killed, and has no exit code
      await waiting.next(/FATAL: {2}terminating connection: the gateway is shutting down; what is held stays held, run it again when it is back/)
      await running.next(/FATAL: {2}terminating connection: the gateway is shutting down/)
      await knocking.next(new RegExp(`FATAL: {2}the gateway is shutting down; ${knockId} stays held, connect again when it is back`))
      idle.type('SELECT 2;')
      await idle.next(/FATAL: {2}terminating connection: the gateway is shutting down/)
      await Promise.all([idle, running, waiting, knocking].map((session) => session.quit()))
      stalled.destroy()

      expect(existsSync(join(data, 'admin.sock'))).toBe(false)
      await expect(dialled(gateway.postgres)).resolves.toBe('ECONNREFUSED')
      await expect(dialled({ host: '127.0.0.1', port: Number(new URL(gateway.url).port) })).resolves.toBe('ECONNREFUSED')
      expect((await direct.query("SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'countersign:%'")).rows).toEqual([])

      const entries = entriesOf(data)
      expect(entries.at(-1)?.type).toBe('gateway.stopped')
      const runsOf = (wanted: string) => entries.filter(({ type }) => type === wanted).map(({ body }) => JSON.stringify(body['run']))
      expect(runsOf('action.finished').toSorted()).toEqual(runsOf('action.started').toSorted())
      expect(entries.filter(({ type }) => type === 'session.ended')).toHaveLength(entries.filter(({ type }) => type === 'session.started').length)
      expect(await verify(data)).toMatchObject({ ok: true })

      const back = await startGateway(options(data))
      try {
        const reviewer = back.api(bob)
        expect(await reviewer.sessions({ live: true })).toEqual([])
        expect((await reviewer.requests({ inbox: true })).map((request) => request.id).toSorted()).toEqual([id, knockId].toSorted())
        await reviewer.approve({ id })
        const again = psql(back, ALICE, alice, 'db')
        again.type(write)
        await again.next(/INSERT 0 1\n/)
        await again.quit()
        expect((await direct.query('SELECT 1 FROM ran WHERE what = $1', [signal])).rows).toHaveLength(1)
      } finally {
        await back.stop()
      }
    } finally {
      rmSync(data, { recursive: true, force: true })
    }
  })
})

/** What became of an attempt to connect. */
function dialled(address: { readonly host: string; readonly port: number }): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect(address, () => {
      socket.destroy()
      resolve('connected')
    })
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code))
  })
}
