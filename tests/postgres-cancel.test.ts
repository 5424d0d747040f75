import { query } from '@countersign/wire/postgres/encode'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { leftovers } from './support/aftermath.ts'
import { openStage, type Stage } from './support/stage.ts'
import { cancel, RawClient } from './support/wire.ts'

const POLICY = `@id("reads") permit (principal, action in [Action::"connect", Action::"sql"], resource);`
/** A night sets 100000. */
const RACES = Number(process.env['CANCEL_RACES'] ?? 2_000)
const RACERS = 8
const SHORT = 'SELECT pg_sleep(0.001)'

/** The same races on every run: a linear congruential generator (Numerical Recipes, chapter 7.1). */
function random(seed: number): () => number {
  let state = seed
  return () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32
}

describe('a cancel request', () => {
  let stage: Stage

  beforeAll(async () => {
    stage = await openStage({ policy: POLICY })
  })

  afterAll(() => stage?.close())

  it('cancels the query that runs, and its session goes on', async () => {
    const own = await RawClient.login(stage.gateway.postgres, stage.alice)
    own.send(query('SELECT pg_sleep(60)'))
    await expect.poll(() => stage.ask("SELECT count(*)::int FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)' AND state = 'active'")).toEqual([1])
    await cancel(stage.gateway.postgres, own)
    expect((await own.ask(query('SELECT 1'))).at(-2)).toMatch(/^error 57014 canceling statement due to user request/)
    expect(await own.ask()).toContain('row 1')
    own.close()
  })

  it(`reaches the query that it races with, and never another, ${RACES} times`, { timeout: 90_000 + RACES * 30 }, async () => {
    const ends = { cancelled: 0, completed: 0 }
    await Promise.all(
      Array.from({ length: RACERS }, async (_, racer) => {
        const chance = random(racer + 1)
        const own = await RawClient.login(stage.gateway.postgres, stage.alice)
        let cancelMs = 5 // what the last one took: as long as the query on average, on a busy machine too
        for (let race = 0; race < RACES / RACERS; race++) {
          const running = own.ask(query(`SELECT pg_sleep(${((chance() * 2 * cancelMs) / 1_000).toFixed(4)})`))
          const began = performance.now()
          const cancelled = cancel(stage.gateway.postgres, own).then(() => (cancelMs = performance.now() - began))
          // Half of them have another query waiting behind it: either may be hit, and not both.
          const behind = chance() < 0.5
          if (behind) own.send(query(SHORT))
          const hit = [await running, behind ? await own.ask() : []].filter((answers) => answers.some((each) => each.startsWith('error 57014'))).length
          await cancelled
          ends[hit === 0 ? 'completed' : 'cancelled'] += 1
          expect(hit).toBeLessThanOrEqual(1)
          expect(await own.ask(query(SHORT))).toEqual(['rowDescription', 'row ', 'complete SELECT 1', 'ready I'])
        }
        own.close()
      }),
    )
    expect(ends.cancelled + ends.completed).toBe(RACES)
    expect(Math.min(ends.cancelled, ends.completed)).toBeGreaterThan(RACES / 50)
  })

  it('leaves nothing behind', async () => {
    expect(await leftovers(stage)).toEqual([])
  })
})
