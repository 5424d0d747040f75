import fc from 'fast-check'
import { expect, test } from 'vitest'
import { anyLease, runs } from '../arbitraries.ts'
import type { Pair } from '../bed.ts'

export function leases(pair: () => Pair): void {
  test('any lease, as inserted and as saved by one of two', async () => {
    const { here, there } = pair()
    const property = fc.asyncProperty(anyLease, anyLease, async (lease, later) => {
      await here.leases.insert(lease)
      expect(await there.leases.get(lease.id)).toEqual(lease)
      const next = { ...later, id: lease.id, version: lease.version + 1 }
      expect((await Promise.all([here.leases.save(next), there.leases.save(next)])).filter(Boolean)).toEqual([true])
      expect(await here.leases.get(lease.id)).toEqual(next)
    })
    await fc.assert(property, runs(40))
  })

  test('leases, newest first, those that are open and by gateway; null for one that is not there', async () => {
    const { here, there } = pair()
    const [sample] = fc.sample(anyLease, { numRuns: 1, seed: 1 })
    if (!sample) throw new Error('there is no sample')
    const put = (id: string, createdAt: number, gateway: string, removedAt: number | null) =>
      here.leases.insert({ ...sample, id, createdAt, gateway, removedAt })
    await put('old', 1, 'gw-1', null)
    await put('gone', 2, 'gw-1', 5)
    await put('other', 3, 'gw-2', null)
    const ids = async (filter: Parameters<typeof there.leases.list>[0]) => (await there.leases.list(filter)).map(({ id }) => id)
    expect(await ids({})).toEqual(['other', 'gone', 'old'])
    expect(await ids({ limit: 1 })).toEqual(['other'])
    expect(await ids({ open: true })).toEqual(['other', 'old'])
    expect(await ids({ open: true, gateway: 'gw-1' })).toEqual(['old'])
    expect(await here.leases.get('nowhere')).toBeNull()
  })
}
