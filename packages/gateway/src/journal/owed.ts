import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { canonical } from '@countersign/ledger/canonical'
import { z } from 'zod'
import { listSegments, makeDirectories, writeDurably } from './files.ts'
import type { Event, EventType, Journal, JsonValue } from './journal.ts'
import { readSegment } from './read.ts'

/** What is in the journal is taken out of the store so late, many at a time: it is in nobody's way. */
const SETTLE_MS = 100
/** So often the store is asked for what nobody has recorded. */
const LOOK_MS = 5_000

const eventShape = z.strictObject({
  type: z.string(),
  body: z.record(z.string(), z.json()),
  secret: z.record(z.string(), z.json()).optional(),
  person: z.string().nullish(),
})

/** Records what this gateway's process before this one has left. Call it before its own first entry. Rejects with JournalBroken or StoreUnavailable. */
export async function openOwed(options: OwedOptions): Promise<Owed> {
  const owed = new Owed(options)
  await owed.start()
  return owed
}

/** An entry that the ledger is owed, as the store has it. */
export interface OwedRecord {
  readonly id: string
  readonly gateway: string
  /** Whose personal data is in it; null where there is none. */
  readonly person: string | null
  /** That is not to be recorded any more. */
  readonly erased: boolean
  /** The event, base64. */
  readonly sealed: string
}

export interface OwedOptions {
  readonly store: { of(gateway: string): Promise<readonly OwedRecord[]>; settle(ids: readonly string[]): Promise<void> }
  readonly journal: Pick<Journal, 'append' | 'gateway'>
  /** The data directory of the gateway whose journal it is. */
  readonly directory: string
  readonly onError: (error: unknown) => void
}

/**
 * Entries that the ledger is owed for changes of the store. Each is in the store in the transaction of its change, sealed with a key of this data directory, until
 * it is in the journal: what a gateway that was killed in between has left is recorded when it starts again, and what a store that did not answer had changed all
 * the same is recorded while it runs.
 */
export class Owed {
  readonly #options: OwedOptions
  readonly #key: Buffer
  /** Those that somebody here is about to record, or has recorded. */
  readonly #inHand = new Set<string>()
  #recorded: string[] = []
  #count = 0
  #settling: NodeJS.Timeout | undefined
  #looking: NodeJS.Timeout | undefined
  /** Found in the store at the last look, and in nobody's hand. */
  #found: ReadonlySet<string> = new Set()

  constructor(options: OwedOptions) {
    this.#options = options
    this.#key = keyIn(options.directory)
  }

