import type { Clock } from '../clock.ts'
import type { TreeState, TreeStore } from '../store/store.ts'

/** A holder that has done nothing for so long is dead; one that lives says so four times in it. */
export const DEAD_MS = 6_000
const RENEW_MS = DEAD_MS / 4

/**
 * Who sequences, one gateway at a time. Whether another's lease is over is judged by our own monotonic clock, from what it
 * was last seen to do; should that be wrong, two believe to have it, and the store lets one of them write.
 */
export class Lease {
  readonly #tree: Pick<TreeStore, 'state' | 'take' | 'renew' | 'release'>
  readonly #gateway: string
  readonly #clock: Pick<Clock, 'monotonic'>
  /** What another holder was last seen to have done, and since when it has done nothing more. */
  #seen: { readonly term: number; readonly beat: number; readonly since: number } | null = null
  #term: number | null = null
  #renewedAt = 0

  constructor(tree: Pick<TreeStore, 'state' | 'take' | 'renew' | 'release'>, gateway: string, clock: Pick<Clock, 'monotonic'>) {
    this.#tree = tree
    this.#gateway = gateway
    this.#clock = clock
  }

  /** The term that we believe to hold; null when we do not. */
  get term(): number | null {
    return this.#term
  }

  /** The tree's state, if nobody alive has the lease; null while somebody else sequences. */
  async free(): Promise<TreeState | null> {
    const state = await this.#tree.state()
    return this.#isFree(state) ? state : null
  }

  /** Takes it, unless anything has happened to the tree since `seen`. The term; null: somebody else was first. */
  async take(seen: TreeState): Promise<number | null> {
    const taken = await this.#tree.take(this.#gateway, seen)
    this.#term = taken?.term ?? null
    this.#renewedAt = this.#clock.monotonic()
    return this.#term
  }

  /** Says that we live, when it is time to. False: the lease is somebody else's by now. */
  async renew(): Promise<boolean> {
    if (this.#term === null) return false
    if (this.#clock.monotonic() - this.#renewedAt < RENEW_MS) return true
    this.#renewedAt = this.#clock.monotonic()
    if (!(await this.#tree.renew(this.#term))) this.lost()
    return this.#term !== null
  }

  /** Something that takes the term was refused. */
  lost(): void {
    this.#term = null
    this.#seen = null
  }

  async release(): Promise<void> {
    const term = this.#term
    this.lost()
    if (term !== null) await this.#tree.release(term)
  }

  /** Ours from before a restart counts as free: one process at a time has this gateway's name. */
  #isFree({ holder, term, beat }: TreeState): boolean {
    if (holder === null || holder === this.#gateway) return true
    const now = this.#clock.monotonic()
    if (this.#seen?.term !== term || this.#seen.beat !== beat) this.#seen = { term, beat, since: now }
    return now - this.#seen.since >= DEAD_MS
  }
}
