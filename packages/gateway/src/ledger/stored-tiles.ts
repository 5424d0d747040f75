import { HASH_BYTES } from '@countersign/ledger/merkle'
import type { TileReader } from '@countersign/ledger/tiles'
import type { TreeStore } from '../store/store.ts'

/** The tree in the store is not the one that gateways made. Nothing is added to it, and nothing of it is signed, until it is restored. */
export class TreeAltered extends Error {
  constructor(why: string) {
    super(
      `the ledger's tree in the store was altered: ${why}. Nothing more is signed until it is restored. Keep it as evidence, and see "countersign ledger verify"`,
    )
    this.name = 'TreeAltered'
  }
}

/** Tiles as proofs ask for them. Rejects with TreeAltered where there is none, or a narrower one. */
export const tilesOf =
  (tree: Pick<TreeStore, 'tile'>): TileReader =>
  async (level, n, width) => {
    const hashes = await tree.tile(level, n)
    if (hashes && hashes.length >= width * HASH_BYTES) return hashes.subarray(0, width * HASH_BYTES)
    throw new TreeAltered(`tile ${level}/${n} ${hashes ? `has ${hashes.length / HASH_BYTES} hashes, and had ${width}` : 'is gone'}`)
  }
