import { setTimeout as sleep } from 'node:timers/promises'
import type { Config } from '../config/config.ts'
import type { PersonRecord, WorkerStore } from '../store/store.ts'
import type { User, Users } from './caller.ts'

/** After so long a record that could not be read is tried again. */
const RETRY_MS = 250

type Options = Pick<Config, 'users'>

/**
 * Everybody there is: the configured users joined with the people of the store, in memory, and as new as the store's last event. In groups is who is in
 * them by any source; disabled is whom any source has disabled.
 */
export class Directory implements Users {
  readonly #config: Options
  readonly #store: Pick<WorkerStore, 'people' | 'subscribe'>
  readonly #now: () => number
  readonly #people = new Map<string, PersonRecord>()
  readonly #listeners = new Set<(name: string) => void>()
  readonly #closing = new AbortController()
  #unsubscribe: () => void = () => undefined
  #names: ReadonlyMap<string, readonly PersonRecord[]> = new Map()
  /** Reads one after the other, so that the last one read is the last one kept. */
  #reading: Promise<void> = Promise.resolve()

  /** Knows the configured users alone until it is started. */
  constructor(config: Options, store: Pick<WorkerStore, 'people' | 'subscribe'>, now: () => number) {
    this.#config = config
    this.#store = store
    this.#now = now
  }

  /** Resolves when it knows everybody. Rejects with StoreUnavailable. */
  async start(): Promise<void> {
    this.#unsubscribe = this.#store.subscribe((event) => {
      if (event.kind === 'person') this.#soon(() => this.#read(event.id))
      else if (event.kind === 'resync') this.#soon(() => this.#readAll())
    })
    await this.#readAll()
  }

  close(): void {
    this.#closing.abort()
    this.#unsubscribe()
    this.#listeners.clear()
  }

  user(name: string): User | null {
    const user = this.#join(name)
    return user?.active ? user : null
  }

  users(): readonly User[] {
    const names = new Set([...Object.keys(this.#config.users), ...this.#names.keys()])
    return [...names].sort().flatMap((name) => this.#join(name) ?? [])
  }

  onChange(listener: (name: string) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #join(name: string): User | null {
    const configured = Object.hasOwn(this.#config.users, name) ? this.#config.users[name] : undefined
    const records = this.#names.get(name) ?? []
    if (!configured && records.length === 0) return null
    const now = this.#now()
    const vouched = records.filter(({ until }) => until === null || now < until)
    return {
      name,
      groups: [...new Set([...(configured?.groups ?? []), ...vouched.flatMap(({ groups }) => groups)])],
      admin: configured?.admin === true || vouched.some(({ admin }) => admin),
      auditor: configured?.auditor === true || vouched.some(({ auditor }) => auditor),
      active: records.every(({ active }) => active),
      displayName: configured?.name ?? records.find(({ displayName }) => displayName !== null)?.displayName ?? null,
      email: configured?.email ?? records.find(({ email }) => email !== null)?.email ?? null,
      sources: [...(configured ? (['config'] as const) : []), ...records.map(({ source }) => source)],
    }
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
          return await read()
        } catch {
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

  async #readAll(): Promise<void> {
    const before = [...this.#people.values()]
    const people = await this.#store.people.list({})
    this.#people.clear()
    for (const person of people) this.#people.set(person.id, person)
    this.#changed([...before, ...people])
  }

  #changed(records: readonly (PersonRecord | null | undefined)[]): void {
    this.#names = Map.groupBy(this.#people.values(), ({ name }) => name)
    const names = new Set(records.flatMap((record) => record?.name ?? []))
    for (const listener of this.#listeners) for (const name of names) listener(name)
  }
}
