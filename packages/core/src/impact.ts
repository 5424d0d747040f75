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
  /** Columns that it gives values, `*` for all of them, and columns that decide which rows it reaches; as the statement names them. */
  readonly sets: readonly string[] | null
  readonly where: readonly string[] | null
  /** What its transaction holds while it waits, and other sessions that wait for that, both in words. Empty outside a transaction. */
  readonly locks: readonly string[] | null
  readonly waiting: readonly string[] | null
  readonly because: string | null
}

/** Of one of several statements; locks are those of their transaction. */
export type OwnImpact = Omit<Impact, 'locks' | 'waiting'>

/** Nothing is known, and why. */
export function unknownImpact(because: string): Impact {
  return { rows: null, estimate: null, uniqueKey: null, triggers: null, cascades: null, sets: null, where: null, locks: null, waiting: null, because }
}

/** Of several statements, which may change the rows of each other: what is not known of one of them is not known of all. */
export function impactOfAll(each: readonly Impact[], because: string): Impact {
  const all = <T>(values: readonly (T | null)[]): readonly T[] | null => (values.every((value) => value !== null) ? values : null)
  const union = (lists: readonly (readonly string[] | null)[]) =>
    all(lists)
      ?.flat()
      .filter((name, index, names) => names.indexOf(name) === index) ?? null
  return {
    rows: null,
    estimate: all(each.map(({ estimate }) => estimate))?.reduce((sum, estimate) => sum + estimate, 0) ?? null,
    uniqueKey: all(each.map(({ uniqueKey }) => uniqueKey))?.every(Boolean) ?? null,
    triggers: union(each.map(({ triggers }) => triggers)),
    cascades: union(each.map(({ cascades }) => cascades)),
    sets: union(each.map(({ sets }) => sets)),
    where: union(each.map(({ where }) => where)),
    locks: union(each.map(({ locks }) => locks)),
    waiting: union(each.map(({ waiting }) => waiting)),
    because,
  }
}

/** `3 rows now`, `about 1200 rows`, `rows not known`. */
export function describeRows(impact: Impact | undefined): string {
  if (typeof impact?.rows === 'number') return `${rows(impact.rows)} now`
  return typeof impact?.estimate === 'number' ? `about ${rows(impact.estimate)}` : 'rows not known'
}

const rows = (count: number) => (count === 1 ? '1 row' : `${new Intl.NumberFormat('en').format(count)} rows`)
