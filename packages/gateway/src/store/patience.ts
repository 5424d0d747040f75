import { StoreUnavailable } from './store.ts'

/** Longer than the databases' own timeouts (2 s), so that their words are what is reported, if they have any. */
const SILENT_MS = 5_000

/**
 * Waits for the store as long as it answers anybody: in a burst a question may wait long in the queue, and that is not
 * silence. A fixed deadline was tried, and refused half of 10,000 requests that were opened at once.
 */
export class Patience {
  readonly #hoping = new Set<() => void>()
  #answeredAt = 0

  /** The answer, or StoreUnavailable: for an error, and for silence. `gaveUp` is aborted when the latter was reported. */
  async ask<T>(question: (gaveUp: AbortSignal) => Promise<T>): Promise<T> {
    const gaveUp = new AbortController()
    const silence = this.#silence()
    try {
      const answer = await Promise.race([question(gaveUp.signal), silence.reported])
      this.#answered()
      return answer
    } catch (error) {
      gaveUp.abort()
      throw unavailable(error)
    } finally {
      silence.stop()
    }
  }

  /** Resolves when anybody's next question is answered. */
  nextAnswer(): Promise<void> {
    return new Promise((resolve) => this.#hoping.add(resolve))
  }

  #answered(): void {
    this.#answeredAt = performance.now()
    for (const resolve of this.#hoping) resolve()
    this.#hoping.clear()
  }

  #silence(): { readonly reported: Promise<never>; readonly stop: () => void } {
    const { promise, reject } = Promise.withResolvers<never>()
    const began = performance.now()
    let timer: NodeJS.Timeout
    const look = () => {
      const left = Math.max(began, this.#answeredAt) + SILENT_MS - performance.now()
      if (left > 0) timer = setTimeout(look, Math.ceil(left))
      else reject(new StoreUnavailable(`the store has not answered for ${SILENT_MS / 1000} s`))
    }
    look()
    return { reported: promise, stop: () => clearTimeout(timer) }
  }
}

/** Whatever the driver threw, as the error that the store's users know. */
export function unavailable(error: unknown): StoreUnavailable {
  if (error instanceof StoreUnavailable) return error
  return new StoreUnavailable(`the store failed: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
}
