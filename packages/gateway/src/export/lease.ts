import type { ExportState, ExportStore } from '../store/store.ts'

/** An export whose holder has done nothing for this long, by our own clock, is taken over. */
export const DEAD_MS = 15_000
/** How often a holder says that it lives. */
export const BEAT_MS = 4_000

/**
 * One gateway delivers an export at a time. Two may do so for a moment, when one was held up and not dead: then a reader gets something
 * twice, which he must be ready for anyway; what is remembered is only ever set by the one whose term it is.
 */
export class ExportLease {
  readonly #store: ExportStore
  readonly #name: string
  readonly #gateway: string
  readonly #monotonic: () => number
  /** The last sign of life of somebody else, and when it was first seen. */
  #heard: { readonly term: number; readonly beat: number; readonly since: number } | null = null

  constructor(store: ExportStore, name: string, gateway: string, monotonic: () => number) {
    this.#store = store
    this.#name = name
    this.#gateway = gateway
    this.#monotonic = monotonic
  }

  /** Null: another gateway delivers it. A gateway takes at once what it held itself before it was restarted. */
  async take(): Promise<ExportState | null> {
    const seen = await this.#store.state(this.#name)
    if (seen.holder !== null && seen.holder !== this.#gateway && !this.#isDead(seen)) return null
    return this.#store.take(this.#gateway, seen)
  }

  #isDead({ term, beat }: ExportState): boolean {
    const now = this.#monotonic()
    if (this.#heard?.term !== term || this.#heard.beat !== beat) this.#heard = { term, beat, since: now }
    return now - this.#heard.since >= DEAD_MS
  }
}

/**
 * Does what is somebody's at a time as long as it is ours: says that we live, and aborts what `work` is given when it is ours no more, or when `signal` aborts. Then it
 * is given up, so that another need not wait until we look dead. Rejects as `work` does, unless that was ended.
 */
export async function whileHeld(
  store: Pick<ExportStore, 'renew' | 'release'>,
  held: ExportState,
  signal: AbortSignal,
  work: (ended: AbortSignal) => Promise<void>,
): Promise<void> {
  const lost = new AbortController()
  const ended = AbortSignal.any([signal, lost.signal])
  const beats = setInterval(() => {
    store.renew(held).then(
      (ours) => ours || lost.abort(),
      () => lost.abort(),
    )
  }, BEAT_MS)
  try {
    await work(ended)
  } catch (error) {
    if (!ended.aborted) throw error
  } finally {
    clearInterval(beats)
    await store.release(held).catch(() => undefined)
  }
}
