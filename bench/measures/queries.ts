import type { Sizes } from '../kit/options.ts'
import { initialise, type Load, pgbench, type Sample } from '../kit/pgbench.ts'
import { spread } from '../kit/figures.ts'
import { against, atMost, type Report, type Row } from '../kit/report.ts'
import { inTurn, pluck } from '../kit/rounds.ts'
import type { Side } from '../kit/side.ts'

/** A rate that leaves every side time: what a statement then takes longer is what the gateway does to it, and not how long the queue before it is. */
const PACED = { clients: 8, rate: 500 } as const

/** `pgbench -S`: how many statements a second, and how much later each is answered. */
export async function queries(sides: readonly Side[], { rounds, seconds, clients, scale }: Sizes): Promise<Report> {
  const [direct] = sides
  if (direct) await initialise(direct, scale)
  const rows: Row[] = []
  for (const mode of ['simple', 'prepared'] as const) {
    for (const count of clients) rows.push(...(await asManyAsCan(sides, rounds, { mode, clients: count, seconds })))
    rows.push(await paced(sides, rounds, { mode, seconds, ...PACED }))
  }
  return {
    rows,
    about: [
      'CPU is the processor time of what stands in between, all its threads and processes, a transaction: on a shared machine the steadier figure',
      `latency is measured at ${PACED.rate} transactions a second from ${PACED.clients} clients, which every way can serve; its bar is about what is above direct`,
    ],
  }
}

async function asManyAsCan(sides: readonly Side[], rounds: number, load: Load): Promise<readonly Row[]> {
  const named = `pgbench -S ${load.mode}`
  const samples = await inTurn(
    sides,
    rounds,
    (side) => pgbench(side, load),
    ({ tps }) => `${tps.toFixed(0)}/s`,
    `${named}, ${load.clients} clients`,
  )
  const tps = pluck(samples, (sample) => sample.tps)
  const { direct: _, ...cpu } = pluck(samples, (sample) => sample.cpu)
  const about = { measure: named, load: clientsOf(load) }
  return [
    { ...about, unit: 'transactions/s', samples: tps, bars: against(tps, 'pgbouncer', 0.7) },
    { ...about, measure: 'its CPU', unit: 'µs a transaction', samples: cpu, bars: [], detail: true },
  ]
}

async function paced(sides: readonly Side[], rounds: number, load: Load): Promise<Row> {
  const samples = await inTurn(
    sides,
    rounds,
    (side) => pgbench(side, load),
    ({ p99 }) => `p99 ${p99.toFixed(2)} ms`,
    `${load.mode}, ${load.rate}/s`,
  )
  return {
    measure: `latency p99, ${load.mode}`,
    load: `${clientsOf(load)}, ${load.rate}/s`,
    unit: 'ms',
    samples: pluck(samples, ({ p99 }) => p99),
    bars: [atMost(spread(added(samples.gateway, samples.direct)), 2, 'ms', 'added ')],
  }
}

const added = (of: readonly Sample[] = [], to: readonly Sample[] = []): readonly number[] => of.map(({ p99 }, round) => p99 - (to[round]?.p99 ?? Number.NaN))

const clientsOf = ({ clients }: Load) => (clients === 1 ? '1 client' : `${clients} clients`)
