import { createCipheriv, createDecipheriv, hash, type KeyObject, randomBytes } from 'node:crypto'
import { canonical, type JsonValue } from './canonical.ts'
import type { Entry, Sealed } from './entry.ts'
import { LedgerError } from './error.ts'

/** An AES-256 key and the name under which entries refer to it. Erasing it erases every text and salt sealed with it. */
export interface DataKey {
  readonly id: string
  readonly key: KeyObject
}

export type Secret = Readonly<Record<string, JsonValue>>

/** Which entry a sealed part belongs to: authenticated, so that it cannot be moved to another entry. */
export type Place = Pick<Entry, 'gateway' | 'seq'>

const NONCE_BYTES = 12
const SALT_BYTES = 32
const TAG_BYTES = 16

/**
 * The parts of an entry that stand for a secret. The plain text is canonical `{salt, secret}` with 32 random bytes of salt;
 * the commitment hashes it, and it is encrypted. So short SQL cannot be guessed from the commitment, and without the key
 * neither text nor salt is left. Nonces are random: use one key for fewer than 2^32 entries (NIST SP 800-38D section 8.3).
 */
export function seal(secret: Secret, { gateway, seq }: Place, { id, key }: DataKey): Required<Pick<Entry, 'commitment' | 'sealed'>> {
  const plain = `{"salt":"${random(SALT_BYTES).toString('base64')}","secret":${canonical(secret, 1)}}` // is canonical
  const nonce = random(NONCE_BYTES)
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(placeBytes({ gateway, seq }))
  const data = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final(), cipher.getAuthTag()])
  return { commitment: commit(plain), sealed: { key: id, nonce: nonce.toString('base64'), data: data.toString('base64') } }
}

/**
 * The secret of an entry, checked against its commitment. Throws LedgerError: `not-sealed` when there is none, `wrong-key`
 * when the key is another or the sealed bytes were touched, `commitment-mismatch` when they are not what was committed to,
 * `unreadable` when that is no secret.
 */
export function unseal({ gateway, seq, commitment, sealed }: Entry, { key }: DataKey): Secret {
  if (!sealed) throw new LedgerError('not-sealed', `entry ${seq} of ${gateway} has no sealed part`)
  const plain = decrypt(sealed, { gateway, seq }, key)
  if (commit(plain) !== commitment) throw new LedgerError('commitment-mismatch', `the sealed part of entry ${seq} of ${gateway} is not what it commits to`)
  return secretIn(plain, { gateway, seq })
}

/** SHA-256 with a domain of its own; the plain text starts with the salt, because `salt` sorts before `secret`. */
const commit = (plain: string): string => hash('sha256', `countersign/commitment/v1\n${plain}`, 'hex')

const placeBytes = ({ gateway, seq }: Place): Buffer => Buffer.from(`countersign/sealed/v1\n{"gateway":${canonical(gateway)},"seq":${canonical(seq)}}`)

function decrypt(sealed: Sealed, place: Place, key: KeyObject): string {
  const data = Buffer.from(sealed.data, 'base64')
  const split = data.length - TAG_BYTES
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(sealed.nonce, 'base64'), { authTagLength: TAG_BYTES }).setAAD(placeBytes(place))
    decipher.setAuthTag(data.subarray(Math.max(split, 0)))
    return Buffer.concat([decipher.update(data.subarray(0, Math.max(split, 0))), decipher.final()]).toString('utf8')
  } catch (cause) {
    throw new LedgerError('wrong-key', `key ${sealed.key} does not open entry ${place.seq} of ${place.gateway}: another key, or the sealed part was altered`, {
      cause,
    })
  }
}

/** Whoever held the key may have sealed anything; a hostile gateway did. */
function secretIn(plain: string, place: Place): Secret {
  try {
    const value: unknown = JSON.parse(plain)
    if (isRecord(value) && isRecord(value['secret'])) return value['secret']
  } catch (cause) {
    throw new LedgerError('unreadable', `what entry ${place.seq} of ${place.gateway} seals is not JSON`, { cause })
  }
  throw new LedgerError('unreadable', `what entry ${place.seq} of ${place.gateway} seals is no secret`)
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
