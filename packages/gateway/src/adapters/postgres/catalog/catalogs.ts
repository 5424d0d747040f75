import type { Target } from '../../adapter.ts'
import { LiveCatalog } from './live.ts'

/** Has every other process of this gateway drop what it knows of a database. Resolves when all have; rejects when that is not certain. */
export type TellOthers = (database: string) => Promise<unknown>

/** So old may be what the other processes believe, at most (`catalog.maxAge`): after as long they look again, whether they were told or not. */
const BELIEVED_MS = 1_000

/** The live catalogs of all targets: sessions of one user in one database share one. */
export class Catalogs {
  readonly #tellOthers: TellOthers | null
  readonly #live = new Map<string, { readonly live: LiveCatalog; readonly database: string }>()
  readonly #telling = new Map<string, Telling>()

  /** A process that is alone tells nobody. */
  constructor(tellOthers: TellOthers | null = null) {
    this.#tellOthers = tellOthers
  }

  of(target: Target): LiveCatalog {
    const key = JSON.stringify([target.resource, target.database, target.username])
    const known = this.#live.get(key)
    if (known) return known.live
    const database = JSON.stringify([target.server, target.database])
    const live = new LiveCatalog(target, () => this.#changed(database))
    this.#live.set(key, { live, database })
    return live
  }

  /** What is known of a database is not believed any more, whichever resource and user it was read for. */
  drop(database: string): void {
    for (const each of this.#live.values()) if (each.database === database) each.live.drop()
  }

  close(): void {
    for (const { live } of this.#live.values()) live.close()
    this.#live.clear()
  }

  #changed(database: string): Promise<void> | null {
    this.drop(database)
    if (this.#tellOthers === null) return null
    const telling = this.#telling.get(database) ?? new Telling(database, this.#tellOthers)
    this.#telling.set(database, telling)
    return telling.tell()
  }
}

/** Changes that come faster than they can be told are told together. */
class Telling {
  readonly #database: string
  readonly #tellOthers: TellOthers
  #now: Promise<void> | null = null
  #next: Promise<void> | null = null

  constructor(database: string, tellOthers: TellOthers) {
    this.#database = database
    this.#tellOthers = tellOthers
  }

  tell(): Promise<void> {
    if (this.#now === null) return (this.#now = this.#tell().finally(() => (this.#now = null)))
    return (this.#next ??= this.#now.then(() => {
      this.#next = null
      return this.tell()
    }))
  }

  async #tell(): Promise<void> {
    const { promise: late, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, BELIEVED_MS)
    await Promise.race([this.#tellOthers(this.#database).catch(() => late), late])
    clearTimeout(timer)
  }
}
