import { cpus } from 'node:os'
import { missingPrograms } from '../scripts/programs.ts'
import { startPostgres } from '../tests/support/postgres.ts'
import { readOptions, type Sizes } from './kit/options.ts'
import { type Report, write, writeSummary } from './kit/report.ts'
import { openSides, type Side, type SideName } from './kit/sides.ts'
import { bulk } from './measures/bulk.ts'
import { connects } from './measures/connects.ts'
import { queries } from './measures/queries.ts'

/**
 * What the gateway costs, beside direct connections, PgBouncer, HAProxy and a relay in Node that looks at nothing:
 *
 *   npm run bench -- --size full [--only queries,bulk] [--rounds 7] [--clients 1,8,64] [--ways pgbouncer,gateway] [--out FOLDER]
 *
 * Every way takes its turn within each round, so that what else the machine does meets all of them; ratios are taken round by round.
 */
const MEASURES = {
  queries: { title: 'Statements', run: onSides(queries) },
  bulk: { title: 'Large answers', run: onSides(bulk) },
  connects: { title: 'Connecting', run: onSides(connects) },
} as const satisfies Record<string, { readonly title: string; run: Measure }>

type Measure = (sizes: Sizes, ways: readonly SideName[]) => Promise<Report>
type Name = keyof typeof MEASURES

/** Runs a measure with every way to one PostgreSQL open. */
function onSides(measure: (sides: readonly Side[], sizes: Sizes) => Promise<Report>): Measure {
  return async (sizes, ways) => {
    await using stack = new AsyncDisposableStack()
    const server = await startPostgres()
    stack.defer(() => server.stop())
    const sides = await openSides({ ...server, user: server.superuser }, ways, stack)
    return await measure(sides, sizes)
  }
}

async function main(): Promise<void> {
  const { sizes, size, only, ways, out } = readOptions(Object.keys(MEASURES) as Name[])
  const missing = missingPrograms(['tests', 'bench']).filter((name) => name === 'pgbench' || ways.some((way) => way === name))
  if (missing.length > 0) throw new Error(`missing: ${missing.join(', ')}. "node scripts/setup.ts" as root on Debian brings them`)
  const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, Node ${process.version}; clients, relays and server share it`
  for (const name of only) {
    const { title, run } = MEASURES[name]
    const { rows, about } = await run(sizes, ways)
    const rounds = `size ${size}: ${sizes.rounds} rounds, after one to warm up`
    console.log(write(out, name, title, { rows, about: [...about, rounds, machine] }))
  }
  writeSummary(out, Object.keys(MEASURES))
}

await main()
