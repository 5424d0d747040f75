import { hash } from 'node:crypto'
import fc from 'fast-check'
import { type Hash, leafHash } from '../src/merkle.ts'
import { changedTiles, grownTiles, type Tile, type TileReader, tilePath } from '../src/tiles.ts'

/** Leaf hashes that differ, without hashing entries for them. */
export const leavesOf = (size: number, label = ''): Hash[] => Array.from({ length: size }, (_, index) => leafHash(Buffer.from(`${label}${index}`)))

/** A size, most often one near a boundary of tiles. */
export const sizes = (max: number) =>
  fc.oneof(
    fc.nat(Math.min(max, 20)),
    fc.nat(max),
    fc.integer({ min: 0, max: 3 }).chain((n) => fc.integer({ min: -2, max: 2 }).map((by) => Math.max(0, Math.min(max, n * 256 + by)))),
  )

/** The tiles of a growing tree, as a store keeps them: the widest of each. */
export class TileStore {
  readonly tiles = new Map<string, Tile>()
  size = 0

  async append(leaves: readonly Hash[]): Promise<Tile[]> {
    const grown = await grownTiles(this.read, this.size, leaves)
    for (const tile of grown) this.tiles.set(`${tile.level}/${tile.n}`, tile)
    this.size += leaves.length
    return grown
  }

  readonly read: TileReader = (level, n, width) => {
    const tile = this.tiles.get(`${level}/${n}`)
    if (!tile || tile.width < width) return Promise.reject(new Error(`no ${tilePath({ level, n, width })}`))
    return Promise.resolve(tile.hashes.subarray(0, width * 32))
  }
}

export async function storeOf(leaves: readonly Hash[]): Promise<TileStore> {
  const store = new TileStore()
  await store.append(leaves)
  return store
}

export const namesOf = (before: number, size: number) => [...changedTiles(before, size)].map(tilePath)

// What RFC 9162 section 2.1 says, word for word, over the list of all leaf hashes: slow, and obviously right.

/** Section 2.1.1, MTH. */
export function definedRoot(leaves: readonly Hash[]): Hash {
  if (leaves.length === 0) return hash('sha256', '', 'buffer')
  if (leaves.length === 1) return leaves[0] ?? Buffer.alloc(0)
  const k = largestPower(leaves.length)
  return hash('sha256', Buffer.concat([Buffer.from([1]), definedRoot(leaves.slice(0, k)), definedRoot(leaves.slice(k))]), 'buffer')
}

/** Section 2.1.3.1, PATH. */
export function definedPath(m: number, leaves: readonly Hash[]): Hash[] {
  if (leaves.length === 1) return []
  const k = largestPower(leaves.length)
  if (m < k) return [...definedPath(m, leaves.slice(0, k)), definedRoot(leaves.slice(k))]
  return [...definedPath(m - k, leaves.slice(k)), definedRoot(leaves.slice(0, k))]
}

/** Section 2.1.4.1, PROOF and SUBPROOF. */
export function definedProof(m: number, leaves: readonly Hash[], b = true): Hash[] {
  if (m === leaves.length) return b ? [] : [definedRoot(leaves)]
  const k = largestPower(leaves.length)
  if (m <= k) return [...definedProof(m, leaves.slice(0, k), b), definedRoot(leaves.slice(k))]
  return [...definedProof(m - k, leaves.slice(k), false), definedRoot(leaves.slice(0, k))]
}

const largestPower = (n: number): number => 2 ** Math.floor(Math.log2(n - 1))
