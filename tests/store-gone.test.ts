import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type Cable, layCable } from './support/cable.ts'
import { type GatewayProcess, startGateway } from './support/gateway.ts'
import { lacks } from './support/needs.ts'
import { type PostgresServer, startPostgres } from './support/postgres.ts'
import { type Psql, psql } from './support/psql.ts'
import { POLICY } from './support/replicas.ts'
import { held } from './support/stage.ts'

const ALICE = 'alice@example.com'
const BOB = 'bob@example.com'
const WAYS = ['stops', 'falls silent'] as const
type Way = (typeof WAYS)[number]

/** From the last pulse that was answered, half a second before, to the refusal: 2 s; and what a loaded machine adds. */
const REFUSED_MS = 4_500
const CUT_MS = 17_000

describe.skipIf(lacks('psql'))('a store that is gone', () => {
  let server: PostgresServer
  const cables = new Map<Way, Cable>()
  const gateways = new Map<Way, GatewayProcess>()

  beforeAll(async () => {
    server = await startPostgres()
    const setup = new pg.Client(server.url('postgres'))
    await setup.connect()
    await setup.query('CREATE TABLE ran (what text)')
    for (const way of WAYS) {
      const database = `store ${way}`
      await setup.query(`CREATE DATABASE "${database}"`)
      const cable = await layCable(server)
      cables.set(way, cable)
      const url = new URL(server.url(database))
      url.port = String(cable.port)
      gateways.set(way, await startGateway(optionsFor(url.href)))
    }
    await setup.end()
  })

  afterAll(async () => {
    await Promise.all([...gateways.values()].map((gateway) => gateway.stop()))
    await Promise.all([...cables.values()].map((cable) => cable.close()))
    await server?.stop()
  })

  const optionsFor = (storeUrl: string) => ({
    users: { [ALICE]: { groups: ['engineering'] }, [BOB]: { groups: ['dba'], admin: true } },
    resources: {
      db: {
        protocol: 'postgres',
        url: `postgres://${server.host}:${server.port}/postgres`,
        credential: { username: server.superuser, password: { env: 'TARGET_PASSWORD' } },
      },
    },
    policy: POLICY,
    store: { url: { env: 'STORE_URL' } },
    env: { TARGET_PASSWORD: server.password, STORE_URL: storeUrl },
  })

  const of = <T>(map: ReadonlyMap<Way, T>, way: Way): T => {
    const found = map.get(way)
    if (!found) throw new Error(`nothing for ${way}`)
    return found
  }

  it.concurrent.each(WAYS)('refuses, cuts and comes back when it %s', { timeout: 90_000 }, async (way) => {
    const cable = of(cables, way)
    const gateway = of(gateways, way)
    const token = await gateway.token(ALICE)
    const bob = gateway.api(await gateway.token(BOB, { mayReview: true }))
    const connect = () => psql(gateway, ALICE, token, 'db')
    const reading = connect()
    reading.type('SELECT 1;')
    await reading.next(/^1$/m)
    const waiting = connect()
    const write = `INSERT INTO ran VALUES ('${way}');`
    waiting.type(write)
    const id = await held(waiting)

    if (way === 'stops') await cable.pull()
    else cable.freeze()
    const began = performance.now()
    const refusal = await untilSaid(reading, /ERROR/)
    const refusedMs = performance.now() - began
    expect(refusal).toMatch(/the gateway's store (has not answered for \d+ s|does not answer), so nothing new is allowed; try again when it is back/)
    expect(refusedMs).toBeLessThan(REFUSED_MS)

    await vi.waitFor(async () => expect(await readiness(gateway)).toMatchObject(NOT_READY), 10_000)
    expect((await fetch(`${gateway.url}/healthz`)).status).toBe(200)
    const { stderr, code } = await connect().quit()
    expect(stderr).toMatch(/FATAL: {2}the gateway's store has not answered for \d+ s/)
    expect(code).not.toBe(0)
    await expect(bob.requests({})).rejects.toThrow(/store/)

    await waiting.next(/FATAL: {2}terminating connection: the gateway has lost its store, and cannot know what was revoked/, CUT_MS)
    expect(performance.now() - began).toBeLessThan(CUT_MS)
    expect(await untilSaid(reading, /FATAL/)).toContain('terminating connection: the gateway has lost its store')
    await Promise.all([waiting.quit(), reading.quit()])

    await cable.plug()
    await vi.waitFor(async () => expect((await fetch(`${gateway.url}/readyz`)).status).toBe(200), 15_000)
    expect(await bob.request({ id })).toMatchObject({ status: 'pending' })
    const again = connect()
    again.type(write)
    expect(await held(again)).toBe(id)
    await bob.approve({ id })
    await again.next(/INSERT 0 1\n/)
    await vi.waitFor(async () => expect(await bob.sessions({ live: true })).toHaveLength(1), 15_000)
    await again.quit()
  })
})

/** Each process of a gateway feels the store's pulse by itself, so that /readyz may be a moment behind what a worker says. */
const NOT_READY = { status: 503, ready: false, checks: { store: expect.stringMatching(/has not answered/), ledger: 'ok' } }

async function readiness({ url }: GatewayProcess): Promise<object> {
  const answer = await fetch(`${url}/readyz`)
  return { status: answer.status, ...((await answer.json()) as object) }
}

/** Reads go on until the client is told this; what it was told. */
async function untilSaid(session: Psql, what: RegExp): Promise<string> {
  for (;;) {
    session.type('SELECT 7;')
    const [said] = await session.next(/^7$|(ERROR|FATAL): .*\n/m)
    if (what.test(said)) return said
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}
