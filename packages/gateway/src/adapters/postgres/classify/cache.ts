/** A map that forgets what was used longest ago, when it holds too many entries or too much weight. */
export class Cache<V> {
  readonly #entries = new Map<string, { readonly value: V; readonly weight: number }>()
  readonly #maxEntries: number
  readonly #maxWeight: number
  #weight = 0

  constructor(maxEntries: number, maxWeight: number) {
    this.#maxEntries = maxEntries
    this.#maxWeight = maxWeight
  }

  get(key: string): V | undefined {
    const entry = this.#entries.get(key)
    if (!entry) return undefined
    this.#entries.delete(key)
    this.#entries.set(key, entry)
    return entry.value
  }

  /** `key` must not be in it yet. What weighs more than an eighth of the whole is not kept. */
  add(key: string, value: V, weight: number): void {
    if (weight > this.#maxWeight / 8) return
    this.#entries.set(key, { value, weight })
    this.#weight += weight
    while (this.#entries.size > this.#maxEntries || this.#weight > this.#maxWeight) this.#dropOldest()
  }

  #dropOldest(): void {
    const oldest = this.#entries.entries().next()
    if (oldest.done) return
    const [key, entry] = oldest.value
    this.#entries.delete(key)
    this.#weight -= entry.weight
  }
}
