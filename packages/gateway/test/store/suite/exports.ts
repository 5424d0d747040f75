import fc from 'fast-check'
import { expect, test } from 'vitest'
import { StoreUnavailable } from '../../../src/store/store.ts'
import { runs } from '../arbitraries.ts'
import type { Pair } from '../bed.ts'

export function exports(pair: () => Pair): void {
  test('an export begins at the tree’s beginning, and each has its own place', async () => {
    const { here, there } = pair()
    expect(await here.exports.state('one')).toEqual({ name: 'one', position: 0, term: 0, holder: null, beat: 0 })
    const held = await here.exports.take('gw-1', await here.exports.state('one'))
    expect(held && (await here.exports.advance(held, 5))).toBe(true)
    expect(await there.exports.state('one')).toMatchObject({ position: 5, holder: 'gw-1' })
    expect(await there.exports.state('two')).toMatchObject({ position: 0, holder: null })
  })

  test('one of two that race has it, and a position only ever grows, whoever asks in which order', async () => {
    const { here, there } = pair()
    const property = fc.asyncProperty(fc.array(fc.record({ first: fc.boolean(), position: fc.nat(9) }), { maxLength: 8 }), async (steps) => {
      const seen = await here.exports.state('raced')
      const taken = await Promise.all([here.exports.take('gw-1', seen), there.exports.take('gw-2', seen)])
      const [held] = taken.filter((state) => state !== null)
      expect(taken.filter(Boolean)).toHaveLength(1)
      if (!held) return
      let before = seen.position
      for (const { first, position } of steps) {
        const term = first ? held.term : held.term - 1
        const moved = await (first ? here : there).exports.advance({ name: 'raced', term }, seen.position + position)
        expect(moved).toBe(first && seen.position + position >= before)
        if (moved) before = seen.position + position
        expect((await there.exports.state('raced')).position).toBe(before)
      }
    })
    await fc.assert(property, runs(15))
  })

  test('a holder that lives is seen to, and one that gave it up changes nothing more', async () => {
    const { here, there } = pair()
    const held = await here.exports.take('gw-1', await here.exports.state('one'))
    if (!held) throw new Error('nobody else is there')
    const seen = await there.exports.state('one')
    expect(await here.exports.renew(held)).toBe(true)
    expect(await there.exports.take('gw-2', seen)).toBeNull()
    await here.exports.release(held)
    expect(await here.exports.renew(held)).toBe(false)
    expect(await here.exports.advance(held, 1)).toBe(false)
    expect(await there.exports.take('gw-2', await there.exports.state('one'))).toMatchObject({ holder: 'gw-2', term: held.term + 1 })
  })

  test('a row that no gateway wrote is refused', async () => {
    const { here, bed } = pair()
    await here.exports.state('one')
    await bed.sql(`update ${bed.schema}exports set position = -1`)
    await expect(here.exports.state('one')).rejects.toThrow(StoreUnavailable)
  })
}
