import { LedgerError } from './error.ts'
import { type Hash, HASH_BYTES, isSize, joined, nodeHash } from './merkle.ts'

/** How many hashes a full tile has, and how many entries a full bundle: C2SP tlog-tiles, "Merkle Tree". */
export const TILE_WIDTH = 256

/** With more levels than these, a tile would begin beyond every size that is exact in a JavaScript number. */
const MAX_LEVEL = 6

/** Hashes `n * 256` to `n * 256 + width` of a level; at level 0 they are leaves, and above each stands for a full tile below. */
export interface TileId {
  readonly level: number
  readonly n: number
  /** In hashes: 1 to 256, which is full. */
  readonly width: number
}

/** Entries `n * 256` to `n * 256 + width`. */
export type BundleId = Omit<TileId, 'level'>

export interface Tile extends TileId {
  /** Its hashes, one after the other. */
  readonly hashes: Uint8Array
}

/** Gives a tile's hashes, `width` times 32 bytes; what it gives is held against signed roots, so it need not be trusted. */
export type TileReader = (level: number, n: number, width: number) => Promise<Uint8Array>

/** How many hashes of its level tile `n` has in a tree of `size` leaves: 0 when there is no such tile, 256 when it is full. */
export function tileWidth(size: number, level: number, n: number): number {
  return Math.max(0, Math.min(TILE_WIDTH, hashesAt(size, level) - n * TILE_WIDTH))
}

/** How many hashes a level has in a tree of `size` leaves. */
export const hashesAt = (size: number, level: number): number => Math.floor(size / TILE_WIDTH ** level)

/** The tiles that a tree of `size` has and one of `before` has not, or has narrower; level by level from the leaves, in order. */
export function* changedTiles(before: number, size: number): Generator<TileId> {
  for (let level = 0; hashesAt(size, level) > hashesAt(before, level); level++)
    for (let n = Math.floor(hashesAt(before, level) / TILE_WIDTH); tileWidth(size, level, n) > 0; n++) yield { level, n, width: tileWidth(size, level, n) }
}

/** Where a tile is served, relative to the log: `tile/<L>/<N>[.p/<W>]`. */
export const tilePath = ({ level, n, width }: TileId): string => `tile/${level}/${indexPath(n, width)}`

/** Where an entry bundle is served: `tile/entries/<N>[.p/<W>]`. */
export const bundlePath = ({ n, width }: BundleId): string => `tile/entries/${indexPath(n, width)}`

/** Where the same entries are served one a line, see `encodeLines`: `tile/lines/<N>[.p/<W>]`. */
export const linesPath = ({ n, width }: BundleId): string => `tile/lines/${indexPath(n, width)}`

/** `x001/x234/067`, and for less than a whole tile `.p/<W>` behind it. */
function indexPath(n: number, width: number): string {
  const digits = String(n)
  const groups = digits.padStart(Math.ceil(digits.length / 3) * 3, '0').match(/\d{3}/g) ?? []
  const path = groups.map((group, at) => (at === groups.length - 1 ? group : `x${group}`)).join('/')
  return width === TILE_WIDTH ? path : `${path}.p/${width}`
}

const PATH = /^tile\/(entries|lines|0|[1-9]\d?)\/((?:x\d{3}\/){0,5}\d{3})(?:\.p\/([1-9]\d{0,2}))?$/

/** What a path that anybody may have asked for names; null when it is none of this form's paths, or another spelling of one. */
export function parseTilePath(path: string): (TileId & { readonly kind: 'hashes' }) | (BundleId & { readonly kind: 'entries' | 'lines' }) | null {
  const [, kind = '', index = '', partial] = PATH.exec(path) ?? []
  const n = Number(index.replaceAll(/[x/]/g, ''))
  const width = partial === undefined ? TILE_WIDTH : Number(partial)
  if (kind === '' || !isSize(n) || index.startsWith('x000') || (partial !== undefined && width >= TILE_WIDTH)) return null
  if (kind === 'entries' || kind === 'lines') return { kind, n, width }
  return Number(kind) > MAX_LEVEL ? null : { kind: 'hashes', level: Number(kind), n, width }
}

/** The hashes of a tile, apart. Throws LedgerError `unreadable` when they are not `width` many. */
export function tileHashes(bytes: Uint8Array, { level, n, width }: TileId): Hash[] {
  if (bytes.length !== width * HASH_BYTES)
    throw new LedgerError('unreadable', `${tilePath({ level, n, width })} has ${bytes.length} bytes, and ${width} hashes have ${width * HASH_BYTES}`)
  return Array.from({ length: width }, (_, at) => bytes.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES))
}

/**
 * The tiles that appending these leaf hashes to a tree of `size` makes or widens, level by level from the leaves. Reads at
 * most one tile a level: the one that is not full yet.
 */
export async function grownTiles(read: TileReader, size: number, leaves: readonly Hash[]): Promise<Tile[]> {
  const tiles: Tile[] = []
  let added = leaves
  for (let level = 0; added.length > 0; level++) {
    const grown = await grownLevel(read, { level, before: hashesAt(size, level), added })
    tiles.push(...grown)
    added = grown.filter(({ width }) => width === TILE_WIDTH).map((tile) => perfectRoot(tileHashes(tile.hashes, tile)))
  }
  return tiles
}

interface Level {
  readonly level: number
  /** How many hashes it had. */
  readonly before: number
  readonly added: readonly Hash[]
}

async function grownLevel(read: TileReader, { level, before, added }: Level): Promise<Tile[]> {
  const first = Math.floor(before / TILE_WIDTH)
  const kept = before % TILE_WIDTH
  const hashes = [...(kept === 0 ? [] : tileHashes(await read(level, first, kept), { level, n: first, width: kept })), ...added]
  return Array.from({ length: Math.ceil(hashes.length / TILE_WIDTH) }, (_, at) => {
    const own = hashes.slice(at * TILE_WIDTH, (at + 1) * TILE_WIDTH)
    return { level, n: first + at, width: own.length, hashes: Buffer.concat(own) }
  })
}

/** The root over 2^k hashes. */
export function perfectRoot(hashes: readonly Hash[]): Hash {
  let row = hashes
  while (row.length > 1) row = Array.from({ length: row.length / 2 }, (_, at) => nodeHash(row[2 * at] ?? joined([]), row[2 * at + 1] ?? joined([])))
  return row[0] ?? joined([])
}
