import { createCipheriv, createDecipheriv, hash, type KeyObject, randomBytes } from 'node:crypto'
import { canonical, type JsonValue } from './canonical.ts'
import type { Entry, Sealed } from './entry.ts'
import { LedgerError } from './error.ts'

/** An AES-256 key and the name under which entries refer to it. Erasing it erases every text and salt sealed with it. */
export interface DataKey {
  readonly id: string
  readonly key: KeyObject
}

/** Keys by their ids. */
export type Keys = ReadonlyMap<string, DataKey>

export type Secret = Readonly<Record<string, JsonValue>>

/** What an entry has for its secret. */
export type SealedParts = Required<Pick<Entry, 'commitment' | 'sealed'>>

/** Which entry a sealed part belongs to: authenticated, so that it cannot be moved to another entry. */
export type Place = Pick<Entry, 'gateway' | 'seq'>

const COMMITMENT_DOMAIN = 'countersign/commitment/v1\n'
const NONCE_BYTES = 12
const SALT_BYTES = 32
const TAG_BYTES = 16

/**
 * The parts of an entry that stand for a secret. The plain text is canonical `{salt, secret}` with 32 random bytes of salt;
 * the commitment hashes it, and it is encrypted. So short SQL cannot be guessed from the commitment, and without the key
 * neither text nor salt is left. Nonces are random: use one key for fewer than 2^32 entries (NIST SP 800-38D section 8.3).
 */
export function seal(secret: Secret, place: Place, key: DataKey): SealedParts {
  return sealCanonical(canonical(secret, 1), place, key)
}

/** The same for a secret that is in canonical form already. */
export function sealCanonical(secret: string, place: Place, key: DataKey): SealedParts {
  const committed = Buffer.from(`${COMMITMENT_DOMAIN}${salted(secret)}`)
  return { commitment: hash('sha256', committed, 'hex'), sealed: encrypt(committed.subarray(COMMITMENT_DOMAIN.length), placeBytes(place), key) }
}

/**
 * The same for one event of several in an entry, whose place is not known yet: what it commits to, which nothing else does, ties it to its event.
 */
export function sealEvent(secret: string, key: DataKey): SealedParts {
  const plain = salted(secret)
  const commitment = commit(plain)
  return { commitment, sealed: encrypt(Buffer.from(plain), eventBytes(commitment), key) }
}

/** A secret with its salt: all that somebody needs to check it against its commitment. */
export interface Disclosed {
  readonly salt: string
  readonly secret: Secret
}

/**
 * The secret of an entry, checked against its commitment. Throws LedgerError: `not-sealed` when there is none, `wrong-key`
 * when the key is another or the sealed bytes were touched, `commitment-mismatch` when they are not what was committed to,
 * `unreadable` when that is no secret.
 */
export function unseal(entry: Entry, key: DataKey): Secret {
  return disclose(entry, key).secret
}

/** The same with its salt. */
export function disclose({ gateway, seq, commitment, sealed }: Entry, { key }: DataKey): Disclosed {
  if (!sealed) throw new LedgerError('not-sealed', `entry ${seq} of ${gateway} has no sealed part`)
  const place = { gateway, seq }
  const plain = decrypt(sealed, placeBytes(place), place, key)
  if (commit(plain) !== commitment) throw new LedgerError('commitment-mismatch', `the sealed part of entry ${seq} of ${gateway} is not what it commits to`)
  return disclosedIn(plain, place)
}

/** The same of one event of several that has a sealed part of its own. `place` is its entry's, for the error's message. */
export function discloseEvent(commitment: string, sealed: Sealed, place: Place, { key }: DataKey): Disclosed {
  const plain = decrypt(sealed, eventBytes(commitment), place, key)
  if (commit(plain) !== commitment) throw new LedgerError('commitment-mismatch', `an event of entry ${place.seq} of ${place.gateway} is not what it commits to`)
  return disclosedIn(plain, place)
}

/** True when this is what was committed to. */
export function isCommitted({ salt, secret }: Disclosed, commitment: string): boolean {
  return commit(canonical({ salt, secret })) === commitment
}

/** A canonical secret with a salt of its own; it is canonical, because `salt` sorts before `secret`. */
export const salted = (secret: string): string => `{"salt":"${random(SALT_BYTES).toString('base64')}","secret":${secret}}`

/** What is committed to a salted secret: SHA-256 in hex, with a domain of its own. */
export const commit = (plain: string): string => hash('sha256', `${COMMITMENT_DOMAIN}${plain}`, 'hex')

const placeBytes = ({ gateway, seq }: Place): Buffer => Buffer.from(`countersign/sealed/v1\n{"gateway":${canonical(gateway)},"seq":${canonical(seq)}}`)

const eventBytes = (commitment: string): Buffer => Buffer.from(`countersign/sealed/v1\n{"commitment":"${commitment}"}`)

function encrypt(plain: Uint8Array, tied: Buffer, { id, key }: DataKey): Sealed {
  const nonce = random(NONCE_BYTES)
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(tied)
  const data = Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()])
  return { key: id, nonce: nonce.toString('base64'), data: data.toString('base64') }
}

function decrypt(sealed: Sealed, tied: Buffer, place: Place, key: KeyObject): string {
  const data = Buffer.from(sealed.data, 'base64')
  const split = data.length - TAG_BYTES
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(sealed.nonce, 'base64'), { authTagLength: TAG_BYTES }).setAAD(tied)
    decipher.setAuthTag(data.subarray(Math.max(split, 0)))
    return Buffer.concat([decipher.update(data.subarray(0, Math.max(split, 0))), decipher.final()]).toString('utf8')
  } catch (cause) {
    throw new LedgerError('wrong-key', `key ${sealed.key} does not open entry ${place.seq} of ${place.gateway}: another key, or the sealed part was altered`, {
      cause,
    })
  }
}

/** Whoever held the key may have sealed anything; a hostile gateway did. */
function disclosedIn(plain: string, place: Place): Disclosed {
  try {
    const value: unknown = JSON.parse(plain)
    if (isDisclosed(value)) return value
  } catch (cause) {
    throw new LedgerError('unreadable', `what entry ${place.seq} of ${place.gateway} seals is not JSON`, { cause })
  }
  throw new LedgerError('unreadable', `what entry ${place.seq} of ${place.gateway} seals is no secret`)
}

/** True for a salted secret, and nothing beside it. */
export function isDisclosed(value: unknown): value is Disclosed {
  return isRecord(value) && Object.keys(value).length === 2 && typeof value['salt'] === 'string' && isRecord(value['secret'])
}

const isRecord = (value: unknown): value is Record<string, JsonValue> => typeof value === 'object' && value !== null && !Array.isArray(value)

/** Random bytes, drawn for many entries at once: a call into the generator for each costs several times as much. Each byte is handed out once. */
let pool: Buffer = randomBytes(0)

function random(size: number): Buffer {
  if (pool.length < size) pool = randomBytes(16_384)
  const bytes = pool.subarray(0, size)
  pool = pool.subarray(size)
  return bytes
}
