import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildConsole } from './console.ts'
import { setUp } from './setup.ts'

/**
 * Everything that has to hold, in order, each step run whatever became of the one before: `npm test`. Arguments go to
 * vitest, as in `npm test -- packages/core`, and then only vitest runs.
 */
const ROOT = join(import.meta.dirname, '..')
const REPORT = join(ROOT, '.tmp/vitest.json')

interface Counts {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

interface Outcome extends Counts {
  readonly name: string
  readonly seconds: number
  readonly note: string
}

const PASSED: Counts = { passed: 1, failed: 0, skipped: 0 }
const FAILED: Counts = { passed: 0, failed: 1, skipped: 0 }

const bin = (name: string): string => join(ROOT, 'node_modules/.bin', name)

function run(command: string, args: readonly string[]): boolean {
  return spawnSync(command, args, { cwd: ROOT, stdio: 'inherit' }).status === 0
}

const check = (command: string, args: readonly string[]) => (): Counts => (run(command, args) ? PASSED : FAILED)

/** A server that is missing is told here, skips its tests, and with CI=true fails. */
function servers(): Counts & { readonly note?: string } {
  const missing = setUp(['tests'])
  if (missing.length === 0) return PASSED
  const note = `without ${missing.join(', ')}: the tests that need it ${process.env['CI'] === 'true' ? 'fail' : 'are skipped'}`
  return process.env['CI'] === 'true' ? { ...FAILED, note } : { passed: 0, failed: 0, skipped: 1, note }
}

/** What the gateway serves at `/`, for the tests that open it in a browser. */
function webConsole(): Counts {
  try {
    buildConsole()
    return PASSED
  } catch (error) {
    console.error(String(error))
    return FAILED
  }
}

/** What vitest counted. A run that leaves no report, or found no test, has failed, whatever its exit code says. */
function tests(filters: readonly string[]): Counts {
  mkdirSync(join(ROOT, '.tmp'), { recursive: true })
  const ok = run(bin('vitest'), ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${REPORT}`, ...filters])
  const { numPassedTests, numFailedTests, numPendingTests, numFailedTestSuites } = report()
  const failed = Math.max(numFailedTests, ok ? 0 : 1, numFailedTestSuites > 0 ? 1 : 0, numPassedTests === 0 ? 1 : 0)
  return { passed: numPassedTests, failed, skipped: numPendingTests }
}

function report(): { numPassedTests: number; numFailedTests: number; numPendingTests: number; numFailedTestSuites: number } {
  try {
    return JSON.parse(readFileSync(REPORT, 'utf8'))
  } catch (error) {
    console.error(`vitest left no report that can be read: ${String(error)}`)
    return { numPassedTests: 0, numFailedTests: 1, numPendingTests: 0, numFailedTestSuites: 1 }
  }
}

function steps(filters: readonly string[]): readonly (readonly [string, () => Counts & { readonly note?: string }])[] {
  const vitest = ['unit, integration and end to end', () => tests(filters)] as const
  if (filters.length > 0) return [vitest]
  return [
    ['servers', servers],
    ['console', webConsole],
    ['types', check(bin('tsc'), ['-p', '.'])],
    ['lint', check(bin('oxlint'), ['--type-aware', '--deny-warnings'])],
    ['format', check(bin('oxfmt'), ['--check'])],
    ['dependency rules', check(process.execPath, ['scripts/dependencies.ts'])],
    vitest,
  ]
}

function outcomeOf(name: string, step: () => Counts & { readonly note?: string }): Outcome {
  console.log(`\n== ${name}`)
  const start = performance.now()
  const counts = step()
  return { note: '', ...counts, name, seconds: (performance.now() - start) / 1000 }
}

function tell({ name, passed, failed, skipped, seconds, note }: Outcome): void {
  const verdict = failed > 0 ? 'FAILED' : passed > 0 ? 'ok' : 'skipped'
  const counts = passed + failed + skipped > 1 ? `${passed} passed, ${failed} failed, ${skipped} skipped` : note
  console.log(`${verdict.padEnd(8)}${name.padEnd(36)}${seconds.toFixed(1).padStart(6)} s  ${counts}`.trimEnd())
}

const outcomes = steps(process.argv.slice(2)).map(([name, step]) => outcomeOf(name, step))
const total = (count: keyof Counts): number => outcomes.reduce((sum, outcome) => sum + outcome[count], 0)

console.log('\n== summary')
outcomes.forEach(tell)
console.log(`\n${total('passed')} passed, ${total('failed')} failed${total('skipped') > 0 ? `, ${total('skipped')} skipped` : ''}`)
if (total('failed') > 0) process.exitCode = 1
