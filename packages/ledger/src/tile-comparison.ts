import { LedgerError } from './error.ts'
import { type Hash, HASH_BYTES, isSameHash } from './merkle.ts'
import { proveInclusion, verifyInclusion } from './proof.ts'
import { grownTiles, type Tile, TILE_WIDTH, tileHashes, type TileId, tilePath, type TileReader, tileWidth } from './tiles.ts'
import type { Problem, ReadFile } from './problem.ts'

/** A tile that is not there, or not what the entries make. */
interface Difference {
  readonly tile: Tile
  /** Null where there is none, or one of another width. */
  readonly stored: Uint8Array | null
}

/** More than these are not told apart any more. */
const MAX_DIFFERENCES = 32

/** Holds a log's tiles against those that its entries make, while these are read. */
export class TileComparison {
  readonly #read: ReadFile
  readonly #size: number
  #appended = 0
  /** The tile of each level that is not full. */
  readonly #edge = new Map<number, Tile>()
  readonly #differences: Difference[] = []

  constructor(read: ReadFile, size: number) {
    this.#read = read
    this.#size = size
  }

  /** True when every tile is the one that the entries make. */
  get agrees(): boolean {
    return this.#differences.length === 0
  }

  async append(leaves: readonly Hash[]): Promise<void> {
    const tiles = await grownTiles((level) => Promise.resolve(this.#edge.get(level)?.hashes ?? new Uint8Array()), this.#appended, leaves)
    this.#appended += leaves.length
    for (const tile of tiles) {
      if (tile.width < TILE_WIDTH) this.#edge.set(tile.level, tile)
      else this.#edge.delete(tile.level)
      if (tile.width === tileWidth(this.#size, tile.level, tile.n)) await this.#compare(tile)
    }
  }

  async #compare(tile: Tile): Promise<void> {
    if (this.#differences.length >= MAX_DIFFERENCES) return
    const stored = await readTile(this.#read, tile)
    if (!stored || !isSameHash(stored, tile.hashes)) this.#differences.push({ tile, stored })
  }

  /**
   * Names what was altered. When the entries make the root that was signed they are as they were, and a tile that differs is
   * not. Otherwise an entry was altered where the tiles lead from its own hash to that root.
   */
  async judge(root: Hash, entriesAreSigned: boolean): Promise<readonly Problem[]> {
    const problems: Problem[] = []
    for (const difference of this.#differences) problems.push(...(await this.#judgeTile(difference, root, entriesAreSigned)))
    return problems
  }

  async #judgeTile({ tile, stored }: Difference, root: Hash, entriesAreSigned: boolean): Promise<readonly Problem[]> {
    const place = tilePath(tile)
    if (!stored) return [{ why: 'missing', place, message: `${place} is not there, or is cut off` }]
    if (entriesAreSigned) return [{ why: 'altered', place, message: `${place} is not what the entries make, and they are what was signed` }]
    if (tile.level > 0) return []
    const named = await this.#alteredEntries(tile, stored, root)
    return named.length > 0 ? named : [{ why: 'altered', place, message: `neither ${place} nor the entries that it is of are what was signed` }]
  }

  async #alteredEntries(tile: Tile, stored: Uint8Array, root: Hash): Promise<readonly Problem[]> {
    const own = tileHashes(tile.hashes, tile)
    const problems: Problem[] = []
    for (const [at, hash] of tileHashes(stored, tile).entries()) {
      const index = tile.n * TILE_WIDTH + at
      if (isSameHash(hash, own[at] ?? hash) || !(await this.#isSigned(index, hash, root))) continue
      problems.push({ why: 'altered', place: `entry ${index}`, message: `entry ${index} is not the one that was signed in its place` })
    }
    return problems
  }

  /** Whether the stored tiles lead from this leaf to the root. */
  async #isSigned(index: number, leaf: Hash, root: Hash): Promise<boolean> {
    try {
      return verifyInclusion(await proveInclusion(this.#stored, index, this.#size), leaf, root)
    } catch (error) {
      if (error instanceof LedgerError) return false
      throw error
    }
  }

  readonly #stored: TileReader = async (level, n, width) => (await readTile(this.#read, { level, n, width })) ?? new Uint8Array()
}

/** A partial tile may have been deleted once the full one is there. Null where there is none, or one of another width. */
async function readTile(read: ReadFile, tile: TileId): Promise<Uint8Array | null> {
  const bytes = (await read(tilePath(tile))) ?? (tile.width < TILE_WIDTH ? await read(tilePath({ ...tile, width: TILE_WIDTH })) : null)
  return bytes && bytes.length >= tile.width * HASH_BYTES && bytes.length % HASH_BYTES === 0 ? bytes.subarray(0, tile.width * HASH_BYTES) : null
}
