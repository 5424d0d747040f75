import { randomBytes } from 'node:crypto'
import type { Clock } from '../clock.ts'
import type { Journal } from '../journal/journal.ts'
import type { PersonRecord, PersonStore, Source } from '../store/store.ts'

/** What a source says of a person; the rest of his record follows. */
export type Wished = Omit<PersonRecord, 'id' | 'version' | 'createdAt' | 'updatedAt'>

/** A record moves its end ahead no more often than this part of how far that is, because each change is told to every gateway. */
const STEP = 24

export interface PeopleOptions {
  readonly store: PersonStore
  readonly journal: Pick<Journal, 'append'>
  readonly clock: Pick<Clock, 'now'>
}

/** The people of the store, as their sources change them. Each change of what somebody may do is an entry of the ledger: of what he gets before he has it. */
export class People {
  readonly #options: PeopleOptions

  constructor(options: PeopleOptions) {
    this.#options = options
  }

  /** Makes the record of a source say this, known by external id where there is one and else by name. Null: another record of this source has that name. `by` changes it. */
  async put(wished: Wished, by: string): Promise<PersonRecord | null> {
    const { store, clock } = this.#options
    for (;;) {
      const known = await this.#find(wished)
      const now = clock.now()
      const next = known
        ? { ...known, ...wished, version: known.version + 1, updatedAt: now }
        : { ...wished, id: `person-${randomBytes(6).toString('hex')}`, version: 1, createdAt: now, updatedAt: now }
      if (known && !differs(known, next)) return known
      const isNews = known === null || changesRights(known, next)
      const first = isNews && (known === null || widens(known, next)) // what is only taken away does not wait for the ledger
      if (first) await this.#record(next, by)
      if (await (known ? store.save(next) : store.insert(next))) {
        if (isNews && !first) await this.#record(next, by)
        return next
      }
      const [namesake] = await store.list({ source: wished.source, name: wished.name })
      if (namesake && namesake.id !== known?.id && namesake.externalId !== wished.externalId) return null
    }
  }

  /** By the record's own id. */
  get(id: string): Promise<PersonRecord | null> {
    return this.#options.store.get(id)
  }

  /** Null where this source has nobody of that id. */
  async at(source: Source, externalId: string): Promise<PersonRecord | null> {
    const [known] = await this.#options.store.list({ source, externalId })
    return known ?? null
  }

  /** The records of that name, of every source. */
  named(name: string): Promise<readonly PersonRecord[]> {
    return this.#options.store.list({ name })
  }

  async #find({ source, externalId, name }: Wished): Promise<PersonRecord | null> {
    const [known] = await this.#options.store.list(externalId === null ? { source, name } : { source, externalId })
    return known ?? null
  }

  /** Names of groups are a directory's, and nobody typed them here. */
  async #record({ name, source, groups, admin, auditor, active }: PersonRecord, by: string): Promise<void> {
    await this.#options.journal.append({ type: 'person.changed', body: { user: name, source, by, groups, admin, auditor, active } }, 'disk')
  }
}

function changesRights(one: PersonRecord, other: PersonRecord): boolean {
  return (
    one.name !== other.name ||
    one.admin !== other.admin ||
    one.auditor !== other.auditor ||
    one.active !== other.active ||
    one.groups.length !== other.groups.length ||
    one.groups.some((group, index) => other.groups[index] !== group)
  )
}

function widens(one: PersonRecord, other: PersonRecord): boolean {
  const gained = (had: boolean, has: boolean) => has && !had
  return (
    one.name !== other.name ||
    gained(one.admin, other.admin) ||
    gained(one.auditor, other.auditor) ||
    gained(one.active, other.active) ||
    other.groups.some((group) => !one.groups.includes(group))
  )
}

function differs(one: PersonRecord, other: PersonRecord): boolean {
  if (changesRights(one, other) || one.displayName !== other.displayName || one.email !== other.email) return true
  if (one.until === null || other.until === null) return one.until !== other.until
  return other.until - one.until > (other.until - other.updatedAt) / STEP
}
