import type { Load, Sample } from './run.ts'
import type { Side } from './sides.ts'

/** One load, with the samples of every round by side. Sample n of each side was taken in round n, one right after the other. */
export interface Result {
  readonly load: Load
  readonly samples: Readonly<Record<Side['name'], readonly Sample[]>>
}

/** The median of the ratios of single rounds, and how far they lie apart. */
export interface Ratio {
  readonly median: number
  readonly least: number
  readonly most: number
}

/** Throughput, or processor time, of one side in terms of another's, round by round: machines and hours differ, and two runs within seconds hardly do. */
export function ratio(of: readonly Sample[], to: readonly Sample[], what: 'tps' | 'cpu' = 'tps'): Ratio {
  const ratios = of.map((sample, round) => (sample[what] ?? Number.NaN) / (to[round]?.[what] ?? Number.NaN)).toSorted((a, b) => a - b)
  return { median: median(ratios), least: ratios[0] ?? Number.NaN, most: ratios.at(-1) ?? Number.NaN }
}

/** Latency that one side has above another, milliseconds, median over the rounds. */
export function added(of: readonly Sample[], to: readonly Sample[], share: 'p50' | 'p99'): number {
  return median(of.map((sample, round) => sample[share] - (to[round]?.[share] ?? Number.NaN)).toSorted((a, b) => a - b))
}

const median = (sorted: readonly number[]): number => sorted[Math.floor(sorted.length / 2)] ?? Number.NaN

export function markdown(results: readonly Result[], about: readonly string[]): string {
  const rows = results.map(({ load, samples: { direct, pgbouncer, relay, gateway } }) =>
    [
      load.mode,
      load.clients,
      told(ratio(pgbouncer, direct)),
      told(ratio(relay, pgbouncer)),
      `**${told(ratio(gateway, pgbouncer))}**`,
      [pgbouncer, relay, gateway].map((samples) => microseconds(samples)).join(' / '),
      told(ratio(gateway, pgbouncer, 'cpu')),
      `${added(gateway, direct, 'p50').toFixed(2)} ms`,
      `${added(gateway, direct, 'p99').toFixed(2)} ms`,
    ].join(' | '),
  )
  return [
    '# pgbench -S: direct, through PgBouncer, through a bare relay, through the gateway',
    '',
    'Throughput as a ratio, the median of the rounds (least–most). The bar is 0.7 of PgBouncer, and 2 ms added at p99. CPU is the processor time of what',
    'stands in between, all its threads, a transaction: on a shared machine the steadier figure. The bare relay is a Node process that passes bytes unread.',
    '',
    '| protocol | clients | PgBouncer / direct | bare relay / PgBouncer | gateway / PgBouncer | CPU µs: PgBouncer / relay / gateway | CPU, gateway / PgBouncer | added p50 | added p99 |',
    '| --- | --- | --- | --- | --- | --- | --- | --- | --- |',
    ...rows.map((row) => `| ${row} |`),
    '',
    ...about.map((line) => `- ${line}`),
    '',
  ].join('\n')
}

function microseconds(samples: readonly Sample[]): string {
  return median(samples.map(({ cpu }) => cpu ?? Number.NaN).toSorted((a, b) => a - b)).toFixed(0)
}

const told = ({ median: middle, least, most }: Ratio): string => `${middle.toFixed(2)} (${least.toFixed(2)}–${most.toFixed(2)})`
