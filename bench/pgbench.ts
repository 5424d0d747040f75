import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { missingPrograms } from '../scripts/programs.ts'
import { startPostgres } from '../tests/support/postgres.ts'
import { markdown, type Result } from './pgbench/report.ts'
import { initialise, type Load, measure, type Mode, MODES, type Sample } from './pgbench/run.ts'
import { direct, gateway, pgbouncer, relay, type Side } from './pgbench/sides.ts'

/**
 * `pgbench -S` against one PostgreSQL directly, through PgBouncer, through a relay that reads nothing and through the gateway. They take turns within
 * each round, so that what else the machine does meets all of them; ratios are taken round by round.
 *
 *   node bench/pgbench.ts [--rounds 3] [--seconds 2] [--clients 1,8] [--modes simple,prepared] [--scale 5] [--out bench/results]
 */
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: process.env['BENCH_ROUNDS'] ?? '3' },
    seconds: { type: 'string', default: process.env['BENCH_SECONDS'] ?? '2' },
    clients: { type: 'string', default: process.env['BENCH_CLIENTS'] ?? '1,8' },
    modes: { type: 'string', default: process.env['BENCH_MODES'] ?? 'simple,prepared' },
    scale: { type: 'string', default: process.env['BENCH_SCALE'] ?? '5' },
    out: { type: 'string', default: join(import.meta.dirname, 'results') },
  },
})

const isMode = (text: string): text is Mode => MODES.some((mode) => mode === text)

function loads(): readonly Load[] {
  const modes = values.modes.split(',').map((mode) => {
    if (isMode(mode)) return mode
    throw new Error(`--modes takes ${MODES.join(', ')}, and not ${mode}`)
  })
  return modes.flatMap((mode) => values.clients.split(',').map((clients) => ({ mode, clients: Number(clients), seconds: Number(values.seconds) })))
}

async function judge(load: Load, sides: readonly Side[], rounds: number): Promise<Result> {
  const samples: Record<Side['name'], Sample[]> = { direct: [], pgbouncer: [], relay: [], gateway: [] }
  for (const side of sides) await measure(side, load)
  for (let round = 0; round < rounds; round++) {
    // Whoever goes first differs from round to round.
    for (const side of [...sides.slice(round % sides.length), ...sides.slice(0, round % sides.length)]) samples[side.name].push(await measure(side, load))
    const now = sides.map(({ name }) => `${name} ${(samples[name].at(-1)?.tps ?? 0).toFixed(0)}/s`)
    console.error(`${load.mode}, ${load.clients} clients, round ${round + 1}: ${now.join(', ')}`)
  }
  return { load, samples }
}

async function main(): Promise<void> {
  const missing = missingPrograms(['tests', 'bench'])
  if (missing.length > 0) throw new Error(`missing: ${missing.join(', ')}. "node scripts/setup.ts" as root on Debian brings them`)
  await using stack = new AsyncDisposableStack()
  const server = await startPostgres()
  stack.defer(() => server.stop())
  const sides: Side[] = []
  for (const start of [direct, pgbouncer, relay, gateway]) {
    const side = await start(server)
    stack.defer(() => side.stop())
    sides.push(side)
    if (side.name === 'direct') await initialise(side, Number(values.scale))
  }
  const results: Result[] = []
  for (const load of loads()) results.push(await judge(load, sides, Number(values.rounds)))
  write(results)
}

function write(results: readonly Result[]): void {
  const about = [
    `${values.rounds} rounds of ${values.seconds} s for each way and load, after as long a warm-up; scale ${values.scale}; clients, relays and server on one machine`,
    `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, Node ${process.version}, PostgreSQL 18 without fsync (nothing is written), PgBouncer pooling sessions`,
    'the gateway with its defaults: every statement parsed, judged by policy and journalled before it is forwarded',
  ]
  const text = markdown(results, about)
  mkdirSync(values.out, { recursive: true })
  writeFileSync(join(values.out, 'pgbench.md'), text)
  writeFileSync(join(values.out, 'pgbench.json'), `${JSON.stringify({ about, results }, null, 2)}\n`)
  console.log(text)
}

await main()
