/** How many keys are counted at once: past that, whoever is new waits for the next window. */
const MOST_KEYS = 10_000

/** At most `most` attempts of one key in each `windowMs`, as far as this process knows. */
export class Attempts {
  readonly #most: number
  readonly #windowMs: number
  readonly #now: () => number
  #since = 0
  readonly #counts = new Map<string, number>()

  constructor(most: number, windowMs: number, now: () => number) {
    this.#most = most
    this.#windowMs = windowMs
    this.#now = now
  }

  /** False: the next one would be one too many. */
  left(key: string): boolean {
    const now = this.#now()
    if (now - this.#since >= this.#windowMs) {
      this.#since = now
      this.#counts.clear()
    }
    return (this.#counts.get(key) ?? 0) < this.#most && (this.#counts.has(key) || this.#counts.size < MOST_KEYS)
  }

  /** Counts one more. False: that is one too many, and it was not counted. */
  take(key: string): boolean {
    if (!this.left(key)) return false
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1)
    return true
  }
}
