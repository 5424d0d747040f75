import { setImmediate } from 'node:timers'
import { canonical } from '@countersign/ledger/canonical'
import { encodeAround, NO_PREVIOUS } from '@countersign/ledger/entry'
import { Group, GROUP } from '@countersign/ledger/group'
import { type DataKey, sealCanonical } from '@countersign/ledger/seal'
import { gatewayId, makeDirectories, workerId } from './files.ts'
import { type ActionEvent, type Durability, type Event, type Journal, JournalBroken, type Written } from './journal.ts'
import { lockDirectory, lockSoon } from './lock.ts'
import { Pending } from './pending.ts'
import { PersonKeys } from './people.ts'
import { recover, type Recovered } from './recover.ts'
import { SegmentWriter } from './writer.ts'

export interface JournalOptions {
  /** The gateway's data directory, made when it is not there. */
  readonly directory: string
  /** The protocol worker whose journal it is, from 1; without one it is the gateway's own. */
  readonly worker?: number
  /** Unix milliseconds. */
  readonly clock?: () => number
  /** Called once, when entries can no longer be written. */
  readonly onBroken?: (why: string) => void
  /** The size in bytes from which a segment is full. */
  readonly segmentBytes?: number
}

/** The journal with what draining it needs. */
export interface LocalJournal extends Journal {
  readonly directory: string
  /** The latest entry's sequence; 0 before the first. */
  readonly seq: number
  /** Puts everything appended so far on disk, and resolves to the last sequence that is. Rejects with JournalBroken. */
  sync(): Promise<number>
  /** Keys of people that were erased: whatever comes next of them is sealed with new ones. */
  forget(keys: readonly string[]): void
  /** Stops the journal for good, for a reason found elsewhere: a store that knows another history. */
  fail(why: string, cause?: unknown): void
}

type Receipt = Awaited<ReturnType<Journal['append']>>

interface Waiter {
  readonly receipt: Receipt
  readonly durability: Durability
  readonly resolve: (receipt: Receipt) => void
  readonly reject: (error: JournalBroken) => void
}

/** How long outcomes may wait for company. */
const SOON_MS = 5

/** A group that is larger becomes an entry before its turn is over. */
const GROUP_EVENTS = 1_000
const GROUP_LENGTH = 1024 * 1024

/** A worker whose gateway was killed ends by itself within this time, and its successor waits for it. */
const ORPHAN_MS = 10_000

const NO_STORE = 'this journal alone knows no store; see storing.ts'

const SEGMENT_BYTES = 64 * 1024 * 1024

/**
 * Opens a gateway's journal, or starts it: its id, its keys, its lock on the directory, and its chain from where it stood.
 * Rejects with JournalBroken when another process holds it, or its newest segment is not as it was written.
 */
export async function openJournal({ directory, worker, clock = Date.now, onBroken, segmentBytes = SEGMENT_BYTES }: JournalOptions): Promise<LocalJournal> {
  makeDirectories(directory)
  const lock = worker === undefined ? lockDirectory(directory, 'journal') : await lockSoon(directory, `journal-w${worker}`, ORPHAN_MS)
  try {
    const own = gatewayId(directory)
    const gateway = worker === undefined ? own : workerId(own, worker)
    const recovered = await recover(directory, gateway)
    const writer = new SegmentWriter(directory, recovered.segment, segmentBytes)
    const journal = new FileJournal({ directory, gateway, clock, onBroken: onBroken ?? (() => {}), writer, head: recovered.head, lock })
    if (recovered.cut) await journal.append({ type: 'journal.recovered', body: { ...recovered.cut } }, 'disk')
    return journal
  } catch (error) {
    lock.release()
    throw error
  }
}

interface Parts {
  readonly directory: string
  readonly gateway: string
  readonly clock: () => number
  readonly onBroken: (why: string) => void
  readonly writer: SegmentWriter
  readonly head: Recovered['head']
  readonly lock: { release(): void }
}

/**
 * Entries take their place in the chain when `append` is called, events that join others when their group is full, when
 * an entry is appended, or at the latest at the end of the turn of the event loop, of the next one where several wait. All that is there by then is written by
 * one write. One fdatasync runs at a time; whoever asks meanwhile shares the next.
 */
class FileJournal implements LocalJournal {
  readonly directory: string
  readonly gateway: string
  readonly #clock: () => number
  readonly #onBroken: (why: string) => void
  readonly #writer: SegmentWriter
  readonly #lock: { release(): void }
  #seq: number
  #prev: string
  #at: number
  #broken: string | null = null
  #cause: unknown = null
  readonly #people: PersonKeys
  readonly #pending = new Pending()
  readonly #group = new Group()
  #joined: Written[] = []
  #unwritten: Waiter[] = []
  #now: NodeJS.Immediate | undefined
  #later: NodeJS.Timeout | undefined
  #unsynced: Waiter[] = []
  #syncing: Promise<void> | null = null
  #closed = false

  constructor({ directory, gateway, clock, onBroken, writer, head, lock }: Parts) {
    this.directory = directory
    this.gateway = gateway
    this.#clock = clock
    this.#onBroken = onBroken
    this.#writer = writer
    this.#people = new PersonKeys(directory, gateway)
    this.#lock = lock
    this.#seq = head?.seq ?? 0
    this.#prev = head?.hash ?? NO_PREVIOUS
    this.#at = head?.at ?? 0
  }

  get seq(): number {
    return this.#seq
  }

  get latest(): number {
    return this.#at
  }

  get broken(): string | null {
    return this.#broken
  }

  get #end(): Receipt {
    return { seq: this.#seq, hash: this.#prev }
  }

