import { afterEach, beforeEach, expect, test } from 'vitest'
import { aGrant } from '../../../core/test/arbitraries.ts'
import { revokeGrant, useGrants } from '../../src/workflow/grants.ts'
import { type Bed, BOB, openBed } from './bed.ts'

let bed: Bed
beforeEach(async () => void (bed = await openBed()))
afterEach(() => bed.close())

async function given(id: string, usesLeft: number | null) {
  const now = bed.clock.now()
  const coverage = { kind: 'scope', scope: 'sql:write' } as const
  const grant = aGrant({ id, coverage, usesLeft, startsAt: now, endsAt: now + 60_000 })
  await bed.context.store.grants.insert(grant)
  return grant
}
const usesLeft = async (id: string) => (await bed.context.store.grants.get(id))?.usesLeft

test('a statement that needs several grants takes one use of each, or none where one was lost to somebody else', async () => {
  const [one, two] = [await given('one', 1), await given('two', 1)]
  expect(await useGrants(bed.context, [two])).toBe(true)
  expect(await useGrants(bed.context, [one, two])).toBe(false)
  expect(await usesLeft('one')).toBe(1)
  const three = await given('three', 1)
  expect(await useGrants(bed.context, [one, three])).toBe(true)
  expect([await usesLeft('one'), await usesLeft('three')]).toEqual([0, 0])
  expect((await bed.entries()).map(({ type, body }) => [type, body['grant']])).toEqual([
    ['grant.used', 'two'],
    ['grant.used', 'one'],
    ['grant.used', 'three'],
  ])
})

test('of many that need the same two grants in any order one has both', async () => {
  const grants = [await given('one', 1), await given('two', 1)]
  const used = await Promise.all(Array.from({ length: 20 }, (_, at) => useGrants(bed.context, at % 2 ? grants : grants.toReversed())))
  expect(used.filter(Boolean)).toHaveLength(1)
  expect([await usesLeft('one'), await usesLeft('two')]).toEqual([0, 0])
})

test('a while that was revoked since it was looked up is not used, nor is anything with it', async () => {
  const [while_, once] = [await given('while', null), await given('once', 1)]
  await revokeGrant(bed.context, 'while', BOB, 'enough')
  expect(await useGrants(bed.context, [once, while_])).toBe(false)
  expect(await usesLeft('once')).toBe(1)
})
