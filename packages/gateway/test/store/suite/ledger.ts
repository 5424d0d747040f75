import { expect, test } from 'vitest'
import { type StoredEntry, type StoredHead, StoreUnavailable } from '../../../src/store/store.ts'
import type { Pair } from '../bed.ts'

const entry = (gateway: string, seq: number): StoredEntry => ({ gateway, seq, line: `{"gateway":"${gateway}","seq":${seq},"text":"ü\\u0000"}` })
const entries = (gateway: string, from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => entry(gateway, from + index))
const head = (gateway: string, seq: number, key = 'a key'): StoredHead => ({ gateway, seq, hash: `hash ${seq}`, key, signature: `${key} on ${seq}` })

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
    const apart = await bed.openLedger()
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

  test('with what a key says of it, which is there when the entries are, and else not', async () => {
    const { bed, here, there } = pair()
    const apart = await bed.openLedger()
    await apart.append(entries('gw-1', 1, 3), head('gw-1', 3))
    await here.ledger.append(entries('gw-1', 4, 1_900), head('gw-1', 1_900))
    await there.ledger.append(entries('gw-2', 1, 1), head('gw-2', 1))
    expect(await there.ledger.signedHeads('gw-1', 3, 10)).toEqual([head('gw-1', 3), head('gw-1', 1_900)])
    expect(await apart.signedHeads('gw-1', 4, 10)).toEqual([head('gw-1', 1_900)])
    expect(await here.ledger.signedHeads('gw-1', 1, 1)).toEqual([head('gw-1', 3)])
    for (const ledger of [apart, here.ledger])
      await expect(ledger.append([{ ...entry('gw-1', 1_901), seq: Number.NaN }], head('gw-1', 1_901))).rejects.toThrow(StoreUnavailable)
    expect(await there.ledger.signedHeads('gw-1', 1_901, 10)).toEqual([])
    await apart.close()
  })

  test('with what another key says of the same entry in its place', async () => {
    const { bed, here } = pair()
    const apart = await bed.openLedger()
    await here.ledger.append(entries('gw-1', 1, 3), head('gw-1', 3))
    await apart.append([], head('gw-1', 3, 'another'))
    expect(await here.ledger.signedHeads('gw-1', 1, 10)).toEqual([head('gw-1', 3, 'another')])
    await here.ledger.append([], head('gw-1', 3, 'a third'))
    expect(await apart.signedHeads('gw-1', 1, 10)).toEqual([head('gw-1', 3, 'a third')])
    await apart.close()
  })

  test('when there is nothing', async () => {
    const { here } = pair()
    await here.ledger.append([])
    expect(await here.ledger.heads()).toEqual([])
    expect(await here.ledger.read('gw-1', 1, 10)).toEqual([])
  })
}
