import type { StoreEvent } from '../store/store.ts'

/** What is to be looked at: requests and grants that changed, each once however often it did, or everything, because some of it was missed. */
export interface Changed {
  readonly everything: boolean
  readonly requests: readonly string[]
  readonly grants: readonly string[]
}

/** Collects what the store says has changed, from when it is made until it is closed. */
export class Changes {
  readonly #unsubscribe: () => void
  /** Somebody may be in another group: what waits may wait for him. It wakes nobody, because it happens often and says little. */
  people = false
  #everything = false
  #requests = new Set<string>()
  #grants = new Set<string>()
  #wake: () => void = () => undefined

  constructor(store: { subscribe(listener: (event: StoreEvent) => void): () => void }) {
    this.#unsubscribe = store.subscribe((event) => this.#add(event))
  }

  close(): void {
    this.#unsubscribe()
  }

  take(): Changed {
    const changed = { everything: this.#everything, requests: [...this.#requests], grants: [...this.#grants] }
    this.#everything = false
    this.#requests = new Set()
    this.#grants = new Set()
    return changed
  }

  /** Resolves when something has changed, after `ms`, or when `signal` aborts. */
  wait(ms: number, signal: AbortSignal): Promise<void> {
    if (this.#everything || this.#requests.size > 0 || this.#grants.size > 0 || signal.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', done)
        this.#wake = () => undefined
        resolve()
      }
      const timer = setTimeout(done, ms)
      signal.addEventListener('abort', done)
      this.#wake = done
    })
  }

  #add({ kind, ...event }: StoreEvent): void {
    if (kind === 'request' && 'id' in event) this.#requests.add(event.id)
    else if (kind === 'grant' && 'id' in event) this.#grants.add(event.id)
    else if (kind === 'resync') this.#everything = true
    else {
      if (kind === 'person') this.people = true
      return
    }
    this.#wake()
  }
}
