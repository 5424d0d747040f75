/** A map that forgets the entry that was used least recently when it is full. */
export class Lru<V> {
  readonly #entries = new Map<string, V>()
  readonly #limit: number
  readonly #dropped: (value: V) => void

  constructor(limit: number, dropped: (value: V) => void = () => undefined) {
    this.#limit = limit
    this.#dropped = dropped
  }

  get(key: string): V | undefined {
    const value = this.#entries.get(key)
    if (value === undefined) return undefined
    this.#entries.delete(key)
    this.#entries.set(key, value)
    return value
  }

  set(key: string, value: V): void {
    this.#entries.delete(key)
    this.#entries.set(key, value)
    const [oldest] = this.#entries
    if (this.#entries.size <= this.#limit || !oldest) return
    this.#entries.delete(oldest[0])
    this.#dropped(oldest[1])
  }
}
