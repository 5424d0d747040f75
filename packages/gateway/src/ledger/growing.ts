import { type CompactRange, HASH_BYTES, type Hash } from '@countersign/ledger/merkle'
import { grownTiles, TILE_WIDTH } from '@countersign/ledger/tiles'
import type { Trust } from '@countersign/ledger/trust'
import type { Run, TreeStore } from '../store/store.ts'
import { BEGINNING, type Followed, type Position } from './chains.ts'
import { tilesOf } from './stored-tiles.ts'

/** All that must be known of a tree to make it grow. */
export interface Grown {
  /** The tree's name. */
  readonly origin: string
  readonly range: CompactRange
  readonly trust: Trust
  /** The last entry of each chain that is in it. */
  readonly positions: ReadonlyMap<string, Position>
  /** Its last run, which may grow. */
  readonly lastRun: Run | null
}

type Piece = Pick<Followed, 'gateway' | 'seq' | 'leaves' | 'keyEvents'>

/** A tree that this gateway makes grow. It remembers the edge, so that no step reads what was there before. */
export class Growing {
  readonly origin: string
  readonly term: number
  readonly trust: Trust
  readonly #tree: TreeStore
  readonly #range: CompactRange
  readonly #positions: Map<string, Position>
  /** The tile of each level that is not full. */
  readonly #edge = new Map<number, Uint8Array>()
  #lastRun: Run | null

  constructor(tree: TreeStore, term: number, { origin, range, trust, positions, lastRun }: Grown) {
    this.origin = origin
    this.term = term
    this.trust = trust
    this.#tree = tree
    this.#range = range
    this.#positions = new Map(positions)
    this.#lastRun = lastRun
  }

  get size(): number {
    return this.#range.size
  }

  root(): Hash {
    return this.#range.root()
  }

  positionOf(gateway: string): Position {
    return this.#positions.get(gateway) ?? BEGINNING
  }

  /** Adds these at the end, `most` leaves in a transaction. False: the lease is lost, and nothing that stands here is known to be so any more. */
  async add(followed: readonly Followed[], most: number): Promise<boolean> {
    for (const pieces of inPortions(followed, most)) {
      if (!(await this.#extend(pieces))) return false
    }
    return true
  }

  async #extend(pieces: readonly Piece[]): Promise<boolean> {
    const from = this.size
    const leaves = pieces.flatMap((piece) => piece.leaves)
    const placed = place(pieces, from, this.#lastRun)
    const tiles = await grownTiles(this.#read, from, leaves)
    if (!(await this.#tree.extend({ term: this.term, from, to: from + leaves.length, tiles, ...placed }))) return false
    for (const { level, width, hashes } of tiles) if (width < TILE_WIDTH) this.#edge.set(level, hashes)
    for (const leaf of leaves) this.#range.append(leaf)
    for (const { gateway, seq, leaves: own, keyEvents } of pieces) {
      this.#positions.set(gateway, { seq: seq + own.length - 1, hash: Buffer.from(own.at(-1) ?? []).toString('hex') })
      for (const { entry } of keyEvents) this.trust.read(entry)
    }
    this.#lastRun = placed.runs.at(-1) ?? this.#lastRun
    return true
  }

  readonly #read = async (level: number, n: number, width: number): Promise<Uint8Array> => {
    const known = this.#edge.get(level)
    return known ? known.subarray(0, width * HASH_BYTES) : tilesOf(this.#tree)(level, n, width)
  }
}

/** The same leaves in the same order, `most` at a time. */
function* inPortions(followed: readonly Followed[], most: number): Generator<readonly Piece[]> {
  let portion: Piece[] = []
  let room = most
  for (const { gateway, seq, leaves, keyEvents } of followed) {
    for (let from = 0; from < leaves.length;) {
      const count = Math.min(room, leaves.length - from)
      const inside = keyEvents.filter(({ offset }) => offset >= from && offset < from + count)
      portion.push({
        gateway,
        seq: seq + from,
        leaves: leaves.slice(from, from + count),
        keyEvents: inside.map(({ offset, entry }) => ({ offset: offset - from, entry })),
      })
      from += count
      room -= count
      if (room > 0) continue
      yield portion
      portion = []
      room = most
    }
  }
  if (portion.length > 0) yield portion
}

/** Where the pieces stand in the tree: a piece that goes on where the last run ends makes that longer. */
function place(pieces: readonly Piece[], from: number, lastRun: Run | null): { readonly runs: readonly Run[]; readonly keyLeaves: readonly number[] } {
  const runs: Run[] = []
  const keyLeaves: number[] = []
  let start = from
  let last = lastRun
  for (const { gateway, seq, leaves, keyEvents } of pieces) {
    const goesOn = last?.gateway === gateway && last.seq + last.count === seq
    if (goesOn && last === runs.at(-1)) runs.pop()
    last = goesOn && last ? { ...last, count: last.count + leaves.length } : { start, gateway, seq, count: leaves.length }
    runs.push(last)
    keyLeaves.push(...keyEvents.map(({ offset }) => start + offset))
    start += leaves.length
  }
  return { runs, keyLeaves }
}