  /** See `openOwed`. */
  async start(): Promise<void> {
    const { store, journal, directory } = this.#options
    const left = await store.of(journal.gateway)
    if (left.length > 0) {
      const events = left.flatMap((record) => this.#read(record) ?? [])
      const there = await recordedBefore(directory, journal.gateway, events)
      for (const event of events) if (!there.has(event)) await journal.append(event, 'disk')
      await store.settle(left.map(({ id }) => id))
    }
    this.#looking = setInterval(() => void this.look().catch((error: unknown) => this.#options.onError(error)), LOOK_MS).unref()
  }

  async stop(): Promise<void> {
    clearInterval(this.#looking)
    clearTimeout(this.#settling)
    await this.#settle()
  }

  /** See `Owing` of the workflow. */
  async change(events: readonly Event[], save: (owed: readonly OwedRecord[]) => Promise<boolean>): Promise<boolean> {
    const owed = events.map((event) => this.#seal(event))
    for (const { id } of owed) this.#inHand.add(id)
    const saved = await save(owed).catch((error: unknown) => {
      this.#drop(owed) // it may have been saved all the same: then it is found
      throw error
    })
    if (!saved) {
      this.#drop(owed)
      return false
    }
    for (const event of events) await this.#options.journal.append(event, 'disk')
    this.#recorded.push(...owed.map(({ id }) => id))
    this.#settling ??= setTimeout(() => void this.#settle(), SETTLE_MS).unref()
    return true
  }

  /** Records what is in the store and in nobody's hand, at this look and at the one before: what was in the store at one look alone may have been recorded meanwhile. */
  async look(): Promise<void> {
    const { store, journal } = this.#options
    const free = (await store.of(journal.gateway)).filter(({ id }) => !this.#inHand.has(id))
    const left = free.filter(({ id }) => this.#found.has(id))
    this.#found = new Set(free.map(({ id }) => id))
    for (const record of left) {
      this.#inHand.add(record.id)
      const event = this.#read(record)
      if (event) await journal.append(event, 'disk')
      this.#recorded.push(record.id)
    }
    await this.#settle()
  }

  #drop(owed: readonly OwedRecord[]): void {
    for (const { id } of owed) this.#inHand.delete(id)
  }

  /** What the store does not take now it takes at the next look. */
  async #settle(): Promise<void> {
    this.#settling = undefined
    const ids = this.#recorded.splice(0)
    if (ids.length === 0) return
    try {
      await this.#options.store.settle(ids)
      for (const id of ids) this.#inHand.delete(id)
    } catch {
      this.#recorded.push(...ids)
    }
  }

  /** Null, which is reported, for what another key has sealed, or somebody has altered. */
  #read(record: OwedRecord): Event | null {
    try {
      return this.#unseal(record)
    } catch (cause) {
      const message = `an entry that the ledger is owed (${record.id}) cannot be read with the key of this data directory, and is not recorded`
      this.#options.onError(new Error(message, { cause }))
      return null
    }
  }

  #seal(event: Event): OwedRecord {
    const { gateway } = this.#options.journal
    const id = this.#nextId()
    const iv = randomBytes(12)
    const cipher = createCipheriv('aes-256-gcm', this.#key, iv).setAAD(Buffer.from(`${gateway} ${id}`))
    const sealed = Buffer.concat([iv, cipher.update(JSON.stringify(event), 'utf8'), cipher.final(), cipher.getAuthTag()])
    return { id, gateway, person: event.person ?? null, erased: false, sealed: sealed.toString('base64') }
  }

  /** In the order in which they are made: what follows from another entry is recorded behind it. */
  #nextId(): string {
    this.#count++
    return `owed-${Date.now().toString(16).padStart(12, '0')}-${this.#count.toString(16).padStart(10, '0')}-${randomBytes(6).toString('hex')}`
  }

  #unseal({ id, gateway, erased, sealed }: OwedRecord): Event {
    const bytes = Buffer.from(sealed, 'base64')
    const decipher = createDecipheriv('aes-256-gcm', this.#key, bytes.subarray(0, 12), { authTagLength: 16 }).setAAD(Buffer.from(`${gateway} ${id}`))
    decipher.setAuthTag(bytes.subarray(-16))
    const text = Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()]).toString('utf8')
    const { secret, ...rest } = eventShape.parse(JSON.parse(text))
    const event = secret === undefined || erased ? rest : { ...rest, secret: secret as Record<string, JsonValue> }
    return { ...event, type: event.type as EventType, body: event.body }
  }
}

/** Those of the events that this gateway's previous process has recorded. */
async function recordedBefore(directory: string, gateway: string, events: readonly Event[]): Promise<ReadonlySet<Event>> {
  const sought = events.map((event) => ({ event, body: `"body":${canonical(event.body)},"`, end: `"type":"${event.type}","v":1}` }))
  const there = new Set<Event>()
  for (const segment of listSegments(directory, gateway).toReversed()) {
    let isFirst = false
    for await (const bytes of readSegment(directory, segment)) {
      const line = Buffer.from(bytes).toString('utf8')
      isFirst ||= line.endsWith(STARTED)
      for (const { event, body, end } of sought) if (line.endsWith(end) && line.includes(body)) there.add(event)
    }
    if (isFirst) break
  }
  return there
}

const STARTED = '"type":"gateway.started","v":1}'

/** Made where there is none: then nothing is owed yet. */
function keyIn(directory: string): Buffer {
  makeDirectories(directory)
  const path = join(directory, 'keys', 'owed')
  if (!existsSync(path)) writeDurably(path, `${randomBytes(32).toString('hex')}\n`)
  return Buffer.from(readFileSync(path, 'utf8').trim(), 'hex')
}
