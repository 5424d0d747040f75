import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

/** For each codec and direction; a night sets 100000000. */
const MESSAGES = process.env['FUZZ_MESSAGES'] ?? '1000000'
const MINUTES = 60_000 * Math.max(10, Number(MESSAGES) / 100_000)
const ROOT = join(import.meta.dirname, '..')
const CODECS = ['from a client', 'from a server', 'a first packet', 'SCRAM from a client', 'SCRAM from a server', 'a server that answers']

/** Code that comes from a cache is counted less exactly, and coverage is what leads the fuzzer. */
const env = { ...process.env, NODE_DISABLE_COMPILE_CACHE: '1' }

/** The reports that a program printed, a line each. One that ends with findings ends with 1. */
async function reports(...args: readonly string[]): Promise<readonly { target: string; messages: number; corpus: number; findings: { error: string }[] }[]> {
  const run = await promisify(execFile)(process.execPath, args, { cwd: ROOT, env, maxBuffer: 2 ** 26 }).catch(
    (error: { stdout: string; stderr: string }) => error,
  )
  return run.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
}

describe('the fuzzer', () => {
  it('finds a bug five bytes deep, because code that it reaches leads it', async () => {
    const [led] = await reports('tests/support/planted-bug/main.ts', 'led')
    expect(led?.findings[0]?.error).toBe('RangeError: planted')
  })

  it('does not find it by chance, so it is the coverage that found it', async () => {
    const [blind] = await reports('tests/support/planted-bug/main.ts', 'blind')
    expect(blind?.findings).toEqual([])
  })

  it(`breaks no promise of any codec, in either direction, with ${MESSAGES} messages each`, { timeout: MINUTES }, async () => {
    const found = await reports('fuzz/main.ts', '--messages', MESSAGES, '--json')
    expect(found.flatMap(({ target, findings }) => findings.map(({ error }) => `${target}: ${error}`))).toEqual([])
    expect(found.map(({ target }) => target)).toEqual(CODECS.map((name) => `postgres: ${name}`))
    for (const { messages } of found) expect(messages).toBeGreaterThanOrEqual(Number(MESSAGES))
  })
})
