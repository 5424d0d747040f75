import { afterAll, beforeAll, expect, test } from 'vitest'
import { aGrant } from '../../../core/test/arbitraries.ts'
import { type Bed, openBed } from './bed.ts'

const ALICE = { user: 'alice', agent: null, groups: ['engineering'] }

let bed: Bed
beforeAll(async () => void (bed = await openBed()))
afterAll(() => bed.close())

test('what policy allows is given to everybody who asks the same at the same time, as one request', async () => {
  const alice = bed.client('alice')
  const asked = await Promise.all(Array.from({ length: 5 }, () => alice.ask({ resource: 'orders-db', scope: 'sql:read', for: '5m' })))
  expect(asked.map(({ request }) => request.status)).toEqual(Array(5).fill('approved'))
  expect(await alice.grants()).toHaveLength(new Set(asked.map(({ request }) => request.id)).size)
})

test('who is done twice at the same time is done', async () => {
  for (let at = 0; at < 5; at++)
    await bed.store.grants.insert(aGrant({ id: `grant-${at}`, subject: ALICE, resource: 'orders-db', endsAt: Date.now() + 60_000 }))
  const alice = bed.client('alice')
  await Promise.all([alice.done({}), alice.done({}), alice.done({})])
  expect(await alice.grants({ live: true })).toEqual([])
})
