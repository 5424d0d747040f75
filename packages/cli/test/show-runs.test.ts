import type { Run } from '@countersign/contract/schemas/request-context'
import { expect, test } from 'vitest'
import { runFields } from '../src/show-runs.ts'

const aRun = (change: Partial<Run> = {}): Run => ({
  run: 'ses-1.1',
  session: 'ses-1',
  gateway: 'gw-1',
  action: 'sql:write',
  startedAt: '2026-11-26T09:00:00.000Z',
  result: 'done',
  endedAt: '2026-11-26T09:00:00.012Z',
  summary: 'DELETE 3',
  rows: 3,
  ms: 12.4,
  error: null,
  sealed: false,
  ...change,
})
/** There was a grant; what it is does not matter here. */
const grants = [{}]
const linesOf = (latest: readonly Run[], count = latest.length) =>
  runFields({ grants, opened: [], runs: { count, latest: [...latest] } }).map(([, value]) => value)

test.each([
  [{}, /^done: DELETE 3 \(12 ms\), at .*\d\d:\d\d in ses-1$/],
  [{ summary: 'suspended', rows: 50, ms: 1_500 }, /^done: suspended, 50 rows \(1s\), at /],
  [{ result: 'failed', summary: '23505', rows: null, error: 'duplicate\n\u001b[2J key' }, /^failed: 23505, duplicate<U\+000A><U\+001B>\[2J key \(12 ms\), at /],
  [
    { result: 'failed', summary: '23505', rows: null, sealed: true },
    /^failed: 23505, what the target said was erased, or is sealed at gateway gw-1 \(12 ms\), at /,
  ],
  [{ result: 'unknown', summary: 'the gateway ended', rows: null, ms: null }, /^unknown: the gateway ended, at /],
  [{ result: 'running', summary: null, rows: null, ms: null }, /^running, at /],
] as const)('%o in one line', (change, line) => {
  expect(linesOf([aRun(change)])).toEqual(['once', expect.stringMatching(line)])
})

test('of many the newest, and how many there were', () => {
  const latest = Array.from({ length: 20 }, (_, index) => aRun({ summary: `DELETE ${index}`, rows: null }))
  expect(linesOf(latest, 38)).toHaveLength(6)
  expect(linesOf(latest, 38)[0]).toBe('38 times; the newest 5:')
  expect(linesOf(latest, 10_000)[0]).toBe('10000 times or more; the newest 5:')
})

test('of none that there was none, and of what was never granted nothing', () => {
  expect(linesOf([])).toEqual(['nothing so far'])
  expect(runFields({ grants: [], opened: [], runs: { count: 0, latest: [] } })).toEqual([])
})
