import { randomBytes } from 'node:crypto'
import type { Clock } from '../clock.ts'
import type { ScimGroupRecord, ScimGroupStore } from '../store/scim-group-store.ts'
import type { PersonRecord } from '../store/store.ts'
import { invalid, notFound, taken } from './error.ts'
import type { People } from './people.ts'

/** What a directory says of a group; `members` are ids of its users. */
export interface GroupWish {
  readonly name: string
  readonly externalId: string | null
  readonly members: readonly string[]
}

export interface Group {
  readonly record: ScimGroupRecord
  readonly members: readonly Pick<PersonRecord, 'id' | 'name'>[]
}

export interface GroupsOptions {
  readonly store: ScimGroupStore
  readonly people: People
  readonly clock: Pick<Clock, 'now'>
}

/** No control characters: it is shown, and stands in the ledger. A group whose name is one word can be named in policies. */
const NAME = /^\P{C}{1,255}$/u

/** The groups that a directory provisions. Who is in one is a matter of its people, one after the other: what fails half way is to be said again. Throws ScimError. */
export class Groups {
  readonly #options: GroupsOptions

  constructor(options: GroupsOptions) {
    this.#options = options
  }

  async list(): Promise<readonly Group[]> {
    const { store, people } = this.#options
    const [records, everybody] = await Promise.all([store.list(), people.list()])
    return records.map((record) => ({ record, members: everybody.filter(({ groups }) => groups.includes(record.name)) }))
  }

  async get(id: string): Promise<Group> {
    const { store, people } = this.#options
    const record = await store.get(id)
    if (!record) throw notFound('group', id)
    return { record, members: (await people.list()).filter(({ groups }) => groups.includes(record.name)) }
  }

  async create(wish: GroupWish): Promise<Group> {
    assertName(wish.name)
    await this.#assertThere(wish.members)
    const now = this.#options.clock.now()
    const record = { id: `group-${randomBytes(8).toString('hex')}`, version: 1, name: wish.name, externalId: wish.externalId, createdAt: now, updatedAt: now }
    if (!(await this.#options.store.insert(record))) throw taken(`there is a group ${wish.name} already`)
    for (const id of wish.members) await this.#options.people.regroup(id, [wish.name], [])
    return this.get(record.id)
  }

  /** `before` is what the wish was made from: whom somebody else has put in meanwhile stays in. */
  async change({ record, members }: Group, wish: GroupWish): Promise<Group> {
    assertName(wish.name)
    const had = members.map(({ id }) => id)
    const [coming, leaving] = [wish.members.filter((id) => !had.includes(id)), had.filter((id) => !wish.members.includes(id))]
    await this.#assertThere(coming)
    for (const id of leaving) await this.#options.people.regroup(id, [], [record.name])
    if (wish.name !== record.name || wish.externalId !== record.externalId) await this.#rename(record, wish)
    for (const id of coming) await this.#options.people.regroup(id, [wish.name], [])
    return this.get(record.id)
  }

  async remove(id: string): Promise<void> {
    const { record, members } = await this.get(id)
    for (const member of members) await this.#options.people.regroup(member.id, [], [record.name])
    await this.#options.store.remove(id)
  }

  /** Its people first: what fails half way leaves it its name, by which those that are left are found when that is said again. */
  async #rename(record: ScimGroupRecord, { name, externalId }: GroupWish): Promise<void> {
    const { store, people, clock } = this.#options
    const refused = () => taken(`there is a group ${name} already, or somebody else has changed this one; try again`)
    if ((await store.list()).some((other) => other.id !== record.id && other.name === name)) throw refused()
    const moving = name === record.name ? [] : (await people.list()).filter(({ groups }) => groups.includes(record.name))
    for (const { id } of moving) await people.regroup(id, [name], [record.name])
    if (await store.save({ ...record, version: record.version + 1, name, externalId, updatedAt: clock.now() })) return
    const { name: now } = (await store.get(record.id)) ?? {}
    for (const { id } of moving) await people.regroup(id, now === undefined ? [] : [now], [name])
    throw refused()
  }

  async #assertThere(members: readonly string[]): Promise<void> {
    const known = new Set((await this.#options.people.list()).map(({ id }) => id))
    const stranger = members.find((id) => !known.has(id))
    if (stranger !== undefined) throw invalid(`there is no user ${stranger} that was provisioned; groups have no groups in them`)
  }
}

function assertName(name: string): void {
  if (!NAME.test(name)) throw invalid('a displayName has no control characters, and 255 characters at most')
}
