import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { Side } from './sides.ts'

const run = promisify(execFile)

export const MODES = ['simple', 'extended', 'prepared'] as const
export type Mode = (typeof MODES)[number]

export interface Load {
  readonly mode: Mode
  readonly clients: number
  readonly seconds: number
}

/** What one run of pgbench measured. Latencies are milliseconds, over all its transactions. */
export interface Sample {
  readonly tps: number
  /** Processor time of what stands in between, all its threads, microseconds a transaction; null when nothing does. */
  readonly cpu: number | null
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
export async function measure(side: Side, { mode, clients, seconds }: Load): Promise<Sample> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-pgbench-'))
  try {
    const options = ['-n', '-S', '-M', mode, '-c', String(clients), '-j', '1', '-T', String(seconds), '--log', `--log-prefix=${join(folder, 'log')}`]
    const before = processorTime(side)
    const { stdout } = await run('pgbench', [...options, ...place(side), side.database], { env: environment(side) })
    await sleep(SETTLING_MS)
    const after = processorTime(side)
    const tps = Number(/^tps = ([\d.]+)/m.exec(stdout)?.[1])
    const transactions = Number(/^number of transactions actually processed: (\d+)/m.exec(stdout)?.[1])
    if (!(tps > 0 && transactions > 0)) throw new Error(`pgbench against ${side.name} gave no tps:\n${stdout}`)
    return { tps, cpu: before === null || after === null ? null : (after - before) / transactions, ...latencies(folder) }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The gateway moves its journal into the store a little later; that belongs to what the transactions cost. */
const SETTLING_MS = 500

/** In microseconds, from proc_pid_stat(5): utime and stime are its fields 14 and 15, in ticks of 10 ms. */
function processorTime({ pid }: Side): number | null {
  if (pid === null) return null
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10_000
}

/** pgbench logs one line a transaction: client, number, microseconds, and more that is not needed here. */
function latencies(folder: string): Pick<Sample, 'p50' | 'p99'> {
  const lines = readdirSync(folder).flatMap((name) => readFileSync(join(folder, name), 'utf8').trimEnd().split('\n'))
  const sorted = Float64Array.from(lines, (line) => Number(line.split(' ')[2]) / 1000).toSorted()
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
  return { p50: at(0.5), p99: at(0.99) }
}
