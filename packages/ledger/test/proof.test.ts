import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { type Hash, leafHash, rootOf } from '../src/merkle.ts'
import { edgeFromTiles, proveConsistency, proveInclusion, rootFromTiles, verifyConsistency, verifyInclusion } from '../src/proof.ts'
import { definedPath, definedProof, leavesOf, sizes, storeOf, type TileStore } from './trees.ts'

const MAX = 1100
const leaves = leavesOf(MAX)
/** One tree for all of them: a smaller tree's tiles are the beginnings of a larger one's. */
const tree: TileStore = await storeOf(leaves)
const rootAt = (size: number) => rootOf(leaves.slice(0, size))
const stranger = leafHash(Buffer.from('never appended'))

/** A tree that has leaves, and the index of one of them. */
const places = sizes(MAX)
  .map((size) => Math.max(1, size))
  .chain((size) => fc.record({ size: fc.constant(size), index: fc.nat(size - 1) }))
const pairs = fc.tuple(sizes(MAX), sizes(MAX)).map(([one, other]) => ({ before: Math.min(one, other), size: Math.max(one, other) }))

/** The list with one bit of one hash flipped. */
function flipped(list: readonly Hash[], where: number): Hash[] {
  const bytes = Buffer.concat(list)
  const at = where % (bytes.length * 8)
  bytes[at >> 3] = (bytes[at >> 3] ?? 0) ^ (1 << (at & 7))
  return list.map((_, index) => bytes.subarray(index * 32, (index + 1) * 32))
}

describe('a proof made from tiles', () => {
  test('is the one that RFC 9162 defines over the whole list', async () => {
    await fc.assert(
      fc.asyncProperty(places, pairs, async ({ size, index }, { before, size: later }) => {
        expect((await proveInclusion(tree.read, index, size)).proof).toEqual(definedPath(index, leaves.slice(0, size)))
        const consistency = before === 0 ? [] : definedProof(before, leaves.slice(0, later))
        expect((await proveConsistency(tree.read, before, later)).proof).toEqual(consistency)
      }),
      { numRuns: 60 },
    )
  })

  test('comes with the root and the edge of the tree at any size', async () => {
    await fc.assert(
      fc.asyncProperty(sizes(MAX), async (size) => {
        expect(await rootFromTiles(tree.read, size)).toEqual(rootAt(size))
        expect((await edgeFromTiles(tree.read, size)).length).toBe(size.toString(2).replaceAll('0', '').length)
      }),
    )
  })

  it('refuses what no tree has', async () => {
    const refused = expect.objectContaining({ code: 'out-of-range' })
    await expect(proveInclusion(tree.read, 5, 5)).rejects.toEqual(refused)
    await expect(proveInclusion(tree.read, -1, 5)).rejects.toEqual(refused)
    await expect(proveInclusion(tree.read, 0.5, 5)).rejects.toEqual(refused)
    await expect(proveInclusion(tree.read, 0, 2 ** 53)).rejects.toEqual(refused)
    await expect(proveConsistency(tree.read, 6, 5)).rejects.toEqual(refused)
    await expect(proveInclusion(() => Promise.resolve(Buffer.alloc(31)), 0, 2)).rejects.toEqual(expect.objectContaining({ code: 'unreadable' }))
  })
})

describe('an inclusion proof', () => {
  test('verifies its leaf, and no other leaf, index, root, or altered hash', async () => {
    await fc.assert(
      fc.asyncProperty(places, fc.nat(), fc.nat(), async ({ size, index }, other, bit) => {
        const proved = await proveInclusion(tree.read, index, size)
        const [leaf, root] = [leaves[index] ?? stranger, rootAt(size)]
        expect(verifyInclusion(proved, leaf, root)).toBe(true)
        expect(verifyInclusion(proved, stranger, root)).toBe(false)
        expect(verifyInclusion(proved, leaf, stranger)).toBe(false)
        if (other % size !== index) expect(verifyInclusion({ ...proved, index: other % size }, leaf, root)).toBe(false)
        if (proved.proof.length > 0) expect(verifyInclusion({ ...proved, proof: flipped(proved.proof, bit) }, leaf, root)).toBe(false)
      }),
    )
  })

  test('verifies with no hash left out, doubled or put in', async () => {
    await fc.assert(
      fc.asyncProperty(places, fc.nat(), async ({ size, index }, at) => {
        const proved = await proveInclusion(tree.read, index, size)
        const where = at % (proved.proof.length + 1)
        const verify = (proof: readonly Hash[]) => verifyInclusion({ ...proved, proof }, leaves[index] ?? stranger, rootAt(size))
        expect(verify(proved.proof.toSpliced(where, 0, stranger))).toBe(false)
        if (proved.proof.length === 0) return
        expect(verify(proved.proof.toSpliced(where % proved.proof.length, 1))).toBe(false)
        expect(verify([...proved.proof, ...proved.proof])).toBe(false)
      }),
    )
  })

  // A proof does not bind the size: in trees of 5 and of 6 the way up of leaf 0 has as many steps on the same side. The root does.
  test('of another size has another root', async () => {
    await fc.assert(
      fc.asyncProperty(places, sizes(MAX), async ({ size, index }, other) => {
        fc.pre(other !== size)
        const proved = await proveInclusion(tree.read, index, size)
        expect(verifyInclusion({ ...proved, size: other }, leaves[index] ?? stranger, rootAt(other))).toBe(false)
      }),
    )
  })

  it.each([-1, 0.5, Number.NaN, 2 ** 53])('verifies nothing at index or size %s', (odd) => {
    expect(verifyInclusion({ index: 0, size: 1, proof: [] }, stranger, stranger)).toBe(true)
    expect(verifyInclusion({ index: odd, size: 1, proof: [] }, stranger, stranger)).toBe(false)
    expect(verifyInclusion({ index: 0, size: odd, proof: [] }, stranger, stranger)).toBe(false)
    expect(verifyInclusion({ index: 0, size: 2, proof: [Buffer.alloc(31)] }, stranger, stranger)).toBe(false)
  })
})

describe('a consistency proof', () => {
  test('verifies that one tree grew into the other, and no other pair, root or altered hash', async () => {
    await fc.assert(
      fc.asyncProperty(pairs, fc.nat(), async ({ before, size }, bit) => {
        const proved = await proveConsistency(tree.read, before, size)
        const [old, root] = [rootAt(before), rootAt(size)]
        expect(verifyConsistency(proved, old, root)).toBe(true)
        expect(verifyConsistency(proved, stranger, root)).toBe(false)
        if (before > 0) expect(verifyConsistency(proved, old, stranger)).toBe(false)
        expect(verifyConsistency({ ...proved, proof: [...proved.proof, stranger] }, old, root)).toBe(false)
        if (before !== size) expect(verifyConsistency({ ...proved, before: size, size: before }, root, old)).toBe(false)
        if (proved.proof.length === 0) return
        expect(verifyConsistency({ ...proved, proof: flipped(proved.proof, bit) }, old, root)).toBe(false)
        expect(verifyConsistency({ ...proved, proof: proved.proof.slice(1) }, old, root)).toBe(false)
      }),
    )
  })

  test('is not found for a fork: a tree in which an early leaf is another', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 300 }), fc.nat(), async (before, more, at) => {
        const forked = leaves.slice(0, before + more).with(at % before, stranger)
        const { read } = await storeOf(forked)
        const proved = await proveConsistency(read, before, before + more)
        expect(verifyConsistency(proved, rootAt(before), rootOf(forked))).toBe(false)
      }),
      { numRuns: 30 },
    )
  })
})
