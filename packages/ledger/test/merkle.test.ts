import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { CompactRange, rootOf } from '../src/merkle.ts'
import { definedRoot, leavesOf, sizes } from './trees.ts'

describe('a Merkle tree', () => {
  test('has the root that RFC 9162 defines', () => {
    fc.assert(
      fc.property(sizes(600), (size) => {
        const leaves = leavesOf(size)
        expect(rootOf(leaves)).toEqual(definedRoot(leaves))
      }),
      { numRuns: 60 },
    )
  })

  test('grows from its edge as if it had never stopped', () => {
    fc.assert(
      fc.property(fc.nat(70), fc.nat(70), (first, more) => {
        const leaves = leavesOf(first + more)
        const before = new CompactRange()
        for (const leaf of leaves.slice(0, first)) before.append(leaf)
        const after = new CompactRange(before.size, before.hashes)
        for (const leaf of leaves.slice(first)) after.append(leaf)
        expect(after.root()).toEqual(definedRoot(leaves))
      }),
    )
  })

  it('takes no edge that is of another size', () => {
    expect(() => new CompactRange(3, leavesOf(1))).toThrow(expect.objectContaining({ code: 'unreadable' }))
    expect(() => new CompactRange(-1)).toThrow(expect.objectContaining({ code: 'unreadable' }))
  })
})
