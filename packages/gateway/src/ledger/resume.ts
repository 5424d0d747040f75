import { type Checkpoint, parseCheckpoint } from '@countersign/ledger/checkpoint'
import { type VerifierKey, verifierKey } from '@countersign/ledger/key'
import { type Note, parseNote, verifyNote } from '@countersign/ledger/note'
import { CompactRange, EMPTY_ROOT, HASH_BYTES, type Hash, isSameHash, leafHash } from '@countersign/ledger/merkle'
import { edgeFromTiles, proveInclusion, rootFromTiles, verifyInclusion } from '@countersign/ledger/proof'
import { TILE_WIDTH } from '@countersign/ledger/tiles'
import { isKeyEvent, Trust } from '@countersign/ledger/trust'
import { parseEntry } from '@countersign/ledger/entry'
import type { OpenTree } from '../store/open.ts'
import type { Leaf, LedgerStore, Run, TreeState, TreeStore } from '../store/store.ts'
import { assertCovered, BEGINNING, DoesNotFit, follow, linked, type Position } from './chains.ts'
import type { Grown } from './growing.ts'
import { tilesOf, TreeAltered } from './stored-tiles.ts'

/** A size, and the root that the tree had then. */
export interface Known {
  readonly size: number
  readonly root: Hash
}

type Reading = Pick<OpenTree, 'tree' | 'ledger'>

const PAGE = 1_000

/**
 * Picks the tree up where another gateway, or this one before a restart, left it. What was signed must still be so: the last
 * checkpoint that the store has, and the last that this gateway remembers, whatever became of it in the store. What was
 * added after that is judged again, entry by entry, as if it were added now. Rejects with TreeAltered where it is not so.
 */
export async function pickUp({ tree, ledger }: Reading, { origin, size }: Pick<TreeState, 'origin' | 'size'>, remembered: Note | null): Promise<Grown> {
  const stored = await tree.checkpoint()
  const notes = [...(stored ? [parseNote(stored.note)] : []), ...(remembered ? [remembered] : [])]
  const signed = notes.map(({ text }) => parseCheckpoint(text))
  for (const checkpoint of signed) await assertStands(tree, { origin, size }, checkpoint)
  const known: Known = signed.reduce((last, next) => (next.size > last.size ? next : last), { size: 0, root: EMPTY_ROOT })
  const range = new CompactRange(known.size, await edgeFromTiles(tilesOf(tree), known.size))
  const grown = { range, trust: await trustIn(tree, known), positions: await positionsIn(tree, known.size) }
  for (const note of notes) assertSigned(note, origin, grown.trust)
  await judgeAgain({ tree, ledger }, size, grown)
  if (!isSameHash(await rootFromTiles(tilesOf(tree), size), range.root())) throw new TreeAltered('its last tiles are not those of its entries')
  return { ...grown, origin, lastRun: lastOf(await tree.tails(size)) }
}

async function assertStands(tree: TreeStore, state: Pick<TreeState, 'origin' | 'size'>, signed: Checkpoint): Promise<void> {
  if (signed.origin !== state.origin) throw new TreeAltered(`it is ${state.origin}, and ${signed.origin} was signed`)
  if (signed.size > state.size) throw new TreeAltered(`it has ${state.size} entries, and ${signed.size} were signed`)
  if (!isSameHash(await rootFromTiles(tilesOf(tree), signed.size), signed.root))
    throw new TreeAltered(`its first ${signed.size} entries are not those that were signed`)
}

function assertSigned(note: Note, origin: string, trust: Trust): void {
  try {
    verifyNote(note, verifierKeys(origin, trust))
  } catch (error) {
    throw new TreeAltered(`its last checkpoint is ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** The keys that may sign checkpoints of this tree, all under its own name. */
export const verifierKeys = (origin: string, trust: Trust): readonly VerifierKey[] => trust.keys.map((key) => verifierKey(origin, Buffer.from(key, 'base64')))

const lastOf = (runs: readonly Run[]): Run | null => runs.reduce<Run | null>((last, run) => (last && last.start > run.start ? last : run), null)

/** From the entries about keys, each proved to be in the tree that was signed. */
export async function trustIn(tree: TreeStore, { size, root }: Known): Promise<Trust> {
  const trust = new Trust()
  for (const index of await tree.keyLeaves()) {
    if (index >= size) continue
    const [leaf] = await tree.read(index, 1)
    const inclusion = await proveInclusion(tilesOf(tree), index, size)
    if (!leaf || !verifyInclusion(inclusion, leafHash(Buffer.from(leaf.line)), root))
      throw new TreeAltered(`entry ${index} of it, about keys, is not the one that was signed`)
    trust.read(parseEntry(leaf.line))
  }
  return trust
}

async function positionsIn(tree: TreeStore, size: number): Promise<Map<string, Position>> {
  const positions = new Map<string, Position>()
  for (const { start, gateway, seq, count } of await tree.tails(size)) {
    const index = start + count - 1
    const width = (index % TILE_WIDTH) + 1
    const hashes = await tilesOf(tree)(0, Math.floor(index / TILE_WIDTH), width)
    positions.set(gateway, { seq: seq + count - 1, hash: Buffer.from(hashes.subarray((width - 1) * HASH_BYTES)).toString('hex') })
  }
  return positions
}

type Judged = Pick<Grown, 'range' | 'trust'> & { readonly positions: Map<string, Position> }

async function judgeAgain({ tree, ledger }: Reading, size: number, grown: Judged): Promise<void> {
  const touched = new Set<string>()
  while (grown.range.size < size) {
    const page = await tree.read(grown.range.size, Math.min(PAGE, size - grown.range.size))
    if (page.length === 0) throw new TreeAltered(`its entry ${grown.range.size} is gone from the store`)
    for (const leaf of page) {
      place(leaf, grown)
      touched.add(leaf.gateway)
    }
  }
  for (const gateway of touched) await assertVouchedFor(ledger, gateway, grown)
}

function place(leaf: Leaf, { range, trust, positions }: Judged): void {
  if (leaf.index !== range.size) throw new TreeAltered(`its entry ${range.size} is gone from the store`)
  try {
    const { parsed, hash } = linked(leaf, leaf.gateway, positions.get(leaf.gateway) ?? BEGINNING)
    range.append(Buffer.from(hash, 'hex'))
    positions.set(leaf.gateway, { seq: leaf.seq, hash })
    if (isKeyEvent(parsed)) trust.read(parsed)
  } catch (error) {
    throw error instanceof DoesNotFit ? new TreeAltered(`of ${leaf.gateway}, ${error.message}`) : error
  }
}

/** The last entry here is one that a head names, or one that such an entry follows. */
async function assertVouchedFor(ledger: LedgerStore, gateway: string, { trust, positions }: Judged): Promise<void> {
  const position = positions.get(gateway) ?? BEGINNING
  const [head] = await ledger.signedHeads(gateway, position.seq, 1)
  try {
    if (head?.seq === position.seq) assertCovered(head, position, trust.historyOf(gateway))
    else if (!(await follow(ledger, gateway, position, trust, PAGE))) throw new DoesNotFit(position.seq, `no signed head covers entry ${position.seq}`)
  } catch (error) {
    throw error instanceof DoesNotFit ? new TreeAltered(`of ${gateway}, ${error.message}`) : error
  }
}
