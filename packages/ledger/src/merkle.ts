import { hash } from 'node:crypto'
import { LedgerError } from './error.ts'

/** The 32 bytes of a SHA-256. */
export type Hash = Uint8Array

export const HASH_BYTES = 32

const LEAF = Buffer.from([0])
const NODE = Buffer.from([1])

/** The hash of a leaf that holds these bytes: RFC 9162 section 2.1.1, `SHA-256(0x00 || bytes)`. */
export const leafHash = (bytes: Uint8Array): Hash => hash('sha256', Buffer.concat([LEAF, bytes]), 'buffer')

/** The hash of a node over its two children: `SHA-256(0x01 || left || right)`. */
export const nodeHash = (left: Hash, right: Hash): Hash => hash('sha256', Buffer.concat([NODE, left, right]), 'buffer')

/** The root of the tree that has no leaves. */
export const EMPTY_ROOT: Hash = hash('sha256', '', 'buffer')

export const isSameHash = (left: Hash, right: Hash): boolean => Buffer.compare(left, right) === 0

/** The root of the tree with these leaf hashes. */
export function rootOf(leaves: Iterable<Hash>): Hash {
  const range = new CompactRange()
  for (const leaf of leaves) range.append(leaf)
  return range.root()
}

/**
 * All that must be kept of a tree to grow it and to know its root: the roots of the perfect subtrees that its size is the sum
 * of, the largest first. Memory is the logarithm of the size.
 */
export class CompactRange {
  #size: number
  readonly #hashes: Hash[]

  /** Goes on from the `size` and `hashes` of another. Throws LedgerError `unreadable` when they do not belong together. */
  constructor(size = 0, hashes: readonly Hash[] = []) {
    if (!isSize(size) || hashes.length !== ones(size)) throw new LedgerError('unreadable', `${hashes.length} hashes are not the edge of a tree of ${size}`)
    this.#size = size
    this.#hashes = [...hashes]
  }

  /** In leaves. */
  get size(): number {
    return this.#size
  }

  get hashes(): readonly Hash[] {
    return this.#hashes
  }

  append(leaf: Hash): void {
    let grown = leaf
    for (let rest = this.#size; rest % 2 === 1; rest = (rest - 1) / 2) grown = nodeHash(this.#hashes.pop() ?? EMPTY_ROOT, grown)
    this.#hashes.push(grown)
    this.#size += 1
  }

  root(): Hash {
    return joined(this.#hashes)
  }
}

/** The root over perfect subtrees that stand side by side, the largest first. */
export function joined(hashes: readonly Hash[]): Hash {
  return hashes.length === 0 ? EMPTY_ROOT : hashes.reduceRight((right, left) => nodeHash(left, right))
}

/** True for a count of leaves that this package can work with: exact in a JavaScript number. */
export const isSize = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0

/** How many bits of a size are set. By arithmetic, because bit operators cut numbers off at 32 bits. */
function ones(size: number): number {
  let count = 0
  for (let rest = size; rest > 0; rest = Math.floor(rest / 2)) count += rest % 2
  return count
}
