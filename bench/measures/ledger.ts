import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { startPostgres } from '../../tests/support/postgres.ts'
import { spread } from '../kit/figures.ts'
import { type GatewaySide, gatewaySide } from '../kit/gateway.ts'
import type { Sizes } from '../kit/options.ts'
import { initialise, pgbench, type Sample } from '../kit/pgbench.ts'
import type { Report, Row } from '../kit/report.ts'
import { DATABASE, type Side, type SideName } from '../kit/side.ts'
import { appending } from './ledger/appending.ts'
import { verifying } from './ledger/verifying.ts'

/** The resources of one gateway, each with its durability. */
const DURABILITIES = ['process', 'disk', 'store'] as const
type Way = (typeof DURABILITIES)[number] | 'none'

/** What the record costs: entries a second, time on the wire with each durability, and verifying and proving a long ledger. */
export async function ledger(sizes: Sizes, ways: readonly SideName[]): Promise<Report> {
  if (!ways.includes('gateway')) return { rows: [], about: [] }
  return { rows: [...(await appending(sizes)), ...(await onTheWire(sizes)), ...(await verifying(sizes.entries))], about: ABOUT }
}

const ABOUT = [
  'entries appended: events with a sealed text as pgbench has it, made, sealed, hashed, chained and written; each caller waits for its own before the next. A bare write is the same bytes, once made, written in the same turns: the ratio is what all the rest leaves of it',
  'on the wire: `pgbench -S` through one gateway to three resources that differ in `durability`, and through another whose journal keeps nothing, which only the bench can put in its place; both have the same PostgreSQL for a store. Ratios are to the latter, round by round',
  'verified: a chain of one gateway from a file, every entry parsed, held against its canonical form, hashed and compared. The tree over it is built tile by tile, and a proof is made from tiles and checked',
]

/** One PostgreSQL is the target of all, and the store. */
async function onTheWire({ rounds, seconds, clients, scale }: Sizes): Promise<readonly Row[]> {
  await using stack = new AsyncDisposableStack()
  const server = await startPostgres()
  stack.defer(() => server.stop())
  const target = { ...server, user: server.superuser }
  const direct: Side = {
    name: 'direct',
    pid: null,
    port: server.port,
    user: target.user,
    password: server.password,
    database: DATABASE,
    stop: () => Promise.resolve(),
  }
  await initialise(direct, scale)
  const store = { store: { url: { env: 'BENCH_STORE' } }, env: { BENCH_STORE: server.url(DATABASE) } }
  const open = async (options: Parameters<typeof gatewaySide>[1]): Promise<GatewaySide> => {
    const side = await gatewaySide(target, options)
    stack.defer(() => side.stop())
    return side
  }
  const durable = await open({ ...store, durabilities: DURABILITIES })
  const none = await open({ ...store, env: { ...store.env, NODE_OPTIONS: `--import=${new URL('../kit/without-journal.ts', import.meta.url).href}` } })
  if (readdirSync(join(none.process.data, 'journal')).length > 0) throw new Error('the gateway without a journal has one')
  const sides: Readonly<Record<Way, Side>> = { none, process: through(durable, 'process'), disk: through(durable, 'disk'), store: through(durable, 'store') }
  const rows: Row[] = []
  for (const count of clients)
    rows.push(...compared(`${count} ${count === 1 ? 'client' : 'clients'}`, await inTurns(sides, rounds, { seconds, clients: count })))
  return rows
}

const through = (side: GatewaySide, durability: (typeof DURABILITIES)[number]): Side => ({ ...side, database: durability })

async function inTurns(
  sides: Readonly<Record<Way, Side>>,
  rounds: number,
  load: { readonly seconds: number; readonly clients: number },
): Promise<Readonly<Record<Way, readonly Sample[]>>> {
  const ways = Object.keys(sides) as Way[]
  const samples: Record<Way, Sample[]> = { none: [], process: [], disk: [], store: [] }
  for (const way of ways) await pgbench(sides[way], { mode: 'simple', ...load })
  for (let round = 0; round < rounds; round++) {
    for (const way of [...ways.slice(round % ways.length), ...ways.slice(0, round % ways.length)])
      samples[way].push(await pgbench(sides[way], { mode: 'simple', ...load }))
    console.error(`ledger, ${load.clients} clients, round ${round + 1}: ${ways.map((way) => `${way} ${samples[way].at(-1)?.tps.toFixed(0)} tps`).join(', ')}`)
  }
  return samples
}

function compared(load: string, samples: Readonly<Record<Way, readonly Sample[]>>): readonly Row[] {
  return DURABILITIES.flatMap((way) => {
    const ratios = (of: (sample: Sample) => number) =>
      samples[way].flatMap((sample, round) => {
        const other = samples.none[round]
        return other ? [of(sample) / of(other)] : []
      })
    const row = (measure: string, values: readonly number[]): Row => ({
      measure: `${measure}, ${way}`,
      load,
      unit: '× without journal',
      samples: { gateway: values },
      bars: [],
    })
    const added = samples[way].map(({ p50 }, round) => p50 - (samples.none[round]?.p50 ?? Number.NaN))
    return [
      row(
        'pgbench -S simple',
        ratios(({ tps }) => tps),
      ),
      row(
        'latency p50',
        ratios(({ p50 }) => p50),
      ),
      {
        ...row(
          'latency p99',
          ratios(({ p99 }) => p99),
        ),
        detail: true,
      },
      { measure: `added latency p50, ${way}`, load, unit: 'ms', samples: { gateway: [spread(added).median] }, bars: [], detail: true },
    ]
  })
}
