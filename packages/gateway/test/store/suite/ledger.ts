import { expect, test } from 'vitest'
import { type StoredEntry, StoreUnavailable } from '../../../src/store/store.ts'
import type { Pair } from '../bed.ts'

const entry = (gateway: string, seq: number): StoredEntry => ({ gateway, seq, line: `{"gateway":"${gateway}","seq":${seq},"text":"ü\\u0000"}` })
const entries = (gateway: string, from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => entry(gateway, from + index))

export function ledger(pair: () => Pair): void {
  test('in sequence, from any place, each gateway’s by itself', async () => {
    const { here, there } = pair()
    await here.ledger.append(entries('gw-1', 1, 2_500))
    await there.ledger.append(entries('gw-2', 1, 3).toReversed())
    expect(await there.ledger.read('gw-1', 999, 1_003)).toEqual(entries('gw-1', 999, 2_001))
    expect(await there.ledger.read('gw-1', 2_499, 10)).toEqual(entries('gw-1', 2_499, 2_500))
    expect(await here.ledger.read('gw-2', 0, 10)).toEqual(entries('gw-2', 1, 3))
    expect(await here.ledger.heads()).toEqual([
      { gateway: 'gw-1', seq: 2_500 },
      { gateway: 'gw-2', seq: 3 },
    ])
  })

  test('and leaves an entry as it is that is there already', async () => {
    const { here, there } = pair()
    await here.ledger.append(entries('gw-1', 1, 3))
    await Promise.all([here.ledger.append(entries('gw-1', 2, 5)), there.ledger.append([{ gateway: 'gw-1', seq: 2, line: 'another' }, entry('gw-1', 6)])])
    expect(await here.ledger.read('gw-1', 1, 10)).toEqual(entries('gw-1', 1, 6))
  })

  test('of a thread that has it on a connection of its own', async () => {
    const { bed, here } = pair()
    const apart = bed.openLedger()
    expect(await apart.heads()).toEqual([])
    await here.ledger.append(entries('gw-1', 1, 2))
    await apart.append(entries('gw-1', 2, 1_200))
    await expect(apart.append([{ ...entry('gw-1', 1_201), seq: Number.NaN }])).rejects.toThrow(StoreUnavailable)
    expect(await apart.heads()).toEqual([{ gateway: 'gw-1', seq: 1_200 }])
    expect(await apart.read('gw-1', 1_199, 10)).toEqual(entries('gw-1', 1_199, 1_200))
    expect(await here.ledger.read('gw-1', 1, 2_000)).toEqual(entries('gw-1', 1, 1_200))
    await apart.close()
    await expect(apart.heads()).rejects.toThrow(StoreUnavailable)
  })

  test('when there is nothing', async () => {
    const { here } = pair()
    await here.ledger.append([])
    expect(await here.ledger.heads()).toEqual([])
    expect(await here.ledger.read('gw-1', 1, 10)).toEqual([])
  })
}
