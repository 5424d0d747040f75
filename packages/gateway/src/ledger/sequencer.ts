import type { Note } from '@countersign/ledger/note'
import { type Clock, systemClock } from '../clock.ts'
import type { OpenTree } from '../store/open.ts'
import { DoesNotFit, type Followed, follow, type Stop } from './chains.ts'
import { Growing } from './growing.ts'
import { Lease } from './lease.ts'
import { pickUp } from './resume.ts'

export interface SequencerOptions {
  /** Whose lease it is. */
  readonly gateway: string
  /** The last checkpoint of the tree that this gateway signed or saw; null when it knows none. */
  readonly remembered: () => Note | null
  readonly clock?: Clock
  /** Leaves in one transaction, and about as many entries of one chain in one turn. */
  readonly batch?: number
}

/** What a turn did. `unvouched`: no gateway that counts vouches for this one, so that nothing which it signed would count. */
export type Turn =
  | { readonly role: 'standby' | 'unvouched' }
  | { readonly role: 'sequencer'; readonly size: number; readonly added: number; readonly stops: readonly Stop[] }

/** A chain that goes on within this time was not stopped: a worker's head may be seen before the entry with its new key. */
const STOPPED_MS = 3_000

/**
 * Gives the entries of all gateways their places in the one tree, while this gateway has the lease. It takes nothing on trust that the
 * store says: an entry must follow its chain's last one, and a head that its gateway's key signed must cover it. A
 * chain where that is not so goes no further until it is; the others do.
 */
export class Sequencer {
  readonly #store: OpenTree
  readonly #options: Required<SequencerOptions>
  readonly #lease: Lease
  readonly #stopped = new Map<string, { readonly stop: Stop; readonly since: number }>()
  #growing: Growing | null = null

  constructor(store: OpenTree, options: SequencerOptions) {
    this.#store = store
    this.#options = { clock: systemClock, batch: 4_096, ...options }
    this.#lease = new Lease(store.tree, options.gateway, this.#options.clock)
  }

  /** The tree as this gateway makes it grow; null while it does not. */
  get growing(): Growing | null {
    return this.#growing
  }

  /** One round over all chains. Rejects as the store does, and with TreeAltered; the next call begins anew. */
  async turn(): Promise<Turn> {
    try {
      const growing = await this.#held()
      if (!(growing instanceof Growing)) return { role: growing }
      const before = growing.size
      const followed = await this.#gather(growing)
      if (!(await growing.add(followed, this.#options.batch))) return this.lost()
      return { role: 'sequencer', size: growing.size, added: growing.size - before, stops: this.#stops() }
    } catch (error) {
      // Whether the last write is there is not known.
      this.#growing = null
      throw error
    }
  }

  /** What takes the term was refused: somebody else has the lease. */
  lost(): Turn {
    this.#growing = null
    this.#lease.lost()
    return { role: 'standby' }
  }

  /** Gives the lease back, so that another gateway goes on at once. */
  async stop(): Promise<void> {
    this.#growing = null
    await this.#lease.release()
  }

  async #held(): Promise<Growing | 'standby' | 'unvouched'> {
    if (this.#growing && (await this.#lease.renew())) return this.#growing
    this.#growing = null
    const free = await this.#lease.free()
    if (!free) return 'standby'
    // Before it is taken: whoever may not sequence, or cannot, keeps nobody else from it.
    const grown = await pickUp(this.#store, free, this.#options.remembered())
    if (grown.trust.list().length > 0 && !grown.trust.counts(this.#options.gateway)) return 'unvouched'
    const term = await this.#lease.take(free)
    if (term === null) return 'standby'
    this.#growing = new Growing(this.#store.tree, term, grown)
    return this.#growing
  }

  /** What is new in each chain. In an empty tree our own comes before all others: the first key in it is the tree's. */
  async #gather(growing: Growing): Promise<readonly Followed[]> {
    const { ledger } = this.#store
    const followed: Followed[] = []
    const alone = growing.trust.list().length === 0
    for (const { gateway, seq } of await ledger.heads()) {
      const position = growing.positionOf(gateway)
      if (alone && gateway !== this.#options.gateway) continue
      const stop = seq > position.seq ? await this.#follow(growing, gateway, followed) : null
      if (!stop) this.#stopped.delete(gateway)
      else if (this.#stopped.get(gateway)?.stop.why !== stop.why) this.#stopped.set(gateway, { stop, since: this.#options.clock.monotonic() })
    }
    return followed
  }

  async #follow(growing: Growing, gateway: string, followed: Followed[]): Promise<Stop | null> {
    const position = growing.positionOf(gateway)
    try {
      const next = await follow(this.#store.ledger, gateway, position, growing.trust, this.#options.batch)
      if (!next) return { gateway, seq: position.seq + 1, why: `no signed head covers entry ${position.seq + 1}` }
      followed.push(next)
      return null
    } catch (error) {
      if (error instanceof DoesNotFit) return { gateway, seq: error.seq, why: error.message }
      throw error
    }
  }

  #stops(): readonly Stop[] {
    const now = this.#options.clock.monotonic()
    return [...this.#stopped.values()].filter(({ since }) => now - since >= STOPPED_MS).map(({ stop }) => stop)
  }
}
