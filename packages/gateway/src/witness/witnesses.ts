import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseCheckpoint } from '@countersign/ledger/checkpoint'
import { formatNote, parseNote, type Signature } from '@countersign/ledger/note'
import { proveConsistency, rootFromTiles } from '@countersign/ledger/proof'
import { z } from 'zod'
import { writeDurably } from '../journal/files.ts'
import { tilesOf } from '../ledger/stored-tiles.ts'
import type { StoredCheckpoint, TreeStore } from '../store/store.ts'
import { type Shown, type Witness, WitnessError } from './witness.ts'

/** What is known of a witness. `size` and `at` (Unix milliseconds): of the last checkpoint that it has; 0 when it has none. */
export interface WitnessState {
  readonly name: string
  readonly size: number
  readonly at: number
  /** Why it has no newer one. `disagrees`: it holds another history of the tree. */
  readonly trouble: { readonly message: string; readonly disagrees: boolean } | null
}

const FIRST_RETRY_MS = 1_000
const LAST_RETRY_MS = 60_000
/** An answer that crosses with another's is put beside it. */
const COSIGN_TRIES = 5

const memoryShape = z.record(z.string(), z.strictObject({ size: z.int().min(0), at: z.int() }))

interface Asked {
  readonly witness: Witness
  busy: boolean
  state: WitnessState
}

/**
 * Shows each checkpoint to each witness, the newest where one was away. None waits for another, and nothing waits for them. What
 * they have seen is remembered in the data directory: the store could be made to say that all has been seen.
 */
export class Witnesses {
  readonly #tree: TreeStore
  readonly #file: string
  readonly #each: readonly Asked[]
  readonly #changed: () => void
  readonly #stopping = new AbortController()
  #newest: StoredCheckpoint | null = null

  /** `changed` is told after each change of a state. */
  constructor(tree: TreeStore, directory: string, witnesses: readonly Witness[], changed: () => void) {
    this.#tree = tree
    this.#file = join(directory, 'witnesses.json')
    this.#changed = changed
    const known = existsSync(this.#file) ? memoryShape.parse(JSON.parse(readFileSync(this.#file, 'utf8'))) : {}
    this.#each = witnesses.map((witness) => ({ witness, busy: false, state: { name: witness.name, size: 0, at: 0, trouble: null, ...known[witness.name] } }))
  }

  get states(): readonly WitnessState[] {
    return this.#each.map(({ state }) => state)
  }

  /** The most that any witness has. Null: none has any. */
  get witnessed(): { readonly size: number; readonly at: number } | null {
    const { size, at } = this.states.reduce<Pick<WitnessState, 'size' | 'at'>>((best, state) => (state.size > best.size ? state : best), { size: 0, at: 0 })
    return size === 0 ? null : { size, at }
  }

  /** Shows this one, and when it has failed tries again until there is a newer one. Returns at once. */
  show(checkpoint: StoredCheckpoint): void {
    this.#newest = checkpoint
    for (const each of this.#each) if (!each.busy) void this.#tell(each)
  }

  /** What is under way is broken off. */
  stop(): void {
    this.#stopping.abort()
  }

  async #tell(each: Asked): Promise<void> {
    each.busy = true
    let wait = FIRST_RETRY_MS
    for (let next = this.#newest; next && next.size > each.state.size && !this.#stopping.signal.aborted; next = this.#newest) {
      try {
        const cosignatures = await each.witness.see(shownOf(this.#tree, next), each.state.size, this.#stopping.signal)
        await this.#cosign(next, cosignatures)
        each.state = { name: each.state.name, size: next.size, at: next.at, trouble: null }
        this.#remember()
        wait = FIRST_RETRY_MS
      } catch (error) {
        if (this.#stopping.signal.aborted) break
        const disagrees = error instanceof WitnessError && error.disagrees
        each.state = { ...each.state, trouble: { disagrees, message: error instanceof Error ? error.message : String(error) } }
        await sleep(wait, undefined, { signal: this.#stopping.signal, ref: false }).catch(() => undefined)
        wait = Math.min(wait * 2, LAST_RETRY_MS)
      } finally {
        this.#changed()
      }
    }
    each.busy = false
  }

  async #cosign({ size }: StoredCheckpoint, cosignatures: readonly Signature[]): Promise<void> {
    for (let tries = 0; cosignatures.length > 0 && tries < COSIGN_TRIES; tries++) {
      const stored = await this.#tree.checkpoint(size)
      if (stored?.size !== size) return
      const note = parseNote(stored.note)
      const others = note.signatures.filter((known) => !cosignatures.some(({ name, id }) => name === known.name && id === known.id))
      const cosigned = formatNote({ text: note.text, signatures: [...others, ...cosignatures] })
      if (await this.#tree.cosign({ ...stored, note: cosigned }, stored.note)) return
    }
  }

  #remember(): void {
    writeDurably(this.#file, JSON.stringify(Object.fromEntries(this.states.map(({ name, size, at }) => [name, { size, at }]))))
  }
}

/** With the signatures that it was signed with, and none of witnesses: each sees the same. */
function shownOf(tree: TreeStore, { note: source }: StoredCheckpoint): Shown {
  const note = parseNote(source)
  const checkpoint = parseCheckpoint(note.text)
  return {
    ...checkpoint,
    note,
    text: source,
    proof: (before) => proveConsistency(tilesOf(tree), before, checkpoint.size),
    rootAt: (size) => rootFromTiles(tilesOf(tree), size),
  }
}
