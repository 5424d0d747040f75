import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock } from '../clock.ts'
import { ExportLease, whileHeld } from '../export/lease.ts'
import type { Store } from '../store/store.ts'
import { Changes } from './changes.ts'
import type { Planner } from './planner.ts'
import type { Sender } from './sender.ts'

/** The lease stands among those of exports, under a name that no export has. */
const LEASE = 'notify:'
const POLL_MS = 1_000
/** Whatever was missed is found this late at most, and this late what waits for who is in another group. */
const [EVERYTHING_MS, PEOPLE_MS] = [300_000, 15_000]
/** What is over is kept as long as anybody may ask why he was told, or was not. */
const KEPT_MS = 7 * 24 * 60 * 60_000
const FAILED_PAUSE_MS = 5_000

export interface NotifierOptions {
  readonly store: Pick<Store, 'exports' | 'notifications' | 'subscribe'>
  readonly gateway: string
  readonly planner: Planner
  readonly sender: Sender
  readonly clock: Clock
  readonly onTrouble: (error: unknown) => void
  readonly pollMs?: number
}

/** Plans and sends what people are told, while this gateway is the one that does: another goes on when it dies, and what it was about to send is told or is missed, and never told twice. */
export class Notifier {
  readonly #options: NotifierOptions
  readonly #lease: ExportLease

  constructor(options: NotifierOptions) {
    this.#options = options
    this.#lease = new ExportLease(options.store.exports, LEASE, options.gateway, () => options.clock.monotonic())
  }

  /** Until `signal` aborts. Whatever fails is tried again for ever, and nothing else waits for it. */
  async run(signal: AbortSignal): Promise<void> {
    const { store, onTrouble, pollMs = POLL_MS } = this.#options
    while (!signal.aborted) {
      try {
        const held = await this.#lease.take()
        if (held) await whileHeld(store.exports, held, signal, (ended) => this.#work(ended))
        await pause(pollMs, signal)
      } catch (error) {
        if (signal.aborted) return
        onTrouble(error)
        await pause(FAILED_PAUSE_MS, signal)
      }
    }
  }

  async #work(ended: AbortSignal): Promise<void> {
    const { store, planner, sender, clock, pollMs = POLL_MS } = this.#options
    const changes = new Changes(store)
    try {
      for (let looked = -Infinity; !ended.aborted;) {
        const { everything, requests, grants } = changes.take()
        const since = clock.monotonic() - looked
        if (everything || since >= EVERYTHING_MS || (changes.people && since >= PEOPLE_MS)) {
          looked = clock.monotonic()
          changes.people = false
          await planner.everything()
          await store.notifications.forget(clock.now() - KEPT_MS)
        }
        for (const id of requests) await planner.request(id)
        for (const id of grants) await planner.grant(id)
        if (!(await sender.round(ended))) await changes.wait(pollMs, ended)
      }
    } finally {
      changes.close()
    }
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal, ref: false }).catch((error: unknown) => {
    if (!signal.aborted) throw error
  })
}
