import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { RecordingLine } from '@countersign/contract/schemas/recording'
import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type GatewayOptions, type GatewayProcess, startGateway } from './support/gateway.ts'
import { countersign, entriesOf } from './support/ledger.ts'
import { type PostgresServer, startPostgres } from './support/postgres.ts'
import { POLICY } from './support/replicas.ts'

/** How often the gateway is killed; a night may have more. */
const KILLS = Number(process.env['KILLS'] ?? 2)
const ALICE = 'alice@example.com'

let server: PostgresServer
let data: string
let kept: string
let gateway: GatewayProcess

beforeAll(async () => {
  server = await startPostgres()
  data = mkdtempSync(join(tmpdir(), 'countersign-recordings-'))
  kept = join(data, 'kept')
})

afterAll(async () => {
  await gateway?.stop()
  await server?.stop()
  rmSync(data, { recursive: true, force: true })
})

const options = (workers: number): GatewayOptions => ({
  users: { [ALICE]: { groups: ['engineering'] }, 'bob@example.com': { groups: ['dba'] } },
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
  workers,
  recordings: { directory: kept },
})

/** Sessions that come, ask and go, until the gateway is gone. */
async function traffic(token: string, gone: AbortSignal): Promise<void> {
  for (let round = 0; !gone.aborted; round += 1) {
    const client = new pg.Client({ ...gateway.postgres, user: ALICE, password: token, database: 'db' })
    client.on('error', () => undefined)
    try {
      await client.connect()
      for (let statement = 0; statement < 5; statement += 1) await client.query(`SELECT ${round}, ${statement}`)
      await client.end()
    } catch (error) {
      if (!gone.aborted) throw error
    }
  }
}

async function disturb(workers: number, ms: number): Promise<void> {
  gateway = await startGateway(options(workers))
  const token = await gateway.token(ALICE)
  const gone = new AbortController()
  const busy = Promise.all([traffic(token, gone.signal), traffic(token, gone.signal)])
  await sleep(ms)
  gone.abort()
  await gateway.stop('SIGKILL')
  await busy
}

const text = (value: unknown) => (typeof value === 'string' ? value : '')

it('of a gateway that is killed again and again every session has one recording, with all that the ledger has of it', async () => {
  for (let kill = 0; kill < KILLS; kill += 1) await disturb(1 + (kill % 2), 500 + 700 * Math.random())
  gateway = await startGateway(options(1)) // whose workers of before are retired
  const sessions = () => new Set(entriesOf(data).flatMap(({ type, body }) => (type === 'session.started' ? [text(body['session'])] : [])))
  const recorded = () => entriesOf(data).flatMap(({ type, body }) => (type === 'recording.finished' ? [text(body['session'])] : []))
  await expect.poll(() => new Set(recorded()), { timeout: 30_000 }).toEqual(sessions())
  expect(recorded()).toHaveLength(sessions().size)
  expect(readdirSync(kept)).toHaveLength(sessions().size)

  const told = new Map<string, number>()
  const runs = entriesOf(data).flatMap(({ type, body: { run } }) => (type.startsWith('action.') && typeof run === 'string' ? [run] : []))
  for (const run of runs) told.set(run, (told.get(run) ?? 0) + 1)
  const has = new Map<string, number>()
  for (const session of recorded()) {
    const lines: RecordingLine[] = []
    for await (const line of gateway.api().recording({ session })) lines.push(line)
    expect([lines[0]?.line, lines.at(-1)?.line]).toEqual(['begin', 'end'])
    for (const line of lines) if ('run' in line) has.set(line.run, (has.get(line.run) ?? 0) + 1)
  }
  expect(has).toEqual(told)
  const { code, stdout } = await countersign(['ledger', 'verify', '--data', data, '--recordings', kept, '--json'])
  expect(JSON.parse(stdout)).toMatchObject({ ok: true, recordings: { good: sessions().size, bad: [], unknown: [] } })
  expect(code).toBe(0)
}, 120_000)