  append(event: Event, durability: Durability): Promise<Receipt> {
    return new Promise((resolve, reject) => {
      if (this.#broken !== null) return reject(this.#error())
      if (durability === 'store') return reject(new JournalBroken(NO_STORE))
      const receipt = this.#chain(event)
      this.#enqueue({ receipt, durability, resolve, reject })
    })
  }

  join(event: ActionEvent, written?: Written, durability: Durability = 'process'): void {
    if (this.#broken !== null) return written?.(this.#error())
    if (durability === 'store') return written?.(new JournalBroken(NO_STORE))
    try {
      this.#group.add(event, this.#keyOf(event.person))
    } catch (cause) {
      return written?.(new JournalBroken(messageOf(cause), { cause }))
    }
    if (written && durability === 'process') this.#joined.push(written)
    if (this.#group.size >= GROUP_EVENTS || this.#group.length >= GROUP_LENGTH) this.#chainGroup()
    if (written && durability === 'disk') this.#unwritten.push({ receipt: this.#end, durability, resolve: () => written(null), reject: written })
    if (written) this.#now ??= setImmediate(() => this.#writeTogether())
    else this.#later ??= setTimeout(() => this.#writeLate(), SOON_MS)
    return undefined
  }

  async sync(): Promise<number> {
    const { seq } = await new Promise<Receipt>((resolve, reject) => {
      if (this.#broken !== null) return reject(this.#error())
      this.#chainGroup()
      this.#enqueue({ receipt: this.#end, durability: 'disk', resolve, reject })
    })
    return seq
  }

  forget(keys: readonly string[]): void {
    this.#people.forget(keys)
  }

  fail(why: string, cause: unknown = null): void {
    if (this.#broken !== null) return
    this.#broken = why
    this.#cause = cause
    this.#pending.clear()
    for (const waiter of [...this.#unwritten.splice(0), ...this.#unsynced.splice(0)]) waiter.reject(this.#error())
    for (const written of this.#joined.splice(0)) written(this.#error())
    if (!this.#closed) this.#onBroken(why)
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    try {
      if (this.#broken === null) await this.sync()
    } finally {
      await this.#syncing
      this.fail('the journal is closed')
      clearTimeout(this.#later)
      this.#writer.close()
      this.#lock.release()
    }
  }

  /** Gives the event its place. Nothing has changed when it throws: a LedgerError says that the event has no JSON form. */
  #chain({ type, body, secret, person }: Event): Receipt {
    const text = canonical(body, 1)
    const hidden = secret ? canonical(secret, 1) : null
    const key = this.#keyOf(person)
    this.#chainGroup() // what joined it came first
    return this.#chainText(type, text, hidden, key)
  }

  #keyOf(person: string | null | undefined): DataKey | null {
    return person === null || person === undefined ? null : this.#people.keyOf(person)
  }

  #chainGroup(): void {
    if (this.#group.size === 0) return
    const { body, secret } = this.#group.take()
    this.#chainText(GROUP, body, secret)
  }

  #chainText(type: string, body: string, secret: string | null, key: DataKey | null = null): Receipt {
    const at = Math.max(this.#clock(), this.#at)
    const place = { gateway: this.gateway, seq: this.#seq + 1 }
    const sealed = secret === null ? null : sealCanonical(secret, place, key ?? this.#writer.key)
    const line = encodeAround(body, { v: 1, ...place, prev: this.#prev, at, type, ...sealed })
    this.#prev = this.#pending.add(line)
    this.#seq = place.seq
    this.#at = at
    return { seq: place.seq, hash: this.#prev }
  }

  #enqueue(waiter: Waiter): void {
    this.#unwritten.push(waiter)
    this.#now ??= setImmediate(() => this.#write())
  }

  /** Where several wait, more have often come by now. They share the entry, whose making costs most; who is alone does not wait for anybody. */
  #writeTogether(): void {
    if (this.#joined.length < 2) return this.#write()
    this.#now = setImmediate(() => this.#write())
    return undefined
  }

  #writeLate(): void {
    this.#later = undefined
    this.#write()
  }

  #write(): void {
    clearImmediate(this.#now)
    this.#now = undefined
    if (this.#broken !== null) return
    this.#chainGroup()
    const waiters = this.#unwritten
    const joined = this.#joined
    try {
      if (!this.#pending.isEmpty) this.#writer.write(this.#pending.bytes)
    } catch (cause) {
      return this.fail(`the journal cannot be written: ${messageOf(cause)}`, cause)
    }
    this.#unwritten = []
    this.#joined = []
    this.#pending.clear()
    for (const written of joined) written(null)
    for (const waiter of waiters) {
      if (waiter.durability === 'disk') this.#unsynced.push(waiter)
      else waiter.resolve(waiter.receipt)
    }
    if (this.#unsynced.length > 0) this.#syncing ??= this.#syncAll()
  }

  /** A failed fdatasync is never tried again: the kernel may have dropped the pages and then say that all is well. */
  async #syncAll(): Promise<void> {
    while (this.#unsynced.length > 0) {
      const waiters = this.#unsynced
      this.#unsynced = []
      try {
        await this.#writer.sync()
        for (const { resolve, receipt } of waiters) resolve(receipt)
      } catch (cause) {
        this.#unsynced.unshift(...waiters)
        this.fail(`the journal cannot be put on disk: ${messageOf(cause)}`, cause)
      }
    }
    this.#syncing = null
  }

  #error(): JournalBroken {
    return new JournalBroken(`${this.#broken}; nothing is allowed without a record`, { cause: this.#cause })
  }
}

const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))
