import type { Entry } from './entry.ts'
import { keysNeeded } from './group.ts'
import type { Keys } from './seal.ts'

/** The type of the entry that says which keys of a person were erased at a gateway: `keys` of its body. */
export const ERASED = 'person.erased'

/** More keys than a ledger has; a hostile file must not fill the memory. Sealed texts beyond them are counted without telling which are erased. */
const MAX_KEYS = 1_000_000

/**
 * Sealed texts that were not opened, because their key was not given: some were erased with it, and say so. It may be said after them, and in the chain of
 * another: a gateway erases for its workers.
 */
export class Unopened {
  readonly #byKey = new Map<string, number>()
  readonly #erasedKeys = new Set<string>()
  #others = 0

  /** What several chains say together. */
  static of(all: readonly Unopened[]): Unopened {
    const sum = new Unopened()
    for (const one of all) for (const key of one.#erasedKeys) sum.#erasedKeys.add(key)
    for (const one of all) for (const [key, times] of one.#byKey) sum.#add(key, times)
    for (const one of all) sum.#others += one.#others
    return sum
  }

  /** Of an entry that was found good. */
  count(entry: Entry, keys: Keys | undefined): void {
    for (const key of keysNeeded(entry)) if (!keys?.has(key)) this.#add(key, 1)
    const { keys: erased } = entry.type === ERASED ? entry.body : {}
    if (Array.isArray(erased)) for (const key of erased) if (typeof key === 'string' && this.#erasedKeys.size < MAX_KEYS) this.#erasedKeys.add(key)
  }

  /** Those whose key was erased, as this ledger says, or another chain of it. */
  erased(said: Unopened = this): number {
    return said.#erasedKeys.values().reduce((sum, key) => sum + (this.#byKey.get(key) ?? 0), 0)
  }

  /** All others. */
  left(said: Unopened = this): number {
    return this.#byKey.values().reduce((sum, times) => sum + times, this.#others) - this.erased(said)
  }

  #add(key: string, times: number): void {
    if (this.#byKey.has(key) || this.#byKey.size < MAX_KEYS) this.#byKey.set(key, (this.#byKey.get(key) ?? 0) + times)
    else this.#others += times
  }
}
