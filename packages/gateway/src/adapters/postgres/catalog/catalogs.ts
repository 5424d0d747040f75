import type { Target } from '../../adapter.ts'
import { LiveCatalog } from './live.ts'

/** The live catalogs of all targets: sessions of one user in one database share one. */
export class Catalogs {
  readonly #live = new Map<string, LiveCatalog>()

  of(target: Target): LiveCatalog {
    const key = JSON.stringify([target.resource, target.database, target.username])
    const known = this.#live.get(key)
    if (known) return known
    const live = new LiveCatalog(target)
    this.#live.set(key, live)
    return live
  }

  close(): void {
    for (const live of this.#live.values()) live.close()
    this.#live.clear()
  }
}
