import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { quantile } from './figures.ts'
import { processorTime } from './process.ts'
import type { Side } from './side.ts'

const run = promisify(execFile)

export type Mode = 'simple' | 'prepared'

export interface Load {
  readonly mode: Mode
  readonly clients: number
  readonly seconds: number
  /** Transactions a second, of all clients together; as many as they can where nothing is said. */
  readonly rate?: number
  /** A connection for each transaction. */
  readonly connect?: boolean
}

/** What one run of pgbench measured. Latencies are milliseconds, over all its transactions, and without connecting. */
export interface Sample {
  readonly tps: number
  /** Processor time of what stands in between, microseconds a transaction; NaN when nothing does. */
  readonly cpu: number
  readonly p50: number
  readonly p99: number
}

const environment = (side: Side): NodeJS.ProcessEnv => ({ ...process.env, PGPASSWORD: side.password, PGSSLMODE: 'disable', PGCONNECT_TIMEOUT: '10' })

const place = (side: Side): readonly string[] => ['-h', '127.0.0.1', '-p', String(side.port), '-U', side.user]

/** Makes pgbench's own tables; `scale` is 100,000 accounts each. */
export async function initialise(side: Side, scale: number): Promise<void> {
  await run('pgbench', ['--initialize', '--quiet', '--scale', String(scale), ...place(side), side.database], { env: environment(side) })
}

/** `pgbench -S` once. Throws with pgbench's own words when any client was refused or cut. */
export async function pgbench(side: Side, load: Load): Promise<Sample> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-pgbench-'))
  try {
    const before = side.pid === null ? Number.NaN : processorTime(side.pid)
    const { stdout } = await run('pgbench', [...options(load), '--log', `--log-prefix=${join(folder, 'log')}`, ...place(side), side.database], {
      env: environment(side),
    })
    await sleep(load.seconds < 1 ? 0 : SETTLING_MS)
    const after = side.pid === null ? Number.NaN : processorTime(side.pid)
    const tps = Number(/^tps = ([\d.]+)/m.exec(stdout)?.[1])
    const transactions = Number(/^number of transactions actually processed: (\d+)/m.exec(stdout)?.[1])
    if (!(tps > 0 && transactions > 0)) throw new Error(`pgbench against ${side.name} gave no tps:\n${stdout}`)
    return { tps, cpu: (after - before) / transactions, ...latencies(folder) }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The gateway moves its journal into the store a little later; that belongs to what the transactions cost. */
const SETTLING_MS = 500

function options({ mode, clients, seconds, rate, connect = false }: Load): readonly string[] {
  const paced = rate === undefined ? [] : ['--rate', String(rate)]
  return ['-n', '-S', '-M', mode, '-c', String(clients), '-j', '1', ...span(seconds), ...paced, ...(connect ? ['-C'] : [])]
}

/** It counts in whole seconds; less than one is a run that only shows that it works. */
const span = (seconds: number): readonly string[] => (seconds < 1 ? ['-t', '20'] : ['-T', String(Math.round(seconds))])

/** pgbench logs one line a transaction: client, number, microseconds, and more that is not needed here. */
function latencies(folder: string): Pick<Sample, 'p50' | 'p99'> {
  const lines = readdirSync(folder).flatMap((name) => readFileSync(join(folder, name), 'utf8').trimEnd().split('\n'))
  const milliseconds = lines.map((line) => Number(line.split(' ')[2]) / 1000)
  return { p50: quantile(milliseconds, 0.5), p99: quantile(milliseconds, 0.99) }
}
