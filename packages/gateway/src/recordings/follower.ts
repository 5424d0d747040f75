import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Begin, RecordingLine } from '@countersign/contract/schemas/recording'
import { type Entry, parseEntry } from '@countersign/ledger/entry'
import { LedgerError } from '@countersign/ledger/error'
import { eventsOf, keysNeeded, openEvents } from '@countersign/ledger/group'
import type { Keys } from '@countersign/ledger/seal'
import { keyPath } from '../journal/files.ts'
import { type Cursor, cursorBefore, readFrom } from '../journal/read.ts'
import { type Digest, writeRecording } from './container.ts'
import { Spool } from './spool.ts'
import { beginOf, endOf, lineOf, type Opened, type Totals } from './told.ts'

/** A session that is over, in a file of its own. */
export interface Made extends Digest, Totals {
  readonly begin: Begin
  readonly endedAt: number
  readonly path: string
}

/** What one call gave. Everything before `next` is in `made` now or was before: from there a journal is read again after a crash. */
export interface Followed {
  readonly made: readonly Made[]
  readonly next: number
}

/** Of a session that is not over: `size` lines until now, of which `lines` are those that were asked for. */
export interface Running {
  readonly size: number
  readonly lines: readonly string[]
}

export interface FollowerOptions {
  /** The gateway's data directory. */
  readonly directory: string
  readonly recipient: string
  /** Resources of which the values of parameters are recorded. */
  readonly parametersOf: readonly string[]
}

/** Where sessions are put together, inside the data directory. */
export const spoolOf = (directory: string): string => join(directory, 'recordings-spool')

interface Open {
  readonly gateway: string
  readonly begin: Begin
  readonly seq: number
  /** Of the last that was told. */
  at: number
  readonly spool: Spool
  readonly totals: { statements: number; failed: number; rows: number; answered: number }
}

/**
 * Makes recordings from journals. A session lives in one journal; it is over when that says so, and when the process that wrote the
 * journal has started anew: nothing of it comes afterwards. What is read twice, because a process ended in between, is made twice.
 */
export class Follower {
  readonly #options: FollowerOptions
  readonly #folder: string
  readonly #places = new Map<string, Cursor>()
  readonly #open = new Map<string, Open>()
  readonly #keys = new Map<string, KeyObject | null>()

