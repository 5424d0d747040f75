import fc from 'fast-check'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Idle } from '../../src/session/idle.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
})
afterEach(() => {
  vi.useRealTimers()
})

/** Time passes a millisecond at a time, on the clock and for timers. */
class Passing {
  #time = 0

  now(): number {
    return this.#time
  }

  monotonic(): number {
    return this.#time
  }

  pass(): void {
    this.#time++
    vi.advanceTimersByTime(1)
  }
}

const MS = 20
const steps = fc.array(fc.record({ wait: fc.nat(30), event: fc.constantFrom('busy' as const, 'rest' as const) }), { maxLength: 12 })

test('is due when it has been idle for so long, not sooner and not later, and once', () => {
  fc.assert(
    fc.property(steps, (story) => {
      const clock = new Passing()
      const due: number[] = []
      const idle = new Idle(MS, () => due.push(clock.monotonic()), clock)
      let since: number | null = 0
      let expected: number | null = null
      for (const { wait, event } of [...story, { wait: 2 * MS, event: 'busy' as const }]) {
        for (let passed = 0; passed < wait; passed++) {
          clock.pass()
          if (since !== null && clock.monotonic() === since + MS) expected ??= clock.monotonic()
        }
        if (event === 'busy') idle.busy()
        else idle.rest()
        since = event === 'busy' ? null : clock.monotonic()
      }
      idle.end()
      expect(due).toEqual(expected === null ? [] : [expected])
      expect(vi.getTimerCount()).toBe(0)
    }),
  )
})

test('sets no timer where nothing is too long', () => {
  const idle = new Idle(null, () => expect.unreachable(), new Passing())
  idle.rest()
  expect(vi.getTimerCount()).toBe(0)
})
