import type { SideName } from './side.ts'

/** One figure of a measure, by side, round by round: sample n of each side was taken in round n, one right after the other. */
export type Samples = Partial<Readonly<Record<SideName, readonly number[]>>>

/** The median of the ratios of single rounds, and how far they lie apart. */
export interface Ratio {
  readonly median: number
  readonly least: number
  readonly most: number
}

/** One side in terms of another, round by round: machines and hours differ, and two runs within seconds hardly do. Null where one of them was not measured. */
export function ratio(of: readonly number[] | undefined, to: readonly number[] | undefined): Ratio | null {
  if (!of || !to) return null
  return spread(of.map((value, round) => value / (to[round] ?? Number.NaN)))
}

export function spread(values: readonly number[]): Ratio {
  const sorted = values.toSorted((a, b) => a - b)
  return { median: median(sorted), least: sorted[0] ?? Number.NaN, most: sorted.at(-1) ?? Number.NaN }
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5)
}

/** The value below which this share of them lies. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}
