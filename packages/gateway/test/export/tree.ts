import type { Leaf, Store } from '../../src/store/store.ts'

/** Puts entries into the store and its tree, in this order and after what is there. No tile is made: nobody asks for one here. */
export async function grow(store: Pick<Store, 'ledger' | 'tree'>, leaves: readonly Leaf[]): Promise<void> {
  await store.ledger.append(leaves)
  const state = await store.tree.take('gw-test', await store.tree.state())
  if (!state) throw new Error('somebody else grows this tree')
  const runs = leaves.map(({ gateway, seq }, index) => ({ start: state.size + index, gateway, seq, count: 1 }))
  await store.tree.extend({ term: state.term, from: state.size, to: state.size + leaves.length, runs, tiles: [], keyLeaves: [] })
}
