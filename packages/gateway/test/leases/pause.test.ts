import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isDue, nextAttempt } from '../../src/leases/pause.ts'

const time = fc.integer({ min: 0, max: 2 ** 45 })
const attempts = fc.integer({ min: 1, max: 1_000_000 })

test('it is tried again for ever, never sooner than after the attempt before, and at least every five minutes', () => {
  const property = fc.property(attempts, time, (tried, now) => {
    const pause = nextAttempt(tried, now) - now
    expect(pause).toBeGreaterThanOrEqual(5_000)
    expect(pause).toBeLessThanOrEqual(300_000)
    expect(nextAttempt(tried + 1, now) - now).toBeGreaterThanOrEqual(pause)
  })
  fc.assert(property)
})

test('wherever the clock is set to, nothing is put off for longer than that', () => {
  const property = fc.property(attempts, time, time, (tried, then, now) => {
    const nextAt = nextAttempt(tried, then)
    expect(isDue(nextAt, nextAt)).toBe(true)
    expect(isDue(nextAt, now) || nextAt - now <= 300_000).toBe(true)
  })
  fc.assert(property)
})
