import { LedgerError } from './error.ts'
import { EMPTY_ROOT, type Hash, HASH_BYTES, isSameHash, isSize, joined, nodeHash } from './merkle.ts'
import { perfectRoot, TILE_WIDTH, tileHashes, type TileReader, tileWidth } from './tiles.ts'

/** That a leaf is in a tree: the hashes beside its way up, the leaf's sibling first (RFC 9162 section 2.1.3). */
export interface Inclusion {
  readonly index: number
  readonly size: number
  readonly proof: readonly Hash[]
}

/** That a tree of `size` is one of `before` with leaves appended (RFC 9162 section 2.1.4). */
export interface Consistency {
  readonly before: number
  readonly size: number
  readonly proof: readonly Hash[]
}

/** Leaves `from` to `to`, `to` not among them: one node of the tree. */
interface Range {
  readonly from: number
  readonly to: number
}

/** Throws LedgerError `out-of-range` when the tree has no such leaf; what the reader throws; `unreadable` for a tile of another width. */
export async function proveInclusion(read: TileReader, index: number, size: number): Promise<Inclusion> {
  if (!isSize(size) || !isSize(index) || index >= size) throw new LedgerError('out-of-range', `a tree of ${size} has no entry ${index}`)
  return { index, size, proof: await hashesOf(read, besides(index, { from: 0, to: size }), size) }
}

/** Throws LedgerError `out-of-range` when the second tree is the smaller one; else as `proveInclusion`. */
export async function proveConsistency(read: TileReader, before: number, size: number): Promise<Consistency> {
  if (!isSize(size) || !isSize(before) || before > size) throw new LedgerError('out-of-range', `a tree of ${size} did not grow from one of ${before}`)
  const ranges = before === 0 || before === size ? [] : parts(before, { from: 0, to: size }, true)
  return { before, size, proof: await hashesOf(read, ranges, size) }
}

/** The root of the tree's first `size` leaves. */
export async function rootFromTiles(read: TileReader, size: number): Promise<Hash> {
  return size === 0 ? EMPTY_ROOT : rangeHash(cached(read), { from: 0, to: size }, size)
}

/** The edge of the tree's first `size` leaves: what a CompactRange goes on from. */
export async function edgeFromTiles(read: TileReader, size: number): Promise<Hash[]> {
  const tiles = cached(read)
  return Promise.all(perfect({ from: 0, to: size }).map((range) => perfectHash(tiles, range, size)))
}

/** RFC 9162 section 2.1.3.1, PATH: the other half at each step of the way down, the last step first. */
function besides(index: number, { from, to }: Range): Range[] {
  if (to - from === 1) return []
  const middle = from + split(to - from)
  return index < middle ? [...besides(index, { from, to: middle }), { from: middle, to }] : [...besides(index, { from: middle, to }), { from, to: middle }]
}

/** RFC 9162 section 2.1.4.1, SUBPROOF; `whole` while the smaller tree is all of the left side, so that its root is known already. */
function parts(before: number, { from, to }: Range, whole: boolean): Range[] {
  if (before === to) return whole ? [] : [{ from, to }]
  const middle = from + split(to - from)
  return before <= middle
    ? [...parts(before, { from, to: middle }, whole), { from: middle, to }]
    : [...parts(before, { from: middle, to }, false), { from, to: middle }]
}

/** The largest power of two that is less than `size`. */
function split(size: number): number {
  let half = 1
  while (half * 2 < size) half *= 2
  return half
}

/** The perfect subtrees of a range, the largest first. */
function perfect({ from, to }: Range): Range[] {
  if (from === to) return []
  const middle = from + split(to - from + 1)
  return [{ from, to: middle }, ...perfect({ from: middle, to })]
}

async function hashesOf(read: TileReader, ranges: readonly Range[], size: number): Promise<Hash[]> {
  const tiles = cached(read)
  return Promise.all(ranges.map((range) => rangeHash(tiles, range, size)))
}

