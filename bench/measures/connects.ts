import { LightClient } from '../kit/client.ts'
import { quantile } from '../kit/figures.ts'
import type { Sizes } from '../kit/options.ts'
import { processorTime } from '../kit/process.ts'
import { against, type Report, type Row } from '../kit/report.ts'
import { inTurn, pluck } from '../kit/rounds.ts'
import type { Side } from '../kit/side.ts'

/** Connect, log in by SCRAM, one statement, hang up: how many a second, and how long each takes. */
export async function connects(sides: readonly Side[], { rounds, seconds, clients }: Sizes): Promise<Report> {
  const rows: Row[] = []
  for (const count of clients) rows.push(...(await inParallel(sides, rounds, count, seconds)))
  return {
    rows,
    about: [
      'connecting is by SCRAM on every leg. PgBouncer gives its clients backends that are logged in already; the gateway opens a new one for each, because none is ever shared between principals, and so do HAProxy and the relay',
    ],
  }
}

interface Sample {
  readonly rate: number
  readonly cpu: number
  readonly p50: number
  readonly p99: number
}

async function inParallel(sides: readonly Side[], rounds: number, count: number, seconds: number): Promise<readonly Row[]> {
  const samples = await inTurn(
    sides,
    rounds,
    (side) => comeAndGo(side, count, seconds),
    ({ rate }) => `${rate.toFixed(0)}/s`,
    `connect, ${count} at once`,
  )
  const of = (what: keyof Sample) => pluck(samples, (sample) => sample[what])
  const load = `${count} at once`
  const { direct: _, ...cpu } = of('cpu')
  return [
    { measure: 'connect', load, unit: 'connections/s', samples: of('rate'), bars: [...against(of('rate'), 'pgbouncer', 0.7)] },
    { measure: 'its p50', load, unit: 'ms', samples: of('p50'), bars: [], detail: true },
    { measure: 'its p99', load, unit: 'ms', samples: of('p99'), bars: [], detail: true },
    { measure: 'its CPU', load, unit: 'µs a connection', samples: cpu, bars: [], detail: true },
  ]
}

async function comeAndGo(side: Side, count: number, seconds: number): Promise<Sample> {
  const took: number[] = []
  const cpu = side.pid === null ? Number.NaN : processorTime(side.pid)
  const start = performance.now()
  const until = start + seconds * 1000
  await Promise.all(
    Array.from({ length: count }, async () => {
      while (performance.now() < until) {
        const before = performance.now()
        const client = await LightClient.login(side)
        await client.run('SELECT 1')
        client.hangUp()
        took.push(performance.now() - before)
      }
    }),
  )
  const elapsed = (performance.now() - start) / 1000
  const spent = side.pid === null ? Number.NaN : processorTime(side.pid) - cpu
  return { rate: took.length / elapsed, cpu: spent / took.length, p50: quantile(took, 0.5), p99: quantile(took, 0.99) }
}
