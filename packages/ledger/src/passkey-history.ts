import { decodeBase64 } from './base64.ts'
import type { Entry } from './entry.ts'

/** Whose passkey it is, and for which relying party. `publicKey` is a COSE_Key. */
export interface Enrolment {
  readonly user: string
  readonly publicKey: Uint8Array
  readonly rpId: string
}

type PasskeyEvent = Pick<Entry, 'type' | 'body' | 'at'>

const PASSKEY_EVENTS = new Set(['passkey.enrolled', 'passkey.removed', 'passkey.reviewed'])

/** True for the entries of which it follows when a passkey counts. */
export const isPasskeyEvent = ({ type }: Pick<Entry, 'type'>): boolean => PASSKEY_EVENTS.has(type)

/**
 * A passkey as it was at some time (Unix milliseconds), or why it did not count then. It is enrolled by an entry `passkey.enrolled`; where that says that it
 * `waits`, it counts from where another person agreed (`passkey.reviewed`). It counts no longer from `passkey.removed` on; where that one waits, another person
 * may have said otherwise. What happens in one millisecond happens to the key's disadvantage.
 */
export function passkeyAt(events: readonly PasskeyEvent[], passkey: string, at: number): Enrolment | string {
  const own = events.filter((event) => isPasskeyEvent(event) && event.body['passkey'] === passkey && event.at <= at).toSorted((one, other) => one.at - other.at)
  const enrolled = own.filter(({ type }) => type === 'passkey.enrolled')
  const [first] = enrolled
  if (!first) return isEnrolledIn(events, passkey) ? 'it was enrolled only later' : 'no entry here enrols it'
  if (enrolled.length > 1) return 'it was enrolled more than once'
  const { user, key, rpId } = first.body
  const publicKey = typeof key === 'string' ? decodeBase64(key) : null
  if (typeof user !== 'string' || typeof rpId !== 'string' || !publicKey) return 'the entry that enrols it names no key, nobody, or no relying party'
  return whyNot(own, user) ?? { user, publicKey, rpId }
}

const isEnrolledIn = (events: readonly PasskeyEvent[], passkey: string) =>
  events.some(({ type, body }) => type === 'passkey.enrolled' && body['passkey'] === passkey)

/** Null when it counts after these events. */
function whyNot(own: readonly PasskeyEvent[], user: string): string | null {
  let why: string | null = null
  for (const { type, body } of own) {
    if (type === 'passkey.enrolled') why = body['waits'] === false ? null : 'no other admin had agreed to it yet'
    else if (type === 'passkey.removed' && body['waits'] !== true) return REMOVED
    else if (type === 'passkey.removed') why = REMOVED
    else if (isByAnother(body, user)) why = body['counts'] === true ? null : REMOVED
  }
  return why
}

const REMOVED = 'it had been removed before'

const isByAnother = ({ by }: Entry['body'], user: string) => typeof by === 'string' && by !== user