async function rangeHash(read: TileReader, range: Range, size: number): Promise<Hash> {
  return joined(await Promise.all(perfect(range).map((part) => perfectHash(read, part, size))))
}

/** A perfect subtree of 2^h leaves is 2^(h mod 8) hashes, next to each other in one tile of level h / 8. */
async function perfectHash(read: TileReader, { from, to }: Range, size: number): Promise<Hash> {
  let [level, first, count] = [0, from, to - from]
  for (; count >= TILE_WIDTH; level++) [first, count] = [first / TILE_WIDTH, count / TILE_WIDTH]
  const n = Math.floor(first / TILE_WIDTH)
  const width = tileWidth(size, level, n)
  const hashes = tileHashes(await read(level, n, width), { level, n, width })
  return perfectRoot(hashes.slice(first % TILE_WIDTH, (first % TILE_WIDTH) + count))
}

/** One proof asks for the same tile several times. */
function cached(read: TileReader): TileReader {
  const tiles = new Map<string, Promise<Uint8Array>>()
  return (level, n, width) => {
    const key = `${level}/${n}`
    const tile = tiles.get(key) ?? read(level, n, width)
    tiles.set(key, tile)
    return tile
  }
}

/** True when `root` is that of a tree of the proof's size which has `leaf` at the proof's index: RFC 9162 section 2.1.3.2. */
export function verifyInclusion({ index, size, proof }: Inclusion, leaf: Hash, root: Hash): boolean {
  if (!isSize(size) || !isSize(index) || index >= size || !areHashes(proof, leaf, root)) return false
  let [node, last] = [index, size - 1]
  let hash = leaf
  for (const beside of proof) {
    if (last === 0) return false
    if (node % 2 === 1 || node === last) {
      hash = nodeHash(beside, hash)
      while (node % 2 === 0 && node !== 0) [node, last] = [half(node), half(last)]
    } else hash = nodeHash(hash, beside)
    ;[node, last] = [half(node), half(last)]
  }
  return last === 0 && isSameHash(hash, root)
}

/** True when the tree with root `root` is that with root `rootBefore` and leaves appended: RFC 9162 section 2.1.4.2. */
export function verifyConsistency({ before, size, proof }: Consistency, rootBefore: Hash, root: Hash): boolean {
  if (!isSize(size) || !isSize(before) || before > size || !areHashes(proof, rootBefore, root)) return false
  if (before === size) return proof.length === 0 && isSameHash(rootBefore, root) && (size > 0 || isSameHash(root, EMPTY_ROOT))
  if (before === 0) return proof.length === 0 && isSameHash(rootBefore, EMPTY_ROOT)
  const [start, ...rest] = isPowerOfTwo(before) ? [rootBefore, ...proof] : proof
  return start !== undefined && grows({ before, size, proof: rest }, start, rootBefore, root)
}

function grows({ before, size, proof }: Consistency, start: Hash, rootBefore: Hash, root: Hash): boolean {
  let [node, last] = [before - 1, size - 1]
  while (node % 2 === 1) [node, last] = [half(node), half(last)]
  let [old, grown] = [start, start]
  for (const beside of proof) {
    if (last === 0) return false
    if (node % 2 === 1 || node === last) {
      ;[old, grown] = [nodeHash(beside, old), nodeHash(beside, grown)]
      while (node % 2 === 0 && node !== 0) [node, last] = [half(node), half(last)]
    } else grown = nodeHash(grown, beside)
    ;[node, last] = [half(node), half(last)]
  }
  return last === 0 && isSameHash(old, rootBefore) && isSameHash(grown, root)
}

/** No tree has a longer way up: sizes are below 2^53. The second hash of a consistency proof's end makes one more. */
const MAX_PROOF = 54

const areHashes = (proof: readonly Hash[], ...others: readonly Hash[]) =>
  proof.length <= MAX_PROOF && [...proof, ...others].every(({ length }) => length === HASH_BYTES)
const half = (value: number) => Math.floor(value / 2)
const isPowerOfTwo = (value: number) => split(value + 1) === value
