/** How many questions may be under way at one target: what waits for a review must not take the connections of those who work. */
const AT_ONCE = 4

/** Whoever would ask a target something waits here for one of its few turns. */
export class Turns {
  readonly #atOnce: number
  readonly #busy = new Map<string, number>()
  readonly #waiting = new Map<string, (() => void)[]>()

  constructor(atOnce: number = AT_ONCE) {
    this.#atOnce = atOnce
  }

  /** Runs the job when it is its turn. Rejects with the signal's reason when that comes first, and the job does not run. */
  async run<T>(target: string, signal: AbortSignal, job: () => Promise<T>): Promise<T> {
    signal.throwIfAborted()
    const busy = this.#busy.get(target) ?? 0
    if (busy < this.#atOnce) this.#busy.set(target, busy + 1)
    else await this.#wait(target, signal)
    try {
      return await job()
    } finally {
      this.#leave(target)
    }
  }

  #wait(target: string, signal: AbortSignal): Promise<void> {
    const queue = this.#waiting.get(target) ?? []
    this.#waiting.set(target, queue)
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const onAbort = () => {
      queue.splice(queue.indexOf(next), 1)
      reject(signal.reason instanceof Error ? signal.reason : new Error('nobody waits any more'))
    }
    const next = () => {
      signal.removeEventListener('abort', onAbort)
      resolve()
    }
    queue.push(next)
    signal.addEventListener('abort', onAbort)
    return promise
  }

  /** The turn passes on to who has waited longest. */
  #leave(target: string): void {
    const next = this.#waiting.get(target)?.shift()
    if (next) return next()
    const busy = (this.#busy.get(target) ?? 1) - 1
    if (busy > 0) return void this.#busy.set(target, busy)
    this.#busy.delete(target)
    this.#waiting.delete(target)
    return undefined
  }
}
