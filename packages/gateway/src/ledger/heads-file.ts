import { formatHeads } from '@countersign/ledger/heads'
import type { LedgerStore, StoredHead, TreeStore } from '../store/store.ts'

/** A batch that a drain moves, at most, and so how far the last head may be behind the end of a chain in the tree. */
const BEHIND = 1_000

/**
 * What each gateway's key says of its chain, as far as the last checkpoint covers it: the last signed head of each, one a line. With the
 * tree's files it shows that no entry was added by somebody without the key.
 */
export async function headsFile(tree: Pick<TreeStore, 'checkpoint' | 'tails'>, ledger: Pick<LedgerStore, 'signedHeads'>): Promise<string> {
  const size = (await tree.checkpoint())?.size ?? 0
  const heads: StoredHead[] = []
  for (const { gateway, seq, count } of await tree.tails(size)) {
    const last = seq + count - 1
    const near = await ledger.signedHeads(gateway, Math.max(1, last - BEHIND), BEHIND + 1)
    heads.push(...near.filter((head) => head.seq <= last).slice(-1))
  }
  return formatHeads(heads)
}
