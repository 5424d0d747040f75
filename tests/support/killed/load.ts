import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import type { GatewayProcess } from '../gateway.ts'
import { NEXT_NUMBER, numberOf } from './numbers.ts'

export const ALICE = 'alice@example.com'
export const BOB = 'bob@example.com'

/** Writes on `free` are allowed by policy; on `held` each needs an approval, which is good for these bytes once. */
export const POLICY = `
@id("works") permit (principal in Group::"engineering", action in [Action::"connect", Action::"sql"], resource);
@id("writes") @review("dba") @expires("5m") forbid (principal, action == Action::"sql:write", resource == Resource::"held");
`

export interface Tokens {
  readonly alice: string
  readonly bob: string
}

/** A write that was approved for one use, and may have been sent. */
export interface Approved {
  readonly number: number
  readonly text: string
}

/** What clients knew when the gateway was gone. */
export interface Known {
  /** Their statement, or their COMMIT, was answered. */
  readonly acknowledged: readonly number[]
  /** Approved and not answered: they may have run once. */
  readonly open: readonly Approved[]
}

const SCRIPTS = {
  alone: `${NEXT_NUMBER}INSERT INTO ran VALUES (:number);\n`,
  together: `${NEXT_NUMBER}BEGIN;\nINSERT INTO ran VALUES (:number);\nSELECT count(*) FROM pg_class;\nCOMMIT;\n`,
}
const CLIENTS = 4
/** Clients that have each write approved before they send it; numbered after those of pgbench. */
const APPROVING = 2

/** Works through a gateway until it is gone. Resolves to what is known then. */
export async function load(gateway: GatewayProcess, tokens: Tokens, round: number): Promise<Known> {
  const approving = Array.from({ length: APPROVING }, (_, index) => approvedWrites(gateway, tokens, round, CLIENTS + index))
  const [acknowledged, ...known] = await Promise.all([pgbench(gateway, tokens.alice, round), ...approving])
  return { acknowledged: [...acknowledged, ...known.flatMap((one) => one.acknowledged)], open: known.flatMap((one) => one.open) }
}

/** The numbers of the transactions that pgbench logged, which it does when they are answered. */
async function pgbench({ postgres: { host, port } }: GatewayProcess, token: string, round: number): Promise<readonly number[]> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-killed-load-'))
  const files = Object.entries(SCRIPTS).map(([name, script]) => {
    writeFileSync(join(folder, name), script)
    return `--file=${join(folder, name)}@${name === 'alone' ? 3 : 1}`
  })
  const mode = round % 2 === 0 ? 'simple' : 'prepared'
  const options = [`--client=${CLIENTS}`, '--jobs=1', '--time=60', '--no-vacuum', `--protocol=${mode}`, `--define=round=${round}`, '--define=n=0', '--log']
  const env = { ...process.env, PGPASSWORD: token, PGSSLMODE: 'disable', PGUSER: ALICE, PGHOST: host, PGPORT: String(port), PGDATABASE: 'free' }
  const child = spawn('pgbench', [...options, `--log-prefix=${join(folder, 'log')}`, ...files], { env, stdio: 'ignore' })
  await new Promise<void>((resolve) => child.once('close', () => resolve()))
  const logs = readdirSync(folder).filter((name) => name.startsWith('log'))
  const lines = logs.flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n').slice(0, -1))
  rmSync(folder, { recursive: true })
  return lines.map((line) => {
    const [client, transaction] = line.split(' ').map(Number)
    return numberOf(round, client ?? 0, transaction ?? 0)
  })
}

/** Asks for a write, has it approved, sends it, and begins again. */
async function approvedWrites(gateway: GatewayProcess, tokens: Tokens, round: number, client: number): Promise<Known> {
  const acknowledged: number[] = []
  let open: Approved | null = null
  const [alice, bob] = [gateway.api(tokens.alice), gateway.api(tokens.bob)]
  const connection = clientOf(gateway, tokens.alice)
  try {
    await connection.connect()
    for (let nth = 1; ; nth++) {
      const number = numberOf(round, client, nth)
      const text = `INSERT INTO ran VALUES (${number})`
      const { request } = await alice.ask({ resource: 'held', action: text })
      open = { number, text }
      await bob.approve({ id: request.id })
      await connection.query(text)
      acknowledged.push(number)
      open = null
    }
  } catch {
    return { acknowledged, open: open ? [open] : [] } // the gateway is gone, or refuses
  } finally {
    await connection.end().catch(() => undefined)
  }
}

/** On the resource where each write needs an approval. */
export function clientOf({ postgres: { host, port } }: GatewayProcess, token: string): pg.Client {
  const client = new pg.Client({ host, port, user: ALICE, password: token, database: 'held' })
  client.on('error', () => undefined) // the gateway is killed under it
  return client
}
