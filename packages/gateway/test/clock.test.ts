import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { after, type Clock, systemClock } from '../src/clock.ts'

const DAY = 86_400_000

describe('after', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] }))
  afterEach(() => void vi.useRealTimers())

  const clock: Clock = { now: () => Date.now(), monotonic: () => performance.now() }
  const pass = (ms: number) => void vi.advanceTimersByTime(ms)

  test('is due once, at the time and not before, however long that is', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 200 * DAY }), (ms) => {
        const due = vi.fn<() => void>()
        after(ms, due, clock)
        if (ms > 0) {
          pass(ms - 1)
          expect(due).not.toHaveBeenCalled()
        }
        pass(2)
        expect(due).toHaveBeenCalledTimes(1)
        pass(30 * DAY)
        expect(due).toHaveBeenCalledTimes(1)
      }),
    )
  })

  test('of forty days is forty days, though no timer of Node is that long', () => {
    const due = vi.fn<() => void>()
    after(40 * DAY, due, clock)
    pass(40 * DAY - 1)
    expect(due).not.toHaveBeenCalled()
    pass(1)
    expect(due).toHaveBeenCalledTimes(1)
  })

  test('a time that is over is due at once, and never within the call', () => {
    const due = vi.fn<() => void>()
    after(-1, due, clock)
    expect(due).not.toHaveBeenCalled()
    pass(0)
    expect(due).toHaveBeenCalledTimes(1)
  })

  test('is not moved by a wall clock that is set', () => {
    const due = vi.fn<() => void>()
    after(DAY, due, clock)
    vi.setSystemTime(Date.now() - 10 * DAY)
    pass(DAY - 1)
    expect(due).not.toHaveBeenCalled()
    pass(1)
    expect(due).toHaveBeenCalledTimes(1)
  })

  test('a timer that fires early is not believed', () => {
    let now = 0
    const due = vi.fn<() => void>()
    after(1_000, due, { now: () => now, monotonic: () => now })
    pass(1_000) // and the clock says that no time has passed
    expect(due).not.toHaveBeenCalled()
    now = 1_000
    pass(1_000)
    expect(due).toHaveBeenCalledTimes(1)
  })

  test('that was called off is never due', () => {
    const due = vi.fn<() => void>()
    const callOff = after(40 * DAY, due, clock)
    pass(30 * DAY) // its timer has been renewed in between
    callOff()
    pass(30 * DAY)
    expect(due).not.toHaveBeenCalled()
  })
})

test('the system clock only ever goes on', () => {
  const first = systemClock.monotonic()
  expect(systemClock.monotonic()).toBeGreaterThanOrEqual(first)
  expect(Math.abs(systemClock.now() - Date.now())).toBeLessThan(1_000)
})
