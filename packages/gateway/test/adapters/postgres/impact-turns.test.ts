import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Turns } from '../../../src/adapters/postgres/turns.ts'

const tick = () => new Promise((resolve) => setImmediate(resolve))

test('a target is asked by a few at once, whoever comes, gives up or fails, and everybody else gets his turn', () =>
  fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 4 }), fc.array(fc.constantFrom('asks', 'fails', 'gives up'), { maxLength: 20 }), async (atOnce, visitors) => {
      const turns = new Turns(atOnce)
      let running = 0
      let most = 0
      const visits = visitors.map(async (visitor) => {
        const patience = new AbortController()
        const visit = turns.run('db', patience.signal, async () => {
          most = Math.max(most, ++running)
          await tick()
          running--
          if (visitor === 'fails') throw new Error('refused')
        })
        if (visitor === 'gives up') patience.abort(new Error('too late'))
        return visit.then(
          () => 'asked',
          (error: unknown) => String(error),
        )
      })
      const ends = await Promise.all(visits)
      expect(most).toBeLessThanOrEqual(atOnce)
      for (const [index, end] of ends.entries()) {
        if (visitors[index] === 'asks') expect(end).toBe('asked')
        if (visitors[index] === 'fails') expect(end).toBe('Error: refused')
      }
      expect(await turns.run('db', AbortSignal.timeout(1_000), () => Promise.resolve('free'))).toBe('free')
    }),
  ))

test('one target does not wait for another', async () => {
  const turns = new Turns(1)
  const stuck = Promise.withResolvers<void>()
  const first = turns.run('one', AbortSignal.timeout(60_000), () => stuck.promise)
  expect(await turns.run('other', AbortSignal.timeout(1_000), () => Promise.resolve('asked'))).toBe('asked')
  await expect(turns.run('one', AbortSignal.timeout(10), () => Promise.resolve('asked'))).rejects.toThrow(/timeout/)
  stuck.resolve()
  await first
})