  constructor(options: FollowerOptions) {
    this.#options = options
    this.#folder = spoolOf(options.directory)
    rmSync(this.#folder, { recursive: true, force: true })
    mkdirSync(this.#folder, { mode: 0o700 })
  }

  /** Reads a gateway's or worker's journal from `from`, or from where it stopped before, to `upTo`, which must be on disk. */
  async follow(gateway: string, from: number, upTo: number, isRetired: boolean): Promise<Followed> {
    const made: Made[] = []
    const start = this.#places.get(gateway) ?? (await cursorBefore(this.#options.directory, gateway, from))
    for (const { seq, line, next } of start ? readFrom(this.#options.directory, start, upTo) : []) {
      if (seq >= from) made.push(...(await this.#take(parseEntry(line))))
      this.#places.set(gateway, next)
    }
    if (isRetired) made.push(...(await this.#endAll(gateway, null)))
    return { made, next: Math.min(upTo + 1, ...this.#of(gateway).map(({ seq }) => seq)) }
  }

  /** Null for a session that has not begun here, or is over. */
  running(session: string, first: number, most: number): Running | null {
    const spool = this.#open.get(session)?.spool
    return spool ? { size: spool.size, lines: spool.part(first, most) } : null
  }

  #of(gateway: string): readonly Open[] {
    return [...this.#open.values()].filter((open) => open.gateway === gateway)
  }

  async #take(entry: Entry): Promise<readonly Made[]> {
    const made: Made[] = []
    if (!eventsOf(entry).some(({ type, body }) => isTold(type, body['session'], this.#open))) return made
    for (const event of this.#opened(entry)) made.push(...(await this.#event(event, entry)))
    return made
  }

  async #event(event: Opened, { gateway, seq, at }: Entry): Promise<readonly Made[]> {
    const session = event.body['session']
    if (event.type === 'gateway.started') return this.#endAll(gateway, at)
    if (typeof session !== 'string') return []
    if (event.type === 'session.started') this.#begin(session, beginOf(event), seq)
    const open = this.#open.get(session)
    if (open?.gateway !== gateway) return []
    if (event.type === 'session.ended') return [await this.#end(open, at, reasonOf(event))]
    const line = lineOf(event, this.#options.parametersOf.includes(open.begin.resource))
    if (line) tell(open, line)
    return []
  }

  #begin(session: string, begin: Begin, seq: number): void {
    const spool = new Spool(join(this.#folder, `${randomBytes(8).toString('hex')}.part`))
    spool.add(begin)
    this.#open.set(session, { gateway: begin.gateway, begin, seq, at: begin.at, spool, totals: { statements: 0, failed: 0, rows: 0, answered: 0 } })
  }

  async #endAll(gateway: string, at: number | null): Promise<readonly Made[]> {
    const made: Made[] = []
    for (const open of this.#of(gateway)) made.push(await this.#end(open, at ?? open.at, 'its process is gone'))
    return made
  }

  async #end({ begin, spool, totals }: Open, at: number, reason: string): Promise<Made> {
    spool.add(endOf(at, reason, totals))
    const path = join(this.#folder, `${randomBytes(8).toString('hex')}.age`)
    const digest = await writeRecording(path, spool.lines(), this.#options.recipient)
    spool.remove()
    this.#open.delete(begin.session)
    return { begin, endedAt: at, path, ...digest, ...totals }
  }

  /** The events of an entry; without the secrets of those that are sealed for a person, or whose key is gone. */
  #opened(entry: Entry): readonly Opened[] {
    const { at, gateway } = entry
    const secrets = secretsOf(entry, this.#keysOf(entry))
    return eventsOf(entry).map(({ type, body }, index) => ({ type, at, gateway, body, secret: secrets[index]?.secret ?? null }))
  }

  #keysOf(entry: Entry): Keys {
    const keys = keysNeeded(entry).flatMap((id) => {
      const key = SEGMENT_KEY.test(id) ? this.#key(id) : null
      return key ? [[id, { id, key }] as const] : []
    })
    return new Map(keys)
  }

  #key(id: string): KeyObject | null {
    const known = this.#keys.get(id)
    if (known) return known
    const path = keyPath(this.#options.directory, id)
    const key = existsSync(path) ? createSecretKey(readFileSync(path, 'utf8').trim(), 'hex') : null
    this.#keys.set(id, key)
    return key
  }
}

/** What is personal is sealed with the key of its person, and is not in a recording: erasing that key must erase all of it. */
const SEGMENT_KEY = /^gw-[a-z0-9-]+-\d{6,}$/

/** A secret that does not open is one that was altered: `ledger verify` names it, and a recording tells the rest. */
function secretsOf(entry: Entry, keys: Keys) {
  try {
    return openEvents(entry, keys)
  } catch (error) {
    if (error instanceof LedgerError) return []
    throw error
  }
}

function isTold(type: string, session: unknown, open: ReadonlyMap<string, unknown>): boolean {
  return type === 'gateway.started' || type === 'session.started' || (typeof session === 'string' && open.has(session))
}

const reasonOf = ({ body: { reason } }: Opened) => (typeof reason === 'string' ? reason : '')

function tell(open: Open, line: RecordingLine): void {
  const { spool, totals } = open
  spool.add(line)
  open.at = line.at
  if (line.line === 'started') totals.statements += 1
  if (line.line !== 'finished') return
  if (line.result !== 'done') totals.failed += 1
  totals.rows += line.rows ?? 0
  totals.answered += line.bytes ?? 0
}
