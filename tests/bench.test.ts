import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, describe, expect, it } from 'vitest'
import type { Report } from '../bench/kit/report.ts'
import { lacks } from './support/needs.ts'

const run = promisify(execFile)
/** PgBouncer and HAProxy are programs that only the bench wants. */
const WAYS = ['direct', 'gateway']
/** What there is nothing to compare with. */
const ALONE = [
  'held statements, each',
  'held statements lost',
  'held statements opened',
  'held statements decided',
  'unheld p99 while they are opened',
  'unheld p99 while they wait',
  'decision, cached',
  'decision, cold, median',
  'decision, cold, p99',
  'policies loaded at start',
  'policies loaded again, one changed',
  'longest statement',
  'longest statement while all policies change',
  'revoke → socket closed, p99',
  'hard end → socket closed, longest',
  'entries appended, process',
  'entries appended, disk',
  ...['process', 'disk', 'store'].flatMap((durability) => [`pgbench -S simple, ${durability}`, `latency p50, ${durability}`]),
  'ledger verified',
  'tree built, tile by tile',
  'inclusion proof',
  'inclusion proof made, median',
  'inclusion proof checked, median',
]

/** How fast anything is, a shared machine cannot say. That the bench still measures all that it says it does, it can. */
describe.skipIf(process.platform !== 'linux' || lacks('pgbench'))('the bench', () => {
  const out = mkdtempSync(join(tmpdir(), 'countersign-bench-results-'))
  afterAll(() => rmSync(out, { recursive: true, force: true }))

  it('measures, and writes its table', { timeout: 300_000 }, async () => {
    await run(process.execPath, ['bench/bench.ts', '--size', 'tiny', '--ways', WAYS.join(','), '--out', out], { cwd: join(import.meta.dirname, '..') })
    const { rows } = JSON.parse(readFileSync(join(out, 'SUMMARY.json'), 'utf8')) as Report
    const measured = Object.fromEntries(rows.map(({ measure, samples }) => [measure, Object.keys(samples).toSorted().join(' ')]))
    const everyWay = WAYS.toSorted().join(' ')
    expect(measured).toEqual({
      'pgbench -S simple': everyWay,
      'latency p99, simple': everyWay,
      'pgbench -S prepared': everyWay,
      'latency p99, prepared': everyWay,
      'COPY out': everyWay,
      SELECT: everyWay,
      connect: everyWay,
      'idle sessions, all memory': 'gateway',
      'idle sessions, each': 'gateway',
      ...Object.fromEntries(ALONE.map((measure) => [measure, 'gateway'])),
    })
    expect(rows.find(({ measure }) => measure === 'held statements lost')?.samples.gateway).toEqual([0])
    const figures = rows.flatMap(({ samples }) => Object.values(samples).flat())
    expect(figures.every((figure) => Number.isFinite(figure))).toBe(true)
    expect(readFileSync(join(out, 'SUMMARY.md'), 'utf8')).toContain('| measure | load | unit | direct | PgBouncer | HAProxy | bare relay | gateway |')
  })

  it('says which sizes and measures there are when it is asked for others', async () => {
    const said = (...args: readonly string[]) => run(process.execPath, ['bench/bench.ts', ...args], { cwd: join(import.meta.dirname, '..') })
    await expect(said('--size', 'huge')).rejects.toThrow('--size takes tiny, quick, full')
    await expect(said('--only', 'all')).rejects.toThrow('--only takes queries, bulk')
  })
})
