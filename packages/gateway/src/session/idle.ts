import { after, type Clock } from '../clock.ts'

/**
 * Tells when nothing has happened for too long. Something happens with every statement, so no timer is set or stopped then:
 * the one there is looks at the clock when it is due, and waits on for what is left.
 */
export class Idle {
  readonly #ms: number | null
  readonly #due: () => void
  readonly #clock: Clock
  /** Monotonic milliseconds; null while something runs. */
  #since: number | null
  #stop: () => void = () => undefined

  /** Idle from now on. `ms` null is never too long. */
  constructor(ms: number | null, due: () => void, clock: Clock) {
    this.#ms = ms
    this.#due = due
    this.#clock = clock
    this.#since = clock.monotonic()
    if (ms !== null) this.#wait(ms, ms)
  }

  busy(): void {
    this.#since = null
  }

  rest(): void {
    if (this.#ms !== null) this.#since = this.#clock.monotonic()
  }

  end(): void {
    this.#stop()
  }

  #wait(left: number, ms: number): void {
    this.#stop = after(left, () => this.#look(ms), this.#clock)
  }

  #look(ms: number): void {
    const left = this.#since === null ? ms : this.#since + ms - this.#clock.monotonic()
    if (left > 0) this.#wait(left, ms)
    else this.#due()
  }
}
