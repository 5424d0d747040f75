import { hash } from 'node:crypto'
import { decodeBase64, encodeBase64 } from './base64.ts'
import { PUBLIC_KEY_BYTES } from './ed25519.ts'
import { LedgerError } from './error.ts'

/** What a key signs, and how: C2SP signed-note, "Signature types". */
export const KeyType = {
  /** The text of a note. */
  ed25519: 0x01,
  /** A checkpoint and the time at which a witness saw it: C2SP tlog-cosignature. */
  cosignature: 0x04,
} as const
export type KeyType = (typeof KeyType)[keyof typeof KeyType]

/** Whom a note's signature is from. */
export interface VerifierKey {
  readonly name: string
  /** The key's hash, cut to 32 bits: tells keys apart, and proves nothing. */
  readonly id: number
  readonly type: KeyType
  /** 32 bytes, RFC 8032. */
  readonly publicKey: Uint8Array
}

/** A private key, wherever it is kept. */
export interface Signer {
  readonly publicKey: Uint8Array
  /** Ed25519, 64 bytes. */
  sign(bytes: Uint8Array): Uint8Array
}

/** Throws LedgerError `unreadable` for a name that no note can have and for what is no Ed25519 public key. */
export function verifierKey(name: string, publicKey: Uint8Array, type: KeyType = KeyType.ed25519): VerifierKey {
  if (!isKeyName(name)) throw new LedgerError('unreadable', 'the name of a key is not empty, and has no white space and no plus')
  if (publicKey.length !== PUBLIC_KEY_BYTES) throw new LedgerError('unreadable', `an Ed25519 public key has ${PUBLIC_KEY_BYTES} bytes, not ${publicKey.length}`)
  const id = hash('sha256', Buffer.concat([Buffer.from(`${name}\n`), Buffer.from([type]), publicKey]), 'buffer').readUInt32BE()
  return { name, id, type, publicKey }
}

/** Unicode's white space (not only ASCII's) and the plus would make a signature line or a key's text ambiguous. */
export const isKeyName = (name: string): boolean => name !== '' && name.isWellFormed() && !/[\p{White_Space}+\p{Cc}]/u.test(name)

/** The text form of a key, `vkey`: `<name>+<id in hex>+<base64 of type || public key>`. */
export function formatKey({ name, id, type, publicKey }: VerifierKey): string {
  return `${name}+${hexId(id)}+${encodeBase64(Buffer.concat([Buffer.from([type]), publicKey]))}`
}

/** An id as people compare it: eight hex digits. */
export const hexId = (id: number): string => id.toString(16).padStart(8, '0')

const VKEY = /^([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+=*)$/
const MAX_VKEY = 4096

/** Reads a vkey. Throws LedgerError `unreadable`: not one, of a type not known here, or with an id that is not its key's. */
export function parseKey(text: string): VerifierKey {
  const [, name = '', id = '', encoded = ''] = text.length > MAX_VKEY ? [] : (VKEY.exec(text) ?? [])
  const bytes = decodeBase64(encoded)
  if (name === '' || bytes === null) throw new LedgerError('unreadable', 'a key reads NAME+ID+BASE64, with an ID of eight hex digits')
  const type = Object.values(KeyType).find((known) => known === bytes[0])
  if (type === undefined) throw new LedgerError('unreadable', `keys of type ${bytes[0]} are not known here; Ed25519 is 1, a witness's cosignature 4`)
  const key = verifierKey(name, bytes.subarray(1), type)
  if (hexId(key.id) !== id) throw new LedgerError('unreadable', `the id of this key is ${hexId(key.id)}, not ${id}: it was mistyped or altered`)
  return key
}
