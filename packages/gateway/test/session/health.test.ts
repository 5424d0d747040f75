import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { GONE_MS, SILENT_MS, StoreHealth } from '../../src/session/health.ts'
import { HandClock } from '../workflow/bed.ts'

const BEAT_MS = 500

let clock: HandClock
let gone: ReturnType<typeof vi.fn<() => void>>
let health: StoreHealth
let answers: 'at once' | 'never' | 'with an error'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  clock = new HandClock()
  gone = vi.fn<() => void>()
  answers = 'at once'
  health = new StoreHealth(
    [{ ping: () => (answers === 'at once' ? Promise.resolve() : answers === 'never' ? new Promise(() => {}) : Promise.reject(new Error('no'))) }],
    clock,
    gone,
  )
  health.start()
})

afterEach(() => {
  health.stop()
  vi.useRealTimers()
})

async function pass(ms: number) {
  for (let passed = 0; passed < ms; passed += BEAT_MS) {
    clock.pass(BEAT_MS)
    await vi.advanceTimersByTimeAsync(BEAT_MS)
  }
}

test('a store that answers is never silent', async () => {
  await pass(10 * GONE_MS)
  expect(health.silence).toBeNull()
  expect(gone).not.toHaveBeenCalled()
})

test.each(['never', 'with an error'] as const)('one that answers %s is silent after two seconds and gone after fifteen, once', async (how) => {
  await pass(BEAT_MS)
  answers = how
  await pass(SILENT_MS)
  expect(health.silence).toBeNull()
  await pass(BEAT_MS)
  expect(health.silence).toMatch(/^the gateway's store has not answered for \d s, so nothing new is allowed; try again when it is back$/)
  await pass(GONE_MS - SILENT_MS - 2 * BEAT_MS)
  expect(gone).not.toHaveBeenCalled()
  await pass(BEAT_MS)
  expect(gone).toHaveBeenCalledTimes(1)
  await pass(3 * GONE_MS)
  expect(gone).toHaveBeenCalledTimes(1)
})

test('one that is back is back at its first answer, and may be gone again', async () => {
  answers = 'never'
  await pass(GONE_MS + BEAT_MS)
  answers = 'at once'
  await pass(BEAT_MS)
  expect(health.silence).toBeNull()
  answers = 'never'
  await pass(GONE_MS + BEAT_MS)
  expect(gone).toHaveBeenCalledTimes(2)
})

test('a clock that is set makes nobody silent', async () => {
  clock.set(86_400_000)
  await pass(BEAT_MS)
  clock.set(-2 * 86_400_000)
  await pass(BEAT_MS)
  expect(health.silence).toBeNull()
})
