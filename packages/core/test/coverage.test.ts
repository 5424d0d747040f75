import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type ActionType, isActionType, isScope, NO_FACTS, ROWS_UNKNOWN, scopeIncludes } from '../src/action.ts'
import {
  assertWithin,
  type Ceiling,
  describeCeiling,
  describeCoverage,
  formatDuration,
  type Given,
  includes,
  narrower,
  parseDuration,
} from '../src/coverage.ts'
import { DomainError } from '../src/error.ts'
import { actionType, attempt, ceiling, coverage, digest, given, scope, shapeCoverage, STATE, statement, WRITE } from './arbitraries.ts'

const WIDTH = { once: 0, shape: 1, duration: 2 } as const
const within = (wanted: Given, most: Ceiling) => !(attempt(() => assertWithin(wanted, most)) instanceof DomainError)

const SENT = { digest: 'd', state: STATE, alone: true }

describe('coverage', () => {
  test('exact is these bytes, whatever the statement looks like', () => {
    fc.assert(
      fc.property(digest, digest, statement, (granted, sent, each) => {
        expect(includes({ kind: 'exact', digest: granted }, { ...SENT, digest: sent }, each)).toBe(granted === sent)
      }),
    )
  })

  test('shape never includes a statement without a fingerprint, or with unknown rows where rows are bounded', () => {
    fc.assert(
      fc.property(coverage, digest, statement, (covered, sent, each) => {
        fc.pre(covered.kind === 'shape' && includes(covered, { ...SENT, digest: sent }, each))
        if (covered.kind !== 'shape') return
        expect(each.fingerprint).toBe(covered.fingerprint)
        if (covered.maxRows !== null) expect(each.facts.rowsKnown && each.facts.rows <= covered.maxRows).toBe(true)
      }),
    )
  })

  test('shape without a bound takes unknown rows, and with one does not', () => {
    const unknown = { ...WRITE, facts: { ...NO_FACTS, rows: ROWS_UNKNOWN, rowsKnown: false } }
    expect(includes(shapeCoverage({ maxRows: null }), SENT, unknown)).toBe(true)
    expect(includes(shapeCoverage({ maxRows: ROWS_UNKNOWN }), SENT, unknown)).toBe(false)
    expect(includes(shapeCoverage({ maxRows: 3 }), SENT, { ...WRITE, facts: { ...NO_FACTS, rows: 3 } })).toBe(true)
    expect(includes(shapeCoverage({ maxRows: 3 }), SENT, { ...WRITE, facts: { ...NO_FACTS, rows: 4 } })).toBe(false)
  })

  test('shape is bound to the session state that it was held in, and is never one of several statements', () => {
    const shape = shapeCoverage()
    expect(includes(shape, SENT, WRITE)).toBe(true)
    expect(includes(shape, { ...SENT, alone: false }, WRITE)).toBe(false)
    expect(includes(shape, { ...SENT, state: null }, WRITE)).toBe(false)
    for (const field of Object.keys(STATE)) expect(includes(shape, { ...SENT, state: { ...STATE, [field]: 'other' } }, WRITE)).toBe(false)
  })

  test('scope includes its own type and, for a group, every type of the group, and nothing else', () => {
    fc.assert(
      fc.property(scope, actionType, (granted, type) => {
        expect(scopeIncludes(granted, type)).toBe(granted === type || (granted === 'sql' && type !== 'connect'))
      }),
    )
  })

  test('names of types are told from names of groups and from anything else', () => {
    expect(isActionType('sql:write') && isScope('sql:write') && isScope('sql') && isScope('connect')).toBe(true)
    expect(['sql', 'sql:', 'SQL:write', '', 'constructor'].filter((text) => isActionType(text))).toEqual([])
    expect(isScope('sql:')).toBe(false)
  })
})

describe('a ceiling', () => {
  test('of two is the narrower, whichever comes first', () => {
    fc.assert(
      fc.property(ceiling, ceiling, given, (a, b, wanted) => {
        expect(narrower(a, b)).toEqual(narrower(b, a))
        expect(within(wanted, narrower(a, b))).toBe(within(wanted, a) && within(wanted, b))
      }),
    )
  })

  test('lets a reviewer give less and never more', () => {
    fc.assert(
      fc.property(given, ceiling, (wanted, most) => {
        const tooLong = wanted.kind === 'duration' && most.kind === 'duration' && wanted.ms > most.ms
        expect(within(wanted, most)).toBe(WIDTH[wanted.kind] <= WIDTH[most.kind] && !tooLong)
      }),
    )
  })
})

describe('a duration', () => {
  test('written and read again is the same', () => {
    const text = fc.tuple(fc.integer({ min: 1, max: 999_999_999 }), fc.constantFrom('ms', 's', 'm', 'h', 'd')).map(([count, unit]) => `${count}${unit}`)
    fc.assert(
      fc.property(text, (written) => {
        const ms = parseDuration(written)
        fc.pre(ms !== null)
        expect(parseDuration(formatDuration(ms ?? 0))).toBe(ms)
      }),
    )
  })

  test('is never longer in words than it was written', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100_000 }), (minutes) => {
        expect(formatDuration(minutes * 60_000).length).toBeLessThanOrEqual(`${minutes}m`.length)
      }),
    )
  })

  test.each([
    ['500ms', 500],
    ['90s', 90_000],
    ['30m', 1_800_000],
    [' 8h ', 28_800_000],
    ['40d', 3_456_000_000],
  ])('%s is %d ms', (text, ms) => expect(parseDuration(text)).toBe(ms))

  test.each(['', '0', '0s', '30', '30 m', '-5m', '1.5h', '30M', '1e3s', '9999999999s', 'm', '30m5s', '٣m'])('%j is none', (text) =>
    expect(parseDuration(text)).toBeNull(),
  )

  test('and every width is told in words', () => {
    expect([describeCeiling({ kind: 'once' }), describeCeiling({ kind: 'shape' }), describeCeiling({ kind: 'duration', ms: 1_800_000 })]).toEqual([
      'once',
      'this shape',
      '30m',
    ])
    const type: ActionType = 'sql:write'
    expect(describeCoverage({ kind: 'exact', digest: 'd' })).toBe('exactly this action')
    expect(describeCoverage(shapeCoverage({ maxRows: null }))).toBe('this shape')
    expect(describeCoverage(shapeCoverage({ maxRows: 3 }))).toBe('this shape, 3 rows at most')
    expect(describeCoverage(shapeCoverage({ maxRows: 1 }))).toBe('this shape, 1 row at most')
    expect(describeCoverage({ kind: 'scope', scope: type })).toBe('sql:write')
  })
})
