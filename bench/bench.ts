import { cpus } from 'node:os'
import { missingPrograms } from '../scripts/programs.ts'
import { startPostgres } from '../tests/support/postgres.ts'
import { readOptions, type Sizes } from './kit/options.ts'
import { type Report, write, writeSummary } from './kit/report.ts'
import type { Side, SideName } from './kit/side.ts'
import { openSides } from './kit/sides.ts'
import { bulk } from './measures/bulk.ts'
import { connects } from './measures/connects.ts'
import { cuts } from './measures/cuts.ts'
import { held } from './measures/held.ts'
import { idle } from './measures/idle.ts'
import { ledger } from './measures/ledger.ts'
import { policy } from './measures/policy.ts'
import { queries } from './measures/queries.ts'

/**
 * What the gateway costs, beside direct connections, PgBouncer, HAProxy and a relay in Node that looks at nothing:
 *
 *   npm run bench -- --size full [--only queries,bulk] [--rounds 7] [--clients 1,8,64] [--ways pgbouncer,gateway] [--out FOLDER]
 *
 * `TEST_WORKERS=4` before it gives the gateway so many protocol workers; without it there is one.
 *
 * Every way takes its turn within each round, so that what else the machine does meets all of them; ratios are taken round by round.
 */
const MEASURES: Readonly<Record<Name, { readonly title: string; readonly run: (ground: Ground, sizes: Sizes, ways: readonly SideName[]) => Promise<Report> }>> =
  {
    queries: { title: 'Statements', run: async (ground, sizes) => queries(await ground.sides(), sizes) },
    bulk: { title: 'Large answers', run: async (ground, sizes) => bulk(await ground.sides(), sizes) },
    connects: { title: 'Connecting', run: async (ground, sizes) => connects(await ground.sides(), sizes) },
    idle: { title: 'Idle sessions', run: (_, sizes, ways) => idle(sizes, ways) },
    held: { title: 'Held statements', run: (_, sizes, ways) => held(sizes, ways) },
    policy: { title: 'Many policies', run: (_, sizes, ways) => policy(sizes, ways) },
    cuts: { title: 'Ends', run: (_, sizes, ways) => cuts(sizes, ways) },
    ledger: { title: 'The ledger', run: (_, sizes, ways) => ledger(sizes, ways) },
  }

type Name = 'queries' | 'bulk' | 'connects' | 'idle' | 'held' | 'policy' | 'cuts' | 'ledger'

/** One PostgreSQL and every way to it, for the measures that compare them; started when the first of them asks. */
class Ground {
  readonly #ways: readonly SideName[]
  readonly #stack: AsyncDisposableStack
  #sides: Promise<readonly Side[]> | null = null

  constructor(ways: readonly SideName[], stack: AsyncDisposableStack) {
    this.#ways = ways
    this.#stack = stack
  }

  sides(): Promise<readonly Side[]> {
    return (this.#sides ??= this.#open())
  }

  async #open(): Promise<readonly Side[]> {
    const server = await startPostgres()
    this.#stack.defer(() => server.stop())
    return openSides({ ...server, user: server.superuser }, this.#ways, this.#stack)
  }
}

async function main(): Promise<void> {
  const { sizes, size, only, ways, out } = readOptions(Object.keys(MEASURES) as Name[])
  const missing = missingPrograms(['tests', 'bench']).filter((name) => name === 'pgbench' || ways.some((way) => way === name))
  if (missing.length > 0) throw new Error(`missing: ${missing.join(', ')}. "node scripts/setup.ts" as root on Debian brings them`)
  const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, Node ${process.version}; clients, relays and server share it`
  process.once('SIGINT', () => process.exit(130)) // whoever has started something ends it then
  process.setMaxListeners(0) // and that is many
  await using stack = new AsyncDisposableStack()
  const ground = new Ground(ways, stack)
  for (const name of only) {
    const { title, run } = MEASURES[name]
    const { rows, about } = await run(ground, sizes, ways)
    const rounds = `size ${size}: ${sizes.rounds} rounds, after one to warm up`
    console.log(write(out, name, title, { rows, about: [...about, rounds, machine] }))
  }
  writeSummary(out, Object.keys(MEASURES))
}

await main()
