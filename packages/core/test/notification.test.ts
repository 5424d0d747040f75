import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isTimeZone, quietUntil } from '../src/notification.ts'

const MINUTE = 60_000
const clock = (minutes: number) => `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`
const timeOfDay = fc.nat(24 * 60 - 1)

describe('quiet hours', () => {
  test('any of them, at any moment: they end when their last minute does, and only who is in them is kept quiet', () => {
    fc.assert(
      fc.property(timeOfDay, timeOfDay, fc.nat(2_000_000_000_000), (from, until, now) => {
        const at = Math.floor((now / MINUTE) % (24 * 60))
        const end = quietUntil({ quiet: { from: clock(from), until: clock(until), timeZone: 'UTC' } }, now)
        const within = from <= until ? at >= from && at < until : at >= from || at < until
        expect(end !== null).toBe(within)
        if (end === null) return
        expect(end > now && end - now <= 24 * 60 * MINUTE).toBe(true)
        expect(clock((end / MINUTE) % (24 * 60))).toBe(clock(until))
      }),
    )
  })

  test('are those of the place where he lives', () => {
    const quiet = { from: '22:00', until: '07:00', timeZone: 'Europe/Berlin' }
    const at = (text: string) => quietUntil({ quiet }, Date.parse(text))
    expect(at('2026-11-26T20:59:59Z')).toBeNull()
    expect(at('2026-11-26T21:00:30Z')).toBe(Date.parse('2026-11-27T06:00:00Z'))
    expect(at('2026-11-27T05:59:59Z')).toBe(Date.parse('2026-11-27T06:00:00Z'))
    expect(at('2026-07-26T20:30:00Z')).toBe(Date.parse('2026-07-27T05:00:00Z'))
    expect(quietUntil({ quiet: null }, 0)).toBeNull()
  })

  test('need a time zone that there is', () => {
    expect(['UTC', 'Asia/Kathmandu'].every(isTimeZone)).toBe(true)
    expect(['', 'Mars/Olympus', 'constructor'].some(isTimeZone)).toBe(false)
  })
})
