import { encodeBundle, encodeLines } from '@countersign/ledger/bundle'
import { LedgerError } from '@countersign/ledger/error'
import { HASH_BYTES } from '@countersign/ledger/merkle'
import { parseTilePath, TILE_WIDTH, tileWidth } from '@countersign/ledger/tiles'
import type { TreeStore } from '../store/store.ts'

/** A file of the tree. `too-long`: an entry in it is longer than a bundle of tlog-tiles can hold, and `tile/lines/` has it. */
export type TreeFile = { readonly kind: 'tile' | 'bundle' | 'lines'; readonly bytes: Uint8Array } | 'not-found' | 'too-long'

/**
 * The file under a path of C2SP tlog-tiles, `tile/…`. Only what the last checkpoint covers is there: it never changes again. A tile
 * that was narrower in an earlier tree is the beginning of what it is now.
 */
export async function treeFile(tree: TreeStore, path: string): Promise<TreeFile> {
  const asked = parseTilePath(path)
  const checkpoint = asked && (await tree.checkpoint())
  if (!asked || !checkpoint) return 'not-found'
  const level = asked.kind === 'hashes' ? asked.level : 0
  if (tileWidth(checkpoint.size, level, asked.n) < asked.width) return 'not-found'
  if (asked.kind !== 'hashes') return bundle(tree, asked)
  const hashes = await tree.tile(level, asked.n)
  if (!hashes || hashes.length < asked.width * HASH_BYTES) return 'not-found'
  return { kind: 'tile', bytes: hashes.subarray(0, asked.width * HASH_BYTES) }
}

async function bundle(
  tree: TreeStore,
  { kind, n, width }: { readonly kind: 'entries' | 'lines'; readonly n: number; readonly width: number },
): Promise<TreeFile> {
  const leaves = await tree.read(n * TILE_WIDTH, width)
  if (leaves.length < width) return 'not-found'
  const entries = leaves.map(({ line }) => Buffer.from(line))
  if (kind === 'lines') return { kind: 'lines', bytes: encodeLines(entries) }
  try {
    return { kind: 'bundle', bytes: encodeBundle(entries) }
  } catch (error) {
    if (error instanceof LedgerError && error.code === 'too-long') return 'too-long'
    throw error
  }
}
