import { describe, expect, it, test } from 'vitest'
import { classify, loadGrammar } from '../../../src/adapters/postgres/classify.ts'
import { Cache } from '../../../src/adapters/postgres/classify/cache.ts'

describe('the cache of texts', () => {
  it('keeps what is asked for again and again, and forgets the rest', () => {
    const cache = new Cache<number>(10, 1000)
    cache.set('often', 1, 1)
    cache.set('once', 2, 1)
    for (let index = 0; index < 100; index += 1) {
      cache.set(`text ${index}`, index, 1)
      expect(cache.get('often')).toBe(1)
    }
    expect(cache.get('once')).toBeUndefined()
    const kept = Array.from({ length: 100 }, (_, index) => cache.get(`text ${index}`)).filter((value) => value !== undefined)
    expect(kept.length).toBeLessThanOrEqual(10)
    expect(kept).toContain(99)
  })

  it('holds no more than its weight, and nothing that is heavy by itself', () => {
    const cache = new Cache<number>(1000, 80)
    cache.set('heavy', 0, 11)
    expect(cache.get('heavy')).toBeUndefined()
    for (let index = 0; index < 100; index += 1) cache.set(`text ${index}`, index, 10)
    const kept = Array.from({ length: 100 }, (_, index) => cache.get(`text ${index}`)).filter((value) => value !== undefined)
    expect(kept.length).toBeLessThanOrEqual(8)
  })

  test('a text that was judged for one resource is judged anew for another that trusts other functions', async () => {
    await loadGrammar()
    const type = (trusted: readonly string[]) => classify('SELECT order_total(1)', { trusted }).type
    expect([type([]), type(['public.order_total']), type([]), type(['public.order_total'])]).toEqual(['sql:unknown', 'sql:read', 'sql:unknown', 'sql:read'])
  })
})

test('a long run of spaces does not stop the gateway', async () => {
  await loadGrammar()
  const started = performance.now()
  expect(classify(`SELECT${' '.repeat(300_000)}1 ;; `, { trusted: [] })).toMatchObject({ type: 'sql:read', canonical: `SELECT${' '.repeat(300_000)}1` })
  expect(performance.now() - started).toBeLessThan(5_000)
})
