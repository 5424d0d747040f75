import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { CompactRange, EMPTY_ROOT, leafHash, rootOf } from '../src/merkle.ts'
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

  // certificate-transparency's and transparency-dev's eight leaves, and the roots of the trees of the first 0 to 8 of them.
  it('has the published roots of the published leaves', () => {
    const leaves = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'].map((hex) =>
      leafHash(Buffer.from(hex, 'hex')),
    )
    const roots = [
      'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
      '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
      'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
      'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
      '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
      '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
      'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
      '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
    ]
    roots.forEach((root, size) => expect(Buffer.from(rootOf(leaves.slice(0, size))).toString('hex')).toBe(root))
    expect(Buffer.from(EMPTY_ROOT).toString('hex')).toBe(roots[0])
  })

  it('takes no edge that is of another size', () => {
    expect(() => new CompactRange(3, leavesOf(1))).toThrow(expect.objectContaining({ code: 'unreadable' }))
    expect(() => new CompactRange(-1)).toThrow(expect.objectContaining({ code: 'unreadable' }))
  })
})
