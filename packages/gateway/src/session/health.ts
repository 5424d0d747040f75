import type { Clock } from '../clock.ts'

const PING_EVERY_MS = 500
/** New actions are refused when the store has been silent this long … */
export const SILENT_MS = 2_000
/** … and live connections are cut: what was revoked meanwhile cannot be known. */
export const GONE_MS = 15_000

/** What answers while all is well: the store, and whatever has to know what is in it. */
export interface Pulse {
  ping(): Promise<unknown>
}

/** Listens to the store's pulse. */
export class StoreHealth {
  readonly #pulses: readonly Pulse[]
  readonly #clock: Clock
  readonly #gone: () => void
  #answeredAt: number
  #cut = false
  #timer: NodeJS.Timeout | undefined

  /** `gone` is called once each time the store has been silent for `GONE_MS`. */
  constructor(pulses: readonly Pulse[], clock: Clock, gone: () => void) {
    this.#pulses = pulses
    this.#clock = clock
    this.#gone = gone
    this.#answeredAt = clock.monotonic()
  }

  start(): void {
    this.#timer = setInterval(() => this.#beat(), PING_EVERY_MS)
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /** Null while the store answers; else what to tell the person whose action is refused. */
  get silence(): string | null {
    const silent = this.#clock.monotonic() - this.#answeredAt
    return silent > SILENT_MS
      ? `the gateway's store has not answered for ${Math.round(silent / 1000)} s, so nothing new is allowed; try again when it is back`
      : null
  }

  #beat(): void {
    Promise.all(this.#pulses.map((each) => each.ping())).then(
      () => {
        this.#answeredAt = this.#clock.monotonic()
        this.#cut = false
      },
      () => this.#check(),
    )
    this.#check()
  }

  #check(): void {
    if (this.#cut || this.#clock.monotonic() - this.#answeredAt < GONE_MS) return
    this.#cut = true
    this.#gone()
  }
}
