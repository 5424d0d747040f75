import { hash, verify } from 'node:crypto'
import { type CoseKey, parseCoseKey } from './cose.ts'
import { isSigned } from './ed25519.ts'
import { LedgerError } from './error.ts'

/** What an authenticator gives for a challenge: WebAuthn Level 3, section 5.2.2. The bytes as they came, in base64url without padding. */
export interface Assertion {
  readonly clientDataJSON: string
  readonly authenticatorData: string
  readonly signature: string
}

/** What the assertion has to be for. */
export interface Expected {
  /** The COSE_Key under which the passkey was enrolled. */
  readonly publicKey: Uint8Array
  readonly challenge: Uint8Array
  /** The relying party's id: the domain that the passkey is for. */
  readonly rpId: string
  /** Whether this is where the page was that asked for it. */
  readonly isOrigin: (origin: string) => boolean
}

export interface Asserted {
  /** Goes up with each use of the passkey; 0 for ever where its authenticator does not count. */
  readonly counter: number
  readonly origin: string
}

/** More than any client sends; who writes it is hostile until it is verified. */
const MAX_CLIENT_DATA_BYTES = 16 * 1024
const MAX_SIGNATURE_BYTES = 1024

/** Flags of authenticator data, section 6.1. */
const USER_PRESENT = 0x01
const USER_VERIFIED = 0x04
const BACKUP_ELIGIBLE = 0x08
const BACKED_UP = 0x10
const ATTESTED = 0x40
const EXTENDED = 0x80

/** 32 of the relying party's hash, 1 of flags, 4 of the counter. */
const AUTHENTICATOR_DATA_BYTES = 37
/** Behind them, where an authenticator says more than it was asked for (section 5.4 lets it): a map in CBOR, which is signed and otherwise left alone. */
const MAX_AUTHENTICATOR_DATA_BYTES = 1024
const CBOR_MAP = 5

/**
 * Verifies an assertion (section 7.2, from step 10 on): that the key which was enrolled signed this challenge, for this relying party,
 * on its own page, with the person present and verified (by a PIN or a finger). Throws LedgerError: `unreadable` for what is no assertion, `bad-signature` for one that is not good for this,
 * whose message says why. Whether `counter` has gone up is for who knows what it was.
 */
export function verifyAssertion(assertion: Assertion, { publicKey, challenge, rpId, isOrigin }: Expected): Asserted {
  const clientData = decode(assertion.clientDataJSON, MAX_CLIENT_DATA_BYTES, 'the client data')
  const data = decode(assertion.authenticatorData, MAX_AUTHENTICATOR_DATA_BYTES, 'the authenticator data')
  const { type, challenge: answered, origin, crossOrigin } = parseClientData(clientData)
  const { rpIdHash, flags, counter } = parseAuthenticatorData(data)

  refuseUnless(type === 'webauthn.get', 'it was not made to prove who somebody is, but to enrol a passkey or for something else')
  refuseUnless(answered === Buffer.from(challenge).toString('base64url'), 'it answers another challenge: what was signed is not this')
  refuseUnless(isOrigin(origin), `it was made on a page of ${JSON.stringify(origin)}, which is not the gateway's`)
  refuseUnless(crossOrigin !== true, "it was made in a frame of another site's page")
  refuseUnless(hash('sha256', rpId, 'buffer').equals(rpIdHash), `it was made for another domain than ${rpId}`)
  refuseUnless((flags & USER_PRESENT) !== 0, 'the authenticator does not say that anybody was there')
  refuseUnless((flags & USER_VERIFIED) !== 0, 'the authenticator did not make sure who was there, by a PIN or a finger')
  refuseUnless((flags & BACKED_UP) === 0 || (flags & BACKUP_ELIGIBLE) !== 0, 'its flags contradict each other')
  const signed = Buffer.concat([data, hash('sha256', clientData, 'buffer')])
  const signature = decode(assertion.signature, MAX_SIGNATURE_BYTES, 'the signature')
  refuseUnless(isSignedWith(parseCoseKey(publicKey), signed, signature), 'it was not signed with this key, or was altered')
  return { counter, origin }
}

/** True when the owner of this key signed these bytes (section 6.5.5 for how). */
export function isSignedWith(key: CoseKey, bytes: Uint8Array, signature: Uint8Array): boolean {
  if (key.algorithm === 'EdDSA') return isSigned(key.publicKey, bytes, signature)
  try {
    return verify('sha256', bytes, key.algorithm === 'ES256' ? { key: key.key, dsaEncoding: 'der' } : key.key, signature)
  } catch {
    return false
  }
}

function parseAuthenticatorData(bytes: Buffer) {
  if (bytes.length < AUTHENTICATOR_DATA_BYTES) throw unreadable(`the authenticator data has less than ${AUTHENTICATOR_DATA_BYTES} bytes`)
  const flags = bytes.readUInt8(32)
  const rest = bytes.subarray(AUTHENTICATOR_DATA_BYTES)
  const extensions = (flags & EXTENDED) === 0 ? rest.length === 0 : (rest[0] ?? 0) >> 5 === CBOR_MAP
  if (!extensions || (flags & ATTESTED) !== 0) throw unreadable('the authenticator data is not that of an assertion')
  return { rpIdHash: bytes.subarray(0, 32), flags, counter: bytes.readUInt32BE(33) }
}

interface ClientData {
  readonly type: unknown
  readonly challenge: unknown
  readonly origin: string
  readonly crossOrigin: unknown
}

/** Section 5.8.1. Clients may add members. */
function parseClientData(bytes: Uint8Array): ClientData {
  const value = parseJson(bytes)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw unreadable('the client data is no object')
  const { type, challenge, origin, crossOrigin } = value as Record<string, unknown>
  if (typeof origin !== 'string') throw unreadable('the client data names no origin')
  return { type, challenge, origin, crossOrigin }
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes))
  } catch (cause) {
    throw new LedgerError('unreadable', 'not an assertion: the client data is not JSON', { cause })
  }
}

/** Base64url without padding (RFC 4648 section 5), in its one spelling. */
function decode(text: string, most: number, what: string): Buffer {
  if (text.length > Math.ceil((most * 4) / 3)) throw unreadable(`${what} is longer than any`)
  const bytes = Buffer.from(text, 'base64url')
  if (bytes.toString('base64url') !== text) throw unreadable(`${what} is not base64url without padding`)
  return bytes
}

function refuseUnless(good: boolean, why: string): void {
  if (!good) throw new LedgerError('bad-signature', why)
}

const unreadable = (why: string) => new LedgerError('unreadable', `not an assertion: ${why}`)
