import type { WorkerStore } from '../store/store.ts'

/** How often the waits look for themselves, should an event have been lost. */
const LOOK_EVERY_MS = 2_000

/**
 * What waits for decisions, all of it together: ten thousand waits that each listened to every change, and asked for themselves
 * every two seconds, would leave the store no time for anything else.
 */
class Watch {
  readonly #store: WorkerStore
  readonly #looks = new Map<string, Set<() => void>>()
  #unsubscribe: () => void = () => undefined
  #timer: NodeJS.Timeout | undefined
  #asking = false

  constructor(store: WorkerStore) {
    this.#store = store
  }

  /** `look` is called whenever the request may have been decided. Returns what ends that. */
  add(id: string, look: () => void): () => void {
    if (this.#looks.size === 0) this.#begin()
    const looks = this.#looks.get(id) ?? new Set()
    this.#looks.set(id, looks.add(look))
    return () => {
      looks.delete(look)
      if (looks.size === 0 && this.#looks.get(id) === looks) this.#looks.delete(id)
      if (this.#looks.size === 0) this.#end()
    }
  }

  #begin(): void {
    this.#unsubscribe = this.#store.subscribe((event) => {
      if (event.kind === 'resync') void this.#lookAll()
      else if (event.kind === 'request') this.#look(event.id)
    })
    this.#timer = setInterval(() => void this.#lookAll(), LOOK_EVERY_MS)
  }

  #end(): void {
    this.#unsubscribe()
    clearInterval(this.#timer)
  }

  #look(id: string): void {
    for (const look of this.#looks.get(id) ?? []) look()
  }

  /** A store that does not answer is asked again next time. */
  async #lookAll(): Promise<void> {
    if (this.#asking) return
    this.#asking = true
    const waiting = [...this.#looks.keys()] // what is opened from here on may be missing in the answer
    const pending = await this.#store.requests.pending().catch(() => null)
    this.#asking = false
    if (pending === null) return
    const undecided = new Set(pending)
    for (const id of waiting) if (!undecided.has(id)) this.#look(id)
  }
}

const watches = new WeakMap<WorkerStore, Watch>()

/** One for each store. */
export function watchOf(store: WorkerStore): Watch {
  const known = watches.get(store) ?? new Watch(store)
  watches.set(store, known)
  return known
}
