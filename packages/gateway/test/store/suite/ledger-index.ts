import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type BlockQuery, type IndexedBlock, StoreUnavailable } from '../../../src/store/store.ts'
import type { Pair } from '../bed.ts'

const ANY: BlockQuery = { terms: [], from: null, until: null, below: Number.MAX_SAFE_INTEGER, limit: 1_000 }
const TERMS = ['a', 'b', 'c', 'd']

export function ledgerIndex(pair: () => Pair): void {
  test('the blocks that have all of what is looked for and something of that time, the last first', async () => {
    const { here, there, bed } = pair()
    const apart = await bed.openTree()
    const content = fc.record({ terms: fc.subarray(TERMS), firstAt: fc.nat(50), more: fc.nat(50) })
    const blocks = fc
      .sample(content, 40)
      .map(({ terms, firstAt, more }, block): IndexedBlock => ({ block, terms, firstAt: block + firstAt, lastAt: block + firstAt + more }))
    expect(await here.ledgerIndex.count()).toBe(0)
    await apart.ledgerIndex.add(blocks.slice(0, 3))
    await apart.ledgerIndex.add(blocks.slice(3))
    await apart.close()
    expect(await there.ledgerIndex.count()).toBe(blocks.length)
    const time = fc.option(fc.nat(140), { nil: null })
    const query = fc.record({ terms: fc.subarray(TERMS), from: time, until: time, below: fc.nat(45), limit: fc.integer({ min: 1, max: 45 }) })
    const property = fc.asyncProperty(query, async (wanted) => {
      const has = ({ block, terms, firstAt, lastAt }: IndexedBlock) =>
        block < wanted.below && wanted.terms.every((term) => terms.includes(term)) && lastAt >= (wanted.from ?? 0) && firstAt < (wanted.until ?? Infinity)
      const expected = blocks.filter(has).map(({ block }) => block)
      expect(await there.ledgerIndex.find(wanted)).toEqual(expected.toReversed().slice(0, wanted.limit))
    })
    await fc.assert(property, { numRuns: 60 })
  })

  test('two that index at once do each block once, and it stays as it was', async () => {
    const { here, there } = pair()
    const block = (terms: readonly string[]): IndexedBlock => ({ block: 0, terms, firstAt: 1, lastAt: 2 })
    const many = Array.from({ length: 3_000 }, (_, at) => `term ${at}`)
    await Promise.all([here.ledgerIndex.add([block(many)]), there.ledgerIndex.add([block(many)])])
    await here.ledgerIndex.add([{ ...block(['other']), lastAt: 9 }])
    expect(await there.ledgerIndex.count()).toBe(1)
    expect(await here.ledgerIndex.find({ ...ANY, terms: ['term 0', 'term 2999'] })).toEqual([0])
    expect(await here.ledgerIndex.find({ ...ANY, from: 5 })).toEqual([])
  })

  test('a block that no gateway wrote is nobody’s', async () => {
    const { here, bed } = pair()
    await bed.sql(`insert into ${bed.schema}ledger_blocks (block, first_at, last_at) values (-3, 1, 2)`)
    await expect(here.ledgerIndex.find(ANY)).rejects.toThrow(StoreUnavailable)
    await expect(here.ledgerIndex.count()).rejects.toThrow(StoreUnavailable)
  })
}
