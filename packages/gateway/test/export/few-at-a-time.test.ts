import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fewAtATime } from '../../src/export/few-at-a-time.ts'

test('all of them come, in order, and others get their turn after every ten', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(), { maxLength: 500 }), async (all) => {
      let [turns, going] = [0, true]
      const others = () => {
        turns += 1
        if (going) setImmediate(others)
      }
      setImmediate(others)
      const came: number[] = []
      for await (const one of fewAtATime(all)) came.push(one)
      expect(came).toEqual(all)
      going = false
      expect(turns).toBeGreaterThanOrEqual(Math.floor(all.length / 10))
    }),
  )
})
