interface Entry<V> {
  readonly value: V
  readonly weight: number
}

/**
 * A map that forgets, in two halves: when the newer one is full it becomes the older one, and what nobody has asked for in the older
 * one by then is forgotten. Nothing is moved or looked for when most texts are new, which is the case that has to be cheap.
 */
export class Cache<V> {
  readonly #maxEntries: number
  readonly #maxWeight: number
  #newer = new Map<string, Entry<V>>()
  #older: ReadonlyMap<string, Entry<V>> = new Map()
  #weight = 0

  constructor(maxEntries: number, maxWeight: number) {
    this.#maxEntries = maxEntries
    this.#maxWeight = maxWeight
  }

  get(key: string): V | undefined {
    const entry = this.#newer.get(key)
    if (entry) return entry.value
    const older = this.#older.get(key)
    if (older) this.#keep(key, older)
    return older?.value
  }

  /** What weighs more than an eighth of the whole is not kept. */
  set(key: string, value: V, weight: number): void {
    if (weight <= this.#maxWeight / 8) this.#keep(key, { value, weight })
  }

  #keep(key: string, entry: Entry<V>): void {
    if (this.#newer.size >= this.#maxEntries / 2 || this.#weight + entry.weight > this.#maxWeight / 2) {
      this.#older = this.#newer
      this.#newer = new Map()
      this.#weight = 0
    }
    this.#newer.set(key, entry)
    this.#weight += entry.weight
  }
}
