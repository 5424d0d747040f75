import { setTimeout as sleep } from 'node:timers/promises'
import { LedgerError } from '@countersign/ledger/error'
import type { ExportState, Leaf, Store } from '../store/store.ts'
import { fewAtATime } from './few-at-a-time.ts'
import { ExportLease, whileHeld } from './lease.ts'
import { type Keys, openLeaf } from './opening.ts'
import { entryId, type ExportRecord, type Format } from './record.ts'
import { type Batch, type Target, TargetError } from './targets/target.ts'

/** Leaves that are read at once: few, so that what reads and writes them in between is not held up. */
const PAGE = 200
/** A batch is ended by the leaf that makes it longer than this, in UTF-16 code units. */
const BATCH_LENGTH = 512 * 1024
const FIRST_PAUSE_MS = 1_000
const LONGEST_PAUSE_MS = 300_000

export interface ExporterOptions {
  readonly name: string
  readonly gateway: string
  readonly store: Pick<Store, 'tree' | 'exports'>
  readonly format: Format
  readonly target: Target
  readonly keys: Keys
  readonly monotonic: () => number
  /** Told when a target, or the store, fails and when it takes again (null). */
  readonly onTrouble: (error: Error | null) => void
  /** Told of a leaf that is not what a gateway wrote, or not there: the export goes on, and `verify` says more. */
  readonly onUnreadable: (place: string) => void
  readonly timing?: Timing
}

/** How long is waited before it is looked for something new, and before it is tried again after so many failures. Milliseconds. */
export interface Timing {
  readonly pollMs: number
  pauseMs(failures: number): number
}

/** With some chance in it, so that what was down is not met by all at once when it comes back. */
const PATIENT: Timing = {
  pollMs: 1_000,
  pauseMs: (failures) => Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (failures - 1)) * (0.8 + Math.random() * 0.4),
}

/** What may be asked of an export. `behind` counts leaves; null while another gateway delivers it. */
export interface ExportStatus {
  readonly name: string
  readonly behind: number | null
  /** Why its target has taken nothing since then; null while it takes what there is. */
  readonly trouble: Error | null
}

/**
 * Delivers the tree's leaves in their order, each at least once: how far it is is remembered after the target has taken a batch, never before.
 * Whatever fails is tried again for ever, and nothing else waits for it.
 */
export class Exporter {
  readonly #options: ExporterOptions
  readonly #lease: ExportLease
  readonly #timing: Timing
  #behind: number | null = null
  #trouble: Error | null = null

  constructor(options: ExporterOptions) {
    this.#options = options
    this.#timing = options.timing ?? PATIENT
    this.#lease = new ExportLease(options.store.exports, options.name, options.gateway, options.monotonic)
  }

  get status(): ExportStatus {
    return { name: this.#options.name, behind: this.#behind, trouble: this.#trouble }
  }

  /** Until `signal` aborts; the batch under way is then given up, and comes again. */
  async run(signal: AbortSignal): Promise<void> {
    for (let failures = 0; !signal.aborted;) {
      try {
        const held = await this.#lease.take()
        if (held) await whileHeld(this.#options.store.exports, held, signal, (ended) => this.#deliver(held, ended, () => (failures = 0)))
        this.#behind = null
        this.#tell(null)
        await pause(this.#timing.pollMs, signal)
      } catch (error) {
        if (signal.aborted) return
        if (!(error instanceof Error)) throw error
        failures += 1
        this.#tell(error)
        await pause(Math.max(this.#timing.pauseMs(failures), error instanceof TargetError ? (error.notBefore ?? 0) : 0), signal)
      }
    }
  }

  /** As long as it is ours. */
  async #deliver(held: ExportState, ended: AbortSignal, onTaken: () => void): Promise<void> {
    for (let { position } = held; !ended.aborted;) {
      const batch = await this.#next(position)
      if (batch === null) await pause(this.#timing.pollMs, ended)
      else {
        if (batch.records.length > 0) await this.#options.target.deliver(batch, ended)
        onTaken()
        if (!(await this.#options.store.exports.advance(held, batch.to))) return
        position = batch.to
      }
      this.#tell(null)
    }
  }

  /** What comes next, as much as fits; null when there is nothing. */
  async #next(from: number): Promise<Batch | null> {
    const { tree } = this.#options.store
    const { origin, size } = await tree.state()
    this.#behind = Math.max(size - from, 0)
    if (from >= size) return null
    const end = Math.min(from + PAGE, size)
    const records: ExportRecord[] = []
    let [to, length] = [from, 0]
    for await (const leaf of fewAtATime(await tree.read(from, end - from))) {
      this.#missing(to, leaf.index)
      const made = await this.#recordsOf(leaf)
      records.push(...made)
      to = leaf.index + 1
      length += made.reduce((sum, { text }) => sum + text.length, 0)
      if (length > BATCH_LENGTH) break
    }
    if (length <= BATCH_LENGTH) {
      this.#missing(to, end)
      to = end
    }
    return { id: `${origin.replace(/^.*\//, '')}_${this.#options.name}_${from}-${to}`, from, to, records }
  }

  /** Their entries are gone from the store. */
  #missing(from: number, to: number): void {
    if (from < to) this.#options.onUnreadable(from + 1 === to ? `leaf ${from}` : `leaves ${from} to ${to - 1}`)
  }

  async #recordsOf(leaf: Leaf): Promise<readonly ExportRecord[]> {
    const { format, keys, onUnreadable } = this.#options
    try {
      return await format.records(openLeaf(leaf, keys))
    } catch (error) {
      if (!(error instanceof LedgerError)) throw error
      onUnreadable(`entry ${leaf.seq} of ${leaf.gateway}`)
      const { index, gateway, seq } = leaf
      return [
        { id: entryId(leaf), at: 0, type: 'unreadable', severity: 'high', text: JSON.stringify({ unreadable: { index, gateway, seq, why: error.code } }) },
      ]
    }
  }

  #tell(trouble: Error | null): void {
    const changed = trouble !== null || this.#trouble !== null
    this.#trouble = trouble
    if (changed) this.#options.onTrouble(trouble)
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal, ref: false }).catch((error: unknown) => {
    if (!signal.aborted) throw error
  })
}
