import { type Scope, scopeIncludes, type Statement } from './action.ts'
import { DomainError } from './error.ts'

/**
 * What an approval covers, widest last: exactly these bytes once, the same statement with other parameters, or an
 * action type for a while.
 */
export type Coverage =
  | { readonly kind: 'exact'; readonly digest: string }
  | { readonly kind: 'shape'; readonly fingerprint: string; readonly maxRows: number | null }
  | { readonly kind: 'scope'; readonly scope: Scope }

/** The widest coverage, and the longest time in milliseconds, that policy lets a reviewer give (`@grants`). */
export type Ceiling = { readonly kind: 'once' } | { readonly kind: 'shape' } | { readonly kind: 'duration'; readonly ms: number }

/** Without `@grants` an approval is good for these bytes, once. */
export const DEFAULT_CEILING: Ceiling = { kind: 'once' }

const WIDTH = { once: 0, shape: 1, duration: 2 } as const

/** The narrower of two ceilings; of two durations the shorter. */
export function narrower(a: Ceiling, b: Ceiling): Ceiling {
  if (a.kind === 'duration' && b.kind === 'duration') return a.ms <= b.ms ? a : b
  return WIDTH[a.kind] <= WIDTH[b.kind] ? a : b
}

/** What one reviewer gives: no more than was asked or than the ceiling, and as much less as he likes. */
export type Given = { readonly kind: 'once' } | { readonly kind: 'shape'; readonly maxRows: number | null } | { readonly kind: 'duration'; readonly ms: number }

/** Throws `too-wide` when a reviewer gives more than policy's ceiling. */
export function assertWithin(given: Given, ceiling: Ceiling): void {
  const tooLong = given.kind === 'duration' && ceiling.kind === 'duration' && given.ms > ceiling.ms
  if (WIDTH[given.kind] > WIDTH[ceiling.kind] || tooLong) throw new DomainError('too-wide', `policy grants at most ${describeCeiling(ceiling)} here`)
}

export function describeCeiling(ceiling: Ceiling): string {
  return ceiling.kind === 'duration' ? formatDuration(ceiling.ms) : ceiling.kind === 'once' ? 'once' : 'this shape'
}

/** True when `coverage` includes this statement of an action whose digest is `digest`. Unknown rows are never within a bound. */
export function includes(coverage: Coverage, digest: string, statement: Statement): boolean {
  switch (coverage.kind) {
    case 'exact':
      return coverage.digest === digest
    case 'shape':
      return (
        statement.fingerprint !== null &&
        coverage.fingerprint === statement.fingerprint &&
        (coverage.maxRows === null || (statement.facts.rowsKnown && statement.facts.rows <= coverage.maxRows))
      )
    case 'scope':
      return scopeIncludes(coverage.scope, statement.type)
  }
}

export function describeCoverage(coverage: Coverage): string {
  switch (coverage.kind) {
    case 'exact':
      return 'exactly this action'
    case 'shape':
      return coverage.maxRows === null ? 'this shape' : `this shape, ${coverage.maxRows} rows at most`
    case 'scope':
      return coverage.scope
  }
}

const UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** `500ms`, `90s`, `30m`, `8h`, `40d` in milliseconds; null when the text is none of them or zero. */
export function parseDuration(text: string): number | null {
  const match = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text.trim())
  if (!match) return null
  const ms = Number(match[1]) * UNITS[match[2] as keyof typeof UNITS]
  return ms > 0 && Number.isSafeInteger(ms) ? ms : null
}

/** The shortest exact writing of a duration that `parseDuration` reads back. */
export function formatDuration(ms: number): string {
  const unit = (['d', 'h', 'm', 's'] as const).find((name) => ms % UNITS[name] === 0) ?? 'ms'
  return `${ms / UNITS[unit]}${unit}`
}
