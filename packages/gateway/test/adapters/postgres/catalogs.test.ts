import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Catalogs } from '../../../src/adapters/postgres/catalog/catalogs.ts'
import type { Target } from '../../../src/adapters/adapter.ts'

const target: Target = {
  resource: 'db',
  server: 'db:5432',
  database: 'orders',
  username: 'app',
  accounts: null,
  tls: 'disable',
  trustedFunctions: [],
  trustedExtensions: [],
  catalogMaxAgeMs: 1_000,
  countUpToCost: 0,
  holdInTransactionMs: 0,
  password: () => Promise.resolve(null),
  dial: () => Promise.reject(new Error('not here')),
  startTls: () => Promise.reject(new Error('not here')),
}

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

test('a process that is alone has nobody to tell', () => {
  expect(new Catalogs().of(target).changed()).toBeNull()
})

test('changes that come faster than they can be told are told together, and each is told after it was made', async () => {
  const told: PromiseWithResolvers<void>[] = []
  const catalogs = new Catalogs(() => {
    const one = Promise.withResolvers<void>()
    told.push(one)
    return one.promise
  })
  const known: number[] = []
  for (let change = 0; change < 100; change++)
    void catalogs
      .of(target)
      .changed()
      ?.then(() => known.push(change))
  await vi.advanceTimersByTimeAsync(0)
  expect({ told: told.length, known }).toEqual({ told: 1, known: [] })
  told[0]?.resolve()
  await vi.advanceTimersByTimeAsync(0)
  expect({ told: told.length, known }).toEqual({ told: 2, known: [0] })
  told[1]?.resolve()
  await vi.advanceTimersByTimeAsync(0)
  expect({ told: told.length, known: known.length }).toEqual({ told: 2, known: 100 })
})

test.each([
  ['does not answer', () => new Promise<void>(() => undefined)],
  ['cannot be told', () => Promise.reject(new Error('it has ended'))],
])('whoever %s is waited for as long as it may believe what it knew', async (_, tell) => {
  let over = false
  void new Catalogs(tell)
    .of(target)
    .changed()
    ?.then(() => (over = true))
  await vi.advanceTimersByTimeAsync(999)
  expect(over).toBe(false)
  await vi.advanceTimersByTimeAsync(2)
  expect(over).toBe(true)
})
