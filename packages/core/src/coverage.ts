import { type Scope, scopeIncludes, type SessionState, type Statement } from './action.ts'
import { DomainError } from './error.ts'

/**
 * What an approval covers, widest last: exactly these bytes once, the same statement with other parameters, or an
 * action type for a while.
 */
export type Coverage = { readonly kind: 'exact'; readonly digest: string } | Shape | { readonly kind: 'scope'; readonly scope: Scope }

/**
 * One statement with other values. `state` is that of the session in which it was held, and `definition` a digest of how everything that it touches was
 * defined then: where either is another one it does not hold. Null `maxRows` is any number.
 */
export interface Shape {
  readonly kind: 'shape'
  readonly fingerprint: string
  readonly state: SessionState
  readonly definition: string
  readonly maxRows: number | null
}

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
export type Given = { readonly kind: 'once' } | GivenShape | { readonly kind: 'duration'; readonly ms: number }

/** A shape and its bounds, null where there is none: rows of one statement, uses, how long from its approval on, and a moment (Unix milliseconds) when it ends at the latest. */
export interface GivenShape {
  readonly kind: 'shape'
  readonly maxRows: number | null
  readonly uses: number | null
  readonly ms: number | null
  readonly until: number | null
}

/** Of two shapes with bounds, what both let through. */
export function narrowerShape(a: GivenShape, b: GivenShape): GivenShape {
  const least = (one: number | null, other: number | null) => (one === null || other === null ? (one ?? other) : Math.min(one, other))
  return { kind: 'shape', maxRows: least(a.maxRows, b.maxRows), uses: least(a.uses, b.uses), ms: least(a.ms, b.ms), until: least(a.until, b.until) }
}

/** Throws `too-wide` when a reviewer gives more than policy's ceiling. */
export function assertWithin(given: Given, ceiling: Ceiling): void {
  const tooLong = given.kind === 'duration' && ceiling.kind === 'duration' && given.ms > ceiling.ms
  if (WIDTH[given.kind] > WIDTH[ceiling.kind] || tooLong) throw new DomainError('too-wide', `policy grants at most ${describeCeiling(ceiling)} here`)
}

export function describeCeiling(ceiling: Ceiling): string {
  return ceiling.kind === 'duration' ? formatDuration(ceiling.ms) : ceiling.kind === 'once' ? 'once' : 'this shape'
}

/** An action that is about to run, as a coverage sees it. `alone`: it is one statement. */
export interface Sent {
  readonly digest: string
  readonly state: SessionState | null
  readonly alone: boolean
}

/**
 * True when `coverage` includes this statement of the action. Of a shape its definition is still to be looked at (see `Shape`). Unknown rows are never
 * within a bound, and a shape is never one of several statements: those before it might change what it does.
 */
export function includes(coverage: Coverage, sent: Sent, statement: Statement): boolean {
  switch (coverage.kind) {
    case 'exact':
      return coverage.digest === sent.digest
    case 'shape':
      return (
        sent.alone &&
        sent.state !== null &&
        sameState(coverage.state, sent.state) &&
        statement.fingerprint !== null &&
        coverage.fingerprint === statement.fingerprint &&
        (coverage.maxRows === null || (statement.facts.rowsKnown && statement.facts.rows <= coverage.maxRows))
      )
    case 'scope':
      return scopeIncludes(coverage.scope, statement.type)
  }
}

function sameState(a: SessionState, b: SessionState): boolean {
  return (
    a.database === b.database &&
    a.role === b.role &&
    a.searchPath === b.searchPath &&
    a.standardConformingStrings === b.standardConformingStrings &&
    a.clientEncoding === b.clientEncoding
  )
}

export function describeCoverage(coverage: Coverage): string {
  switch (coverage.kind) {
    case 'exact':
      return 'exactly this action'
    case 'shape':
      return coverage.maxRows === null ? 'this shape' : `this shape, ${coverage.maxRows} ${coverage.maxRows === 1 ? 'row' : 'rows'} at most`
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
