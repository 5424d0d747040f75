import type { JsonValue } from './canonical.ts'
import type { Entry } from './entry.ts'
import { LedgerError } from './error.ts'
import { commit, type DataKey, disclose, type Disclosed, isCommitted, isDisclosed, salted } from './seal.ts'

/** The type of an entry that carries several events: what the statements of one moment left behind. */
export const GROUP = 'actions'

/** What happened: an entry by itself, or one of those that it carries. */
export interface LedgerEvent {
  readonly type: string
  readonly body: Readonly<Record<string, JsonValue>>
  /** To its secret, where it has one. */
  readonly commitment?: string
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

  add({ type, body, secret }: EventText): void {
    const plain = secret === null ? null : salted(secret)
    const committed = plain === null ? '' : `,"commitment":"${commit(plain)}"`
    this.#events += `${this.#size === 0 ? '' : ','}{"body":${body}${committed},"type":"${type}"}`
    if (plain !== null) this.#secrets += `${this.#secrets === '' ? '' : ','}${plain}`
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
}

/** What an entry tells, in order: itself, or the events that it carries. Throws LedgerError `unreadable` for a group that is none. */
export function eventsOf({ gateway, seq, type, body, commitment }: Entry): readonly LedgerEvent[] {
  if (type !== GROUP) return [commitment === undefined ? { type, body } : { type, body, commitment }]
  const { events } = body
  if (!Array.isArray(events) || !events.every(isEvent)) throw new LedgerError('unreadable', `entry ${seq} of ${gateway} carries no events`)
  return events
}

/**
 * The secret of each event of an entry with its salt, in their order, null for an event that has none; each checked
 * against its own commitment. Throws LedgerError as `unseal` and `eventsOf` do.
 */
export function openEvents(entry: Entry, key: DataKey): readonly (Disclosed | null)[] {
  const events = eventsOf(entry)
  if (entry.type !== GROUP) return [entry.sealed ? disclose(entry, key) : null]
  const { gateway, seq } = entry
  const opened = entry.sealed ? disclose(entry, key).secret['events'] : []
  if (!Array.isArray(opened) || opened.length !== events.filter(isSealed).length)
    throw new LedgerError('unreadable', `entry ${seq} of ${gateway} seals another number of secrets than it commits to`)
  const rest = opened.values()
  return events.map(({ commitment }) => {
    if (commitment === undefined) return null
    const next: unknown = rest.next().value
    if (!isDisclosed(next)) throw new LedgerError('unreadable', `what entry ${seq} of ${gateway} seals is no secret`)
    if (!isCommitted(next, commitment)) throw new LedgerError('commitment-mismatch', `a secret in entry ${seq} of ${gateway} is not what its event commits to`)
    return next
  })
}

const isSealed = ({ commitment }: LedgerEvent) => commitment !== undefined

const COMMITMENT = /^[0-9a-f]{64}$/

function isEvent(value: unknown): value is LedgerEvent {
  if (!isRecord(value)) return false
  const { type, body, commitment, ...rest } = value
  const isCommitted = commitment === undefined || (typeof commitment === 'string' && COMMITMENT.test(commitment))
  return typeof type === 'string' && isRecord(body) && isCommitted && Object.keys(rest).length === 0
}

const isRecord = (value: unknown): value is Record<string, JsonValue> => typeof value === 'object' && value !== null && !Array.isArray(value)
