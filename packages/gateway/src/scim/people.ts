import { randomBytes } from 'node:crypto'
import { LOCAL_ADMIN } from '@countersign/core/principal'
import type { Clock } from '../clock.ts'
import type { ScimConfig } from '../config/config.ts'
import { isUserName } from '../config/names.ts'
import type { Users } from '../identity/caller.ts'
import type { Leaving } from '../identity/leaving.ts'
import type { Journal } from '../journal/journal.ts'
import type { PersonRecord, PersonStore } from '../store/store.ts'
import { invalid, notFound, taken } from './error.ts'

/** In the ledger, who did it: a name that no user can have. */
const PROVISIONING = 'SCIM provisioning'

export interface PeopleOptions {
  readonly store: PersonStore
  readonly users: Pick<Users, 'users'>
  readonly journal: Pick<Journal, 'append'>
  readonly clock: Pick<Clock, 'now'>
  readonly leaving: Pick<Leaving, 'end' | 'forget'>
  readonly config: Pick<ScimConfig, 'adminGroups' | 'auditorGroups'>
}

/** What a directory says of somebody. */
export interface PersonWish {
  readonly userName: string
  readonly externalId: string | null
  readonly displayName: string | null
  readonly email: string | null
  readonly active: boolean
}

/** The people that a directory provisions: those of source `scim`, and nobody else. Each change is an entry. Throws ScimError. */
export class People {
  readonly #options: PeopleOptions

  constructor(options: PeopleOptions) {
    this.#options = options
  }

  list(): Promise<readonly PersonRecord[]> {
    return this.#options.store.list({ source: 'scim' })
  }

  async get(id: string): Promise<PersonRecord> {
    const person = await this.#options.store.get(id)
    if (person?.source !== 'scim') throw notFound('user', id)
    return person
  }

  async create(wish: PersonWish): Promise<PersonRecord> {
    await this.#assertFree(wish.userName, null)
    const now = this.#options.clock.now()
    const person: PersonRecord = {
      ...this.#record(wish, []),
      id: `person-${randomBytes(8).toString('hex')}`,
      version: 1,
      source: 'scim',
      createdAt: now,
      updatedAt: now,
      until: null,
    }
    await this.#recordChanged(person)
    if (!(await this.#options.store.insert(person))) throw taken(`there is a user ${wish.userName}, or one with this externalId, already`)
    return person
  }

  /** Whoever is disabled, or gets another name, has nothing left of what he had under the one before. */
  async change(id: string, wish: PersonWish): Promise<PersonRecord> {
    for (;;) {
      const person = await this.get(id)
      if (person.name !== wish.userName) await this.#assertFree(wish.userName, id)
      const next = { ...person, ...this.#record(wish, person.groups) }
      // What came into being while not every gateway knew that he was disabled.
      if (next.active && !person.active) await this.#options.leaving.end(person.name, PROVISIONING, 'disabled')
      if (!(await this.#save(person, next))) continue
      if (!next.active) await this.#options.leaving.end(next.name, PROVISIONING, 'disabled')
      if (person.name !== next.name) await this.#leave(person.name, `is ${next.name} now`)
      return next
    }
  }

  /** Disabled first: what fails behind that is done when it is said again, because he is there until all of it is. */
  async remove(id: string): Promise<void> {
    const { name } = await this.#disabled(id)
    await this.#leave(name, 'removed')
    await this.#options.store.remove(id)
    await this.#options.journal.append({ type: 'person.changed', body: { user: name, source: 'scim', by: PROVISIONING, removed: true } }, 'disk')
  }

  async #disabled(id: string): Promise<PersonRecord> {
    for (;;) {
      const person = await this.get(id)
      if (await this.#save(person, { ...person, active: false })) return person
    }
  }

  /** Where others know him by this name too, he has it still. */
  async #leave(name: string, why: string): Promise<void> {
    const { leaving, users } = this.#options
    const isElsewhere = users.users().some((user) => user.name === name && user.sources.some((source) => source !== 'scim'))
    await (isElsewhere ? leaving.end(name, PROVISIONING, why) : leaving.forget(name, PROVISIONING, why))
  }

  /** Puts him into groups, and takes him out of others. */
  async regroup(id: string, into: readonly string[], outOf: readonly string[]): Promise<void> {
    for (;;) {
      const person = await this.get(id)
      const groups = [...new Set([...person.groups.filter((name) => !outOf.includes(name)), ...into])]
      const next = { ...person, groups, ...this.#duties(groups) }
      if (await this.#save(person, next)) return
    }
  }

  /** Which groups make an admin may have been configured anew. */
  async settle(): Promise<void> {
    for (const { id } of await this.list()) await this.regroup(id, [], [])
  }

  /** True when nothing was to change. What gives something is in the ledger before it is there, what takes it away afterwards. */
  async #save(before: PersonRecord, wanted: PersonRecord): Promise<boolean> {
    const next = { ...wanted, version: before.version + 1, updatedAt: this.#options.clock.now() }
    if (sayTheSame(before, next)) return true
    const takes = takesOnly(before, next)
    if (!takes) await this.#recordChanged(next)
    if (!(await this.#options.store.save(next))) return this.#assertStillFree(next)
    if (takes) await this.#recordChanged(next)
    return true
  }

  #record({ userName, externalId, displayName, email, active }: PersonWish, groups: readonly string[]) {
    return { name: userName, externalId, displayName, email, active, groups, ...this.#duties(groups) }
  }

  #duties(groups: readonly string[]): Pick<PersonRecord, 'admin' | 'auditor'> {
    const { adminGroups, auditorGroups } = this.#options.config
    return { admin: groups.some((name) => adminGroups.includes(name)), auditor: groups.some((name) => auditorGroups.includes(name)) }
  }

  /** A user of this gateway's own is not touched, and no two names differ in their case alone (RFC 7643 section 4.1.1: userName is of either case). */
  async #assertFree(name: string, id: string | null): Promise<void> {
    if (!isUserName(name)) throw invalid('a userName has no spaces and no slash, and 255 characters at most')
    const same = (other: string) => other.toLowerCase() === name.toLowerCase()
    const own = this.#options.users
      .users()
      .find(({ name: other, sources }) => same(other) && sources.some((source) => source === 'config' || source === 'local'))
    if (own || same(LOCAL_ADMIN)) throw taken(`${own?.name ?? LOCAL_ADMIN} is a user of this gateway's own, whom provisioning does not touch`)
    if ((await this.list()).some((person) => person.id !== id && same(person.name))) throw taken(`there is a user ${name} already`)
  }

  /** False: it was changed by somebody else, and is to be read again. */
  async #assertStillFree({ id, name, externalId }: PersonRecord): Promise<false> {
    const others = (await this.list()).filter((person) => person.id !== id)
    if (others.some((person) => person.name === name || (externalId !== null && person.externalId === externalId)))
      throw taken(`there is a user ${name}, or one with this externalId, already`)
    return false
  }

  async #recordChanged({ name, active, groups, admin, auditor }: PersonRecord): Promise<void> {
    const body = { user: name, source: 'scim', by: PROVISIONING, groups, admin, auditor, active }
    await this.#options.journal.append({ type: 'person.changed', body }, 'disk')
  }
}

function takesOnly(before: PersonRecord, next: PersonRecord): boolean {
  if (!next.active) return true
  return before.active && before.name === next.name && next.groups.every((name) => before.groups.includes(name))
}

function sayTheSame(one: PersonRecord, other: PersonRecord): boolean {
  const said = ({ version: _version, updatedAt: _updatedAt, ...rest }: PersonRecord) => JSON.stringify(rest)
  return said(one) === said(other)
}
