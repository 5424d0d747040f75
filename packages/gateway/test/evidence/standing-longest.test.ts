import { afterAll, beforeAll, expect, test } from 'vitest'
import { aGrant } from '../../../core/test/arbitraries.ts'
import { Overviews } from '../../src/evidence/overview.ts'
import { type Bed, openBed } from '../workflow/bed.ts'

let bed: Bed
beforeAll(async () => void (bed = await openBed()))
afterAll(() => bed.close())

test('the grants that have been live for longest are shown, however many are newer', async () => {
  const { clock, context } = bed
  const { store, config } = context
  const now = clock.now()
  const put = (id: string, startsAt: number) => store.grants.insert(aGrant({ id, startsAt, endsAt: now + 60_000 }))
  await put('the-first', now - 86_400_000)
  for (let at = 0; at < 500; at++) await put(`newer-${at}`, now - 1_000)
  const overviews = new Overviews({ config, store, users: () => [], policy: () => context.policy(), now: () => now })
  const { standing } = await overviews.of(7)
  expect(standing[0]?.id).toBe('the-first')
})
