import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Patience } from '../../src/store/patience.ts'
import { StoreUnavailable } from '../../src/store/store.ts'

const SECOND = 1_000

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

const after = <T>(ms: number, value: T) => new Promise<T>((resolve) => setTimeout(() => resolve(value), ms))
const never = () => new Promise<never>(() => undefined)

test('gives up when nobody is answered for five seconds, and says so to what was asked', async () => {
  const patience = new Patience()
  let given: AbortSignal | undefined
  const asked = patience
    .ask((gaveUp) => {
      given = gaveUp
      return never()
    })
    .catch((error: unknown) => error)
  await vi.advanceTimersByTimeAsync(5 * SECOND - 1)
  expect(given?.aborted).toBe(false)
  await vi.advanceTimersByTimeAsync(1)
  expect(await asked).toBeInstanceOf(StoreUnavailable)
  expect(given?.aborted).toBe(true)
})

test('waits in a long queue as long as others are answered', async () => {
  const patience = new Patience()
  const asked = patience.ask(() => after(20 * SECOND, 'at last'))
  for (let second = 4; second < 20; second += 4) void patience.ask(() => after(second * SECOND, null))
  await vi.advanceTimersByTimeAsync(20 * SECOND)
  expect(await asked).toBe('at last')
})

test('takes no failure for an answer', async () => {
  const patience = new Patience()
  const asked = patience.ask(never).catch((error: unknown) => String(error))
  const failed = patience.ask(() => after(4 * SECOND, null).then(() => Promise.reject(new Error('disk full')))).catch((error: unknown) => error)
  await vi.advanceTimersByTimeAsync(5 * SECOND)
  expect(await asked).toContain('has not answered for 5 s')
  expect(await failed).toEqual(new StoreUnavailable('the store failed: disk full'))
})

test('tells when anybody is answered', async () => {
  const patience = new Patience()
  const next = patience.nextAnswer().then(() => 'answered')
  void patience.ask(() => after(SECOND, null))
  await vi.advanceTimersByTimeAsync(SECOND)
  expect(await next).toBe('answered')
})
