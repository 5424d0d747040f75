import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Client } from '@countersign/contract/client'
import { ClientError } from '@countersign/contract/client-error'
import { decodeBundle, decodeLines } from '@countersign/ledger/bundle'
import { type Checkpoint, parseCheckpoint } from '@countersign/ledger/checkpoint'
import { HEADS_PATH } from '@countersign/ledger/heads'
import { isSameHash, leafHash } from '@countersign/ledger/merkle'
import { parseNote } from '@countersign/ledger/note'
import { rootFromTiles } from '@countersign/ledger/proof'
import { bundlePath, changedTiles, linesPath, TILE_WIDTH, type TileId, tileHashes, tilePath } from '@countersign/ledger/tiles'
import { CliError } from './error.ts'

/** What is in a directory after an export: a tree of `size` entries, of which it had `before`. */
export interface Exported {
  readonly origin: string
  readonly before: number
  readonly size: number
}

/**
 * Writes what is new in the tree since the last export to this directory as static files, the checkpoint last: what it covers is
 * there whenever it is. Nothing that the gateway says is taken on trust: the files must give the root that the checkpoint names,
 * the entries must be those of the tiles, and what was exported before must be the beginning of it. Whose
 * signature it has is for `ledger verify`. Throws CliError.
 */
export async function exportTiles(client: Client, directory: string): Promise<Exported> {
  // Before the checkpoint, which then covers them.
  const heads = await client.ledgerFile(HEADS_PATH)
  const note = await client.ledgerFile('checkpoint')
  const [before, now] = [await lastIn(directory), parseCheckpoint(parseNote(note).text)]
  if (before && (before.origin !== now.origin || before.size > now.size))
    throw altered(`it has ${before.origin} up to entry ${before.size}, and the gateway has ${now.origin} up to ${now.size}`)
  for (const tile of changedTiles(before?.size ?? 0, now.size)) await writeTile(client, directory, tile)
  const read = tilesIn(directory)
  if (!isSameHash(await rootFromTiles(read, now.size), now.root)) throw altered('the tiles that the gateway gives are not those of its checkpoint')
  if (before && !isSameHash(await rootFromTiles(read, before.size), before.root))
    throw altered(`the first ${before.size} entries are not those that were exported before: somebody rewrote the ledger`)
  writeWhole(join(directory, HEADS_PATH), heads)
  writeWhole(join(directory, 'checkpoint'), note)
  return { origin: now.origin, before: before?.size ?? 0, size: now.size }
}

const altered = (why: string) => new CliError('failed', `not exported: ${why}`, 'keep both as evidence, and export to an empty directory to compare')

async function lastIn(directory: string): Promise<Checkpoint | null> {
  const path = join(directory, 'checkpoint')
  return existsSync(path) ? parseCheckpoint(parseNote(readFileSync(path)).text) : null
}

/** A tile of leaves comes with its entries. */
async function writeTile(client: Client, directory: string, tile: TileId): Promise<void> {
  const hashes = await client.ledgerFile(tilePath(tile))
  if (tile.level === 0) await writeEntries(client, directory, tile, hashes)
  writeWhole(join(directory, tilePath(tile)), hashes)
  // Narrower forms of a tile that is full now are served by nobody.
  if (tile.width === TILE_WIDTH) rmSync(join(directory, `${tilePath(tile)}.p`), { recursive: true, force: true })
}

async function writeEntries(client: Client, directory: string, tile: TileId, hashes: Uint8Array): Promise<void> {
  const { path, bytes, entries } = await entriesOf(client, tile)
  const leaves = tileHashes(hashes, tile)
  const wrong = entries.findIndex((entry, at) => !isSameHash(leafHash(entry), leaves[at] ?? new Uint8Array()))
  if (wrong !== -1) throw altered(`entry ${tile.n * TILE_WIDTH + wrong} is not the one that the tree has`)
  writeWhole(join(directory, path), bytes)
  if (tile.width === TILE_WIDTH) rmSync(join(directory, `${path}.p`), { recursive: true, force: true })
}

/** As tlog-tiles has them; with an entry that is too long for that, one a line. */
async function entriesOf(client: Client, tile: TileId) {
  try {
    const bytes = await client.ledgerFile(bundlePath(tile))
    return { path: bundlePath(tile), bytes, entries: decodeBundle(bytes, tile.width) }
  } catch (error) {
    if (!(error instanceof ClientError) || error.status !== 404) throw error
    const bytes = await client.ledgerFile(linesPath(tile))
    return { path: linesPath(tile), bytes, entries: decodeLines(bytes, tile.width) }
  }
}

/** The tiles of the directory: a narrower one is the beginning of what is there. */
function tilesIn(directory: string) {
  return async (level: number, n: number, width: number): Promise<Uint8Array> => {
    for (let wide = width; wide <= TILE_WIDTH; wide++) {
      const path = join(directory, tilePath({ level, n, width: wide }))
      if (existsSync(path)) return readFileSync(path).subarray(0, width * 32)
    }
    throw altered(`the directory lacks the tile ${tilePath({ level, n, width })}`)
  }
}

/** Under its name once it is whole. */
function writeWhole(path: string, bytes: Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(`${path}.new`, bytes, { mode: 0o600 })
  renameSync(`${path}.new`, path)
}
