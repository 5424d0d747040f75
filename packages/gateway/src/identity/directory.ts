import { setTimeout as sleep } from 'node:timers/promises'
import type { Config } from '../config/config.ts'
import { isUnagreed } from '../passkeys/agreeing.ts'
import type { PasskeyStore, PersonRecord, WorkerStore } from '../store/store.ts'
import type { Said, User, Users } from './caller.ts'

/** After so long a record that could not be read is tried again. */
const RETRY_MS = 250
/** How often it is looked whether the time has passed until which a source is believed. */
const LAPSE_MS = 1_000

type Options = Pick<Config, 'users'>

/** Workers have no passkeys: nothing that they do is for admins. */
type DirectoryStore = Pick<WorkerStore, 'people' | 'subscribe'> & { readonly passkeys?: Pick<PasskeyStore, 'get' | 'list'> }

/**
 * Everybody there is: the configured users joined with the people of the store, in memory, and as new as the store's last event. In groups is who is in
 * them by any source; disabled is whom any source has disabled. An admin is whom any source makes one, once his passkeys are such as an admin's have to be.
 */
export class Directory implements Users {
  readonly #config: Options
  readonly #store: DirectoryStore
  readonly #now: () => number
  /** Told once of each time that it cannot read. */
  readonly #onTrouble: (error: unknown) => void
  readonly #people = new Map<string, PersonRecord>()
  readonly #listeners = new Set<(name: string) => void>()
  readonly #closing = new AbortController()
  /** Passkeys that no other admin has agreed to (passkeys/agreeing.ts), and whose. */
  readonly #unagreed = new Map<string, string>()
  #havingUnagreed: ReadonlySet<string> = new Set()
  #unsubscribe: () => void = () => undefined
  #names: ReadonlyMap<string, readonly PersonRecord[]> = new Map()
  /** Reads one after the other, so that the last one read is the last one kept. */
  #reading: Promise<void> = Promise.resolve()
  #failed: unknown = null
  #lapsedBefore: number
  #timer: NodeJS.Timeout | undefined

  /** Knows the configured users alone until it is started. */
  constructor(config: Options, store: DirectoryStore, now: () => number, onTrouble: (error: unknown) => void = () => undefined) {
    this.#onTrouble = onTrouble
    this.#config = config
    this.#store = store
    this.#now = now
    this.#lapsedBefore = now()
  }

