import { expect, test } from 'vitest'
import { aGrant, aRequest } from '../../../../core/test/arbitraries.ts'
import { StoreUnavailable } from '../../../src/store/store.ts'
import { type Pair, TABLES } from '../bed.ts'

export function opening(pair: () => Pair): void {
  test('again, with everything there', async () => {
    const { here, bed } = pair()
    await here.requests.open(aRequest())
    const again = await bed.open()
    expect(await again.requests.get('req-1')).toEqual(aRequest())
    await again.close()
  })

  test('for many gateways at once on an empty database', async () => {
    const { bed } = pair()
    for (const table of TABLES) {
      await bed.sql(`drop table ${bed.schema}${table}`)
    }
    const stores = await Promise.all(Array.from({ length: 4 }, () => bed.open()))
    await stores[0]?.grants.insert(aGrant())
    expect(await Promise.all(stores.map((store) => store.grants.get('grant-1')))).toEqual([aGrant(), aGrant(), aGrant(), aGrant()])
    await Promise.all(stores.map((store) => store.close()))
  })

  test('and once closed says so', async () => {
    const store = await pair().bed.open()
    await store.ping()
    await store.close()
    await expect(store.ping()).rejects.toThrow(StoreUnavailable)
    await expect(store.requests.open(aRequest())).rejects.toThrow(StoreUnavailable)
  })
}
