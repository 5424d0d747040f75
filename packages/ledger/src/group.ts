import type { JsonValue } from './canonical.ts'
import { encodeSealed, type Entry, isSealed, type Sealed } from './entry.ts'
import { LedgerError } from './error.ts'
import { commit, type DataKey, disclose, type Disclosed, discloseEvent, isCommitted, isDisclosed, type Keys, salted, sealEvent } from './seal.ts'

/** The type of an entry that carries several events: what the statements of one moment left behind. */
export const GROUP = 'actions'

/** What happened: an entry by itself, or one of those that it carries. */
export interface LedgerEvent {
  readonly type: string
  readonly body: Readonly<Record<string, JsonValue>>
  /** To its secret, where it has one. */
  readonly commitment?: string
  /** One of several whose secret is sealed by itself, with a key of its own: a person's. */
  readonly sealed?: Sealed
}

/** An event whose parts are in canonical form already. `type` must need no escape. */
export interface EventText {
  readonly type: string
  readonly body: string
  readonly secret: string | null
}

/**
 * Events that become one entry. Each secret has its own salt and commitment, so that one of them can be shown, and proved,
 * without its neighbours; they are sealed together, because sealing costs by the piece and hardly by the byte.
 */
export class Group {
  #events = ''
  #secrets = ''
  #size = 0
  #length = 0

  /** How many events it holds. */
  get size(): number {
    return this.#size
  }

  /** In UTF-16 code units, about. */
  get length(): number {
    return this.#length
  }

  /** With a key of its own the secret is sealed by itself: erasing that key erases it, and none of its neighbours. */
  add({ type, body, secret }: EventText, key: DataKey | null = null): void {
    const hidden = secret === null ? '' : key === null ? this.#hide(secret) : hiddenBy(secret, key)
    this.#events += `${this.#size === 0 ? '' : ','}{"body":${body}${hidden},"type":"${type}"}`
    this.#size += 1
    this.#length += body.length + (secret?.length ?? 0)
  }

  /** The entry's body, canonical, and its secret, which is null when none of the events has one. The group is empty afterwards. */
  take(): { readonly body: string; readonly secret: string | null } {
    const body = `{"events":[${this.#events}]}`
    const secret = this.#secrets === '' ? null : `{"events":[${this.#secrets}]}`
    this.#events = ''
    this.#secrets = ''
    this.#size = 0
    this.#length = 0
    return { body, secret }
  }

  /** The members that stand for a secret which is sealed with the others'. */
  #hide(secret: string): string {
    const plain = salted(secret)
    this.#secrets += `${this.#secrets === '' ? '' : ','}${plain}`
    return `,"commitment":"${commit(plain)}"`
  }
}

function hiddenBy(secret: string, key: DataKey): string {
  const { commitment, sealed } = sealEvent(secret, key)
  return `,"commitment":"${commitment}","sealed":${encodeSealed(sealed)}`
}

/** What an entry tells, in order: itself, or the events that it carries. Throws LedgerError `unreadable` for a group that is none. */
export function eventsOf({ gateway, seq, type, body, commitment }: Entry): readonly LedgerEvent[] {
  if (type !== GROUP) return [commitment === undefined ? { type, body } : { type, body, commitment }]
  const { events } = body
  if (!Array.isArray(events) || !events.every(isEvent)) throw new LedgerError('unreadable', `entry ${seq} of ${gateway} carries no events`)
  return events
}

/**
 * The secret of each event of an entry with its salt, in their order, each checked against its own commitment. Null for an event that has none, and for
 * one whose key is not among these: the event has its commitment still. Throws LedgerError as `unseal` and `eventsOf` do.
 */
export function openEvents(entry: Entry, keys: Keys): readonly (Disclosed | null)[] {
  const events = eventsOf(entry)
  const key = entry.sealed && keys.get(entry.sealed.key)
  if (entry.type !== GROUP) return [key ? disclose(entry, key) : null]
  const together = key ? openTogether(entry, key, events.filter(isTogether).length).values() : null
  return events.map((event) => {
    if (isTogether(event)) return together && openNext(entry, event, together.next().value)
    const own = event.sealed && keys.get(event.sealed.key)
    return own && event.sealed ? discloseEvent(event.commitment ?? '', event.sealed, entry, own) : null
  })
}

/** The key of each sealed part of an entry: its own, and those of its events. Throws LedgerError `unreadable` as `eventsOf` does. */
export function keysNeeded(entry: Entry): readonly string[] {
  const parts = entry.type === GROUP ? [entry.sealed, ...eventsOf(entry).map(({ sealed }) => sealed)] : [entry.sealed]
  return parts.flatMap((sealed) => sealed?.key ?? [])
}

/** True for an event whose secret is sealed with the others'. */
export const isTogether = ({ commitment, sealed }: LedgerEvent) => commitment !== undefined && sealed === undefined

function openTogether(entry: Entry, key: DataKey, count: number): readonly unknown[] {
  const opened = disclose(entry, key).secret['events']
  if (Array.isArray(opened) && opened.length === count) return opened
  throw new LedgerError('unreadable', `entry ${entry.seq} of ${entry.gateway} seals another number of secrets than it commits to`)
}

function openNext({ gateway, seq }: Entry, { commitment = '' }: LedgerEvent, next: unknown): Disclosed {
  if (!isDisclosed(next)) throw new LedgerError('unreadable', `what entry ${seq} of ${gateway} seals is no secret`)
  if (!isCommitted(next, commitment)) throw new LedgerError('commitment-mismatch', `a secret in entry ${seq} of ${gateway} is not what its event commits to`)
  return next
}

const COMMITMENT = /^[0-9a-f]{64}$/

function isEvent(value: unknown): value is LedgerEvent {
  if (!isRecord(value)) return false
  const { type, body, commitment, sealed, ...rest } = value
  if (typeof type !== 'string' || !isRecord(body) || Object.keys(rest).length > 0) return false
  if (commitment === undefined) return sealed === undefined
  return typeof commitment === 'string' && COMMITMENT.test(commitment) && (sealed === undefined || isSealed(sealed))
}

const isRecord = (value: unknown): value is Record<string, JsonValue> => typeof value === 'object' && value !== null && !Array.isArray(value)