  /** Resolves when it knows everybody. Rejects with StoreUnavailable. */
  async start(): Promise<void> {
    this.#unsubscribe = this.#store.subscribe((event) => {
      if (event.kind === 'person') this.#soon(() => this.#read(event.id))
      else if (event.kind === 'passkey') this.#soon(() => this.#readKey(event.id))
      else if (event.kind === 'resync') this.#soon(() => this.#readAll())
    })
    await this.#readAll()
    this.#timer = setInterval(() => this.#lapse(), LAPSE_MS).unref()
  }

  close(): void {
    this.#closing.abort()
    clearInterval(this.#timer)
    this.#unsubscribe()
    this.#listeners.clear()
  }

  /** Rejects while something that changed could not be read: who has been disabled would not be known. */
  async ping(): Promise<void> {
    if (this.#failed !== null) throw this.#failed
  }

  user(name: string): User | null {
    const user = this.#join(name)
    return user?.active ? user : null
  }

  users(): readonly User[] {
    const names = new Set([...Object.keys(this.#config.users), ...this.#names.keys()])
    return [...names].sort().flatMap((name) => this.#join(name) ?? [])
  }

  /** What each source says of him, the configuration first. */
  said(name: string): readonly Said[] {
    const configured = this.#configured(name)
    const records = (this.#names.get(name) ?? []).map(({ source, groups, admin, auditor, active, until, disabledBy = null }) => ({
      source,
      groups,
      admin,
      auditor,
      active,
      until,
      disabledBy: active ? null : disabledBy,
    }))
    if (!configured) return records
    const { groups, admin, auditor } = configured
    return [{ source: 'config', groups, admin, auditor, active: true, until: null, disabledBy: null }, ...records]
  }

  onChange(listener: (name: string) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #join(name: string): User | null {
    const configured = this.#configured(name)
    const records = this.#names.get(name) ?? []
    if (!configured && records.length === 0) return null
    const vouched = this.#vouched(records)
    const toBeAdmin = this.#isToBeAdmin(name)
    const adminWaits = toBeAdmin && this.#havingUnagreed.has(name) && this.#hasAdminBut(name)
    return {
      name,
      groups: [...new Set([...(configured?.groups ?? []), ...vouched.flatMap(({ groups }) => groups)])],
      admin: toBeAdmin && !adminWaits,
      adminWaits,
      auditor: configured?.auditor === true || vouched.some(({ auditor }) => auditor),
      active: records.every(({ active }) => active),
      displayName: configured?.name ?? records.find(({ displayName }) => displayName !== null)?.displayName ?? null,
      email: configured?.email ?? records.find(({ email }) => email !== null)?.email ?? null,
      sources: [...(configured ? (['config'] as const) : []), ...records.map(({ source }) => source)],
    }
  }

  #vouched(records: readonly PersonRecord[]): readonly PersonRecord[] {
    const now = this.#now()
    return records.filter(({ until }) => until === null || now < until)
  }

  /** By what the sources say. */
  #isToBeAdmin(name: string): boolean {
    return this.#configured(name)?.admin === true || this.#vouched(this.#names.get(name) ?? []).some(({ admin }) => admin)
  }

  /** Somebody could agree. Otherwise all would wait for each other. */
  #hasAdminBut(name: string): boolean {
    const isActive = (other: string) => (this.#names.get(other) ?? []).every(({ active }) => active)
    const isAdmin = (other: string) => other !== name && this.#isToBeAdmin(other) && isActive(other) && !this.#havingUnagreed.has(other)
    return Object.keys(this.#config.users).some(isAdmin) || this.#names.keys().some(isAdmin)
  }

  #configured(name: string): Options['users'][string] | undefined {
    return Object.hasOwn(this.#config.users, name) ? this.#config.users[name] : undefined
  }

  /** Resolves when it knows of this record what the store has now, without waiting for the store's event. */
  async learn(id: string): Promise<void> {
    this.#soon(() => this.#read(id))
    await this.#reading
  }

  /** What could not be read is read again, for ever: until then somebody might keep what he has lost. */
  #soon(read: () => Promise<void>): void {
    this.#reading = this.#reading.then(async () => {
      while (!this.#closing.signal.aborted) {
        try {
          await read()
          this.#failed = null
          return
        } catch (error) {
          if (this.#failed === null) this.#onTrouble(error)
          this.#failed = error
          await sleep(RETRY_MS, undefined, { signal: this.#closing.signal }).catch(() => undefined)
        }
      }
    })
  }

  async #read(id: string): Promise<void> {
    const before = this.#people.get(id)
    const person = await this.#store.people.get(id)
    if (person) this.#people.set(id, person)
    else this.#people.delete(id)
    this.#changed([before, person])
  }

  async #readKey(id: string): Promise<void> {
    const passkey = await this.#store.passkeys?.get(id)
    if (!passkey || isUnagreed(passkey) === this.#unagreed.has(id)) return // each use of one changes it
    if (isUnagreed(passkey)) this.#unagreed.set(id, passkey.user)
    else this.#unagreed.delete(id)
    this.#changed([{ name: passkey.user }])
  }

  async #readAll(): Promise<void> {
    const before = [...this.#people.values()]
    const [people, passkeys] = await Promise.all([this.#store.people.list({}), this.#store.passkeys?.list({}) ?? []])
    this.#unagreed.clear()
    for (const passkey of passkeys) if (isUnagreed(passkey)) this.#unagreed.set(passkey.id, passkey.user)
    this.#people.clear()
    for (const person of people) this.#people.set(person.id, person)
    this.#changed([...before, ...people])
  }

  /** Nobody changes a record when its time has passed, and whoever is connected is judged again then too. */
  #lapse(): void {
    const [before, now] = [this.#lapsedBefore, this.#now()]
    this.#lapsedBefore = now
    const lapsed = [...this.#people.values()].filter(({ until }) => until !== null && before < until && until <= now)
    if (lapsed.length > 0) this.#changed(lapsed)
  }

  #changed(records: readonly (Pick<PersonRecord, 'name'> | null | undefined)[]): void {
    this.#names = Map.groupBy(this.#people.values(), ({ name }) => name)
    this.#havingUnagreed = new Set(this.#unagreed.values())
    const names = new Set(records.flatMap((record) => record?.name ?? []))
    for (const listener of this.#listeners) for (const name of names) listener(name)
  }
}
