import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { formatCheckpoint, parseCheckpoint } from '@countersign/ledger/checkpoint'
import { verifierKey } from '@countersign/ledger/key'
import { formatNote, type Note, parseNote } from '@countersign/ledger/note'
import { type Clock, systemClock } from '../clock.ts'
import { writeDurably } from '../journal/files.ts'
import type { StoredCheckpoint, TreeStore } from '../store/store.ts'
import type { Growing } from './growing.ts'

/** Signs with this gateway's key, and says with which it did: it may have been followed by another. */
export type Sign = (text: Uint8Array) => Promise<{ readonly publicKey: Uint8Array; readonly signature: Uint8Array }>

/** How much of the tree a witness has last been seen to hold, and when it was. */
export interface Witnessed {
  readonly size: number
  /** Unix milliseconds. */
  readonly at: number
}

export interface CheckpointOptions {
  readonly gateway: string
  readonly sign: Sign
  /** Null: no witness has seen any of it. */
  readonly witnessed: () => Witnessed | null
  readonly clock?: Clock
  /** A tree that grows gets no second checkpoint before. */
  readonly everyMs?: number
}

/** Signs what the tree has become. */
export class Checkpoints {
  readonly #tree: TreeStore
  readonly #directory: string
  readonly #options: Required<CheckpointOptions>
  #signedAt = Number.NEGATIVE_INFINITY
  #size: number | null = null

  constructor(tree: TreeStore, directory: string, options: CheckpointOptions) {
    this.#tree = tree
    this.#directory = directory
    this.#options = { clock: systemClock, everyMs: 10_000, ...options }
  }

  /** When the last was signed here, on the monotonic clock. */
  isDue({ size }: Growing): boolean {
    return size > (this.#size ?? 0) && this.#options.clock.monotonic() - this.#signedAt >= this.#options.everyMs
  }

  /**
   * Signs the tree as it is, unless that has been done. Null: it was, or our key does not count for the tree yet. `lost`: somebody else has
   * the lease. What is signed is remembered here before anybody can read it: no store makes this gateway forget it.
   */
  async sign(growing: Growing): Promise<StoredCheckpoint | 'lost' | null> {
    this.#size ??= (await this.#tree.checkpoint())?.size ?? 0
    const { size } = growing
    if (size === this.#size) return null
    const signed = await this.#signed(growing)
    if (!signed) return null
    const checkpoint = { size, at: this.#options.clock.now(), note: formatNote(signed) }
    remember(this.#directory, signed)
    if (!(await this.#tree.addCheckpoint(growing.term, checkpoint))) return 'lost'
    this.#size = size
    this.#signedAt = this.#options.clock.monotonic()
    return checkpoint
  }

  /** Before the lease is taken again: what the store has may be another's. */
  forget(): void {
    this.#size = null
  }

  async #signed(growing: Growing): Promise<Note | null> {
    const { origin, size, trust } = growing
    const text = formatCheckpoint({ origin, size, root: growing.root(), extensions: [unwitnessed(this.#options.witnessed())] })
    const { publicKey, signature } = await this.#options.sign(Buffer.from(text))
    const { gateway } = this.#options
    if (!trust.counts(gateway) || trust.historyOf(gateway).current !== Buffer.from(publicKey).toString('base64')) return null
    return { text, signatures: [{ name: origin, id: verifierKey(origin, publicKey).id, bytes: signature }] }
  }
}

/** What a checkpoint says of its own worth: everything after this is seen by nobody but the gateways and whoever runs them. */
const unwitnessed = (last: Witnessed | null): string => (last ? `unwitnessed ${last.size} ${new Date(last.at).toISOString()}` : 'unwitnessed 0 never')

const pathIn = (directory: string) => join(directory, 'checkpoint')

/** The last checkpoint that this gateway signed, in its data directory; null when it never did. Throws LedgerError for a file that is none. */
export function remembered(directory: string): Note | null {
  const path = pathIn(directory)
  return existsSync(path) ? parseNote(readFileSync(path)) : null
}

function remember(directory: string, note: Note): void {
  parseCheckpoint(note.text)
  writeDurably(pathIn(directory), formatNote(note))
}
