import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { countdown, duration, grantEnd, moment, shorten } from '../src/format.ts'
import { printable } from '../src/output.ts'

describe('text of others', () => {
  it('never carries to a terminal what it would obey or hide', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(printable(text)).not.toMatch(/[^\P{Cc}\n]|[\u200b-\u200f\u202a-\u202e\u2066-\u2069]/u)
      }),
    )
  })

  it('is one short line in a list, whatever is cut', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        expect(shorten(text)).not.toMatch(/\r|\n/)
        expect(shorten(text).length).toBeLessThanOrEqual(60)
        expect(shorten(text).isWellFormed()).toBe(text.isWellFormed() || shorten(text).isWellFormed())
      }),
    )
  })
})

describe('how a grant ends', () => {
  const live = { status: 'active', usesLeft: null, endsAt: new Date(Date.now() + 10 * 86_400_000).toISOString(), endedAt: null, endReason: null } as const
  it.each([
    [null, /\(in \d+d[^)]*\)$/],
    [2, /\(in \d+d[^)]*\), 2 uses left$/],
    [1, /\(in \d+d[^)]*\), 1 use left$/],
    [0, /\(in \d+d[^)]*\), in use$/], // a connection lives under it: nobody can use it again
  ])('with %s uses left', (usesLeft, said) => expect(grantEnd({ ...live, usesLeft })).toMatch(said))

  it('or when and why it did', () => {
    const endedAt = new Date().toISOString()
    expect(grantEnd({ ...live, status: 'revoked', usesLeft: 0, endedAt, endReason: 'revoked by bob' })).toMatch(/^revoked \S+: revoked by bob$/)
  })
})

describe('times', () => {
  it.each([
    [0, '0s'],
    [999, '0s'],
    [90_000, '1m 30s'],
    [3_600_000, '1h'],
    [3_661_000, '1h 1m'],
    [40 * 86_400_000, '40d'],
  ])('%i ms is %s', (ms, said) => expect(duration(ms)).toBe(said))

  it('are local, with the date on another day', () => {
    const now = new Date(2026, 10, 23, 14, 50)
    expect(moment(new Date(2026, 10, 23, 15, 2).toISOString(), now)).toBe('15:02')
    expect(moment(new Date(2026, 10, 24, 9, 5).toISOString(), now)).toBe('2026-11-24 09:05')
    expect(countdown(new Date(2026, 10, 23, 15, 2).toISOString(), now)).toBe('15:02 (in 12m)')
    expect(countdown(new Date(2026, 10, 23, 14, 40).toISOString(), now)).toBe('14:40 (10m ago)')
  })
})
