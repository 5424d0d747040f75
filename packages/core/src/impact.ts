/**
 * What a held change of rows would do, as the target says while nothing of it has happened. What is not known is null, and
 * `because` says why `rows` is not: an estimate is never passed off as a count.
 */
export interface Impact {
  /** Counted: the rows that the statement matched at that moment. */
  readonly rows: number | null
  /** What the target's planner expects. */
  readonly estimate: number | null
  /** True when a unique key is fixed by constants, so that it reaches no more rows than it names. */
  readonly uniqueKey: boolean | null
  /** Names of the triggers that it fires. */
  readonly triggers: readonly string[] | null
  /** Other tables whose rows change with it, and how: `items (ON DELETE CASCADE)`. */
  readonly cascades: readonly string[] | null
  readonly because: string | null
}

/** Nothing is known, and why. */
export function unknownImpact(because: string): Impact {
  return { rows: null, estimate: null, uniqueKey: null, triggers: null, cascades: null, because }
}

/** `3 rows now`, `about 1200 rows`, `rows not known`. */
export function describeRows(impact: Impact | undefined): string {
  if (typeof impact?.rows === 'number') return `${rows(impact.rows)} now`
  return typeof impact?.estimate === 'number' ? `about ${rows(impact.estimate)}` : 'rows not known'
}

const rows = (count: number) => (count === 1 ? '1 row' : `${new Intl.NumberFormat('en').format(count)} rows`)
