import { encodeBase64 } from './base64.ts'
import type { Entry } from './entry.ts'
import { PUBLIC_KEY_BYTES } from './ed25519.ts'
import { type VerifierKey, verifierKey } from './key.ts'
import { Trust } from './trust.ts'

/** What a tree says about its keys. */
export interface KeyRecord {
  /** All entries about keys, in the order of the tree. */
  readonly keyEvents: readonly Entry[]
  /** Whether the gateway that wrote this entry signed for it; `keys` count by then. */
  readonly covered: (entry: Entry, keys: readonly VerifierKey[]) => boolean
}

/**
 * The keys with which checkpoints of this log may be signed. Without `key` the log is taken at its word: its first key, what
 * that vouched for, and what rotation put in their place. With `key` nothing counts but that key and what leads from it: rotations
 * are signed, and who vouched for others must have signed for the entry in which he did. A key that was rotated in itself
 * leads to nothing but the rotations after it, because what its gateway wrote before is signed by keys that nobody named. For the
 * same reason a gateway vouches for others only where its first key counts.
 */
export function keysThatCount(origin: string, record: KeyRecord, key?: VerifierKey): readonly VerifierKey[] {
  if (!key) return verifierKeys(origin, trustIn(record.keyEvents).keys)
  if (key.name !== origin) return []
  const named = encodeBase64(key.publicKey)
  const gateway = record.keyEvents.find(({ type, body }) => type !== 'gateway.vouched' && body['key'] === named)?.gateway
  const own = record.keyEvents.filter((event) => event.gateway === gateway && event.type !== 'gateway.vouched')
  const history = trustIn(own).keys
  const at = history.indexOf(named)
  if (at === -1) return [key]
  if (at > 0) return verifierKeys(origin, history.slice(at))
  const trust = trustIn(own)
  for (const event of record.keyEvents.filter((other) => !own.includes(other)))
    if (event.type !== 'gateway.vouched' || (isWhollyTrusted(trust, event.gateway) && record.covered(event, verifierKeys(origin, trust.keys))))
      trust.read(event)
  return verifierKeys(origin, trust.keys)
}

const isWhollyTrusted = (trust: Trust, gateway: string): boolean => trust.keys.includes(trust.historyOf(gateway).keys[0] ?? '')

function trustIn(events: readonly Entry[]): Trust {
  const trust = new Trust()
  for (const event of events) trust.read(event)
  return trust
}

/** What an entry calls a key may be none. */
function verifierKeys(origin: string, keys: readonly string[]): readonly VerifierKey[] {
  return keys.map((key) => Buffer.from(key, 'base64')).flatMap((bytes) => (bytes.length === PUBLIC_KEY_BYTES ? [verifierKey(origin, bytes)] : []))
}
