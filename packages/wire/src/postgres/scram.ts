import { createHash, createHmac, pbkdf2, randomBytes } from 'node:crypto'
import { ProtocolError } from './error.ts'
import { saslprep } from './saslprep.ts'
import { strictText } from './text.ts'

// SCRAM-SHA-256 (RFC 5802, RFC 7677): what both sides compute. The names are the RFC's.

export const SCRAM = 'SCRAM-SHA-256'
export const SCRAM_PLUS = 'SCRAM-SHA-256-PLUS'

/** The only channel binding that PostgreSQL speaks (RFC 5929 section 4): a hash of the server's certificate. */
export const BINDING = 'tls-server-end-point'

/** The same cap as PostgreSQL's PG_MAX_SASL_MESSAGE_LENGTH. */
const MAX_MESSAGE_BYTES = 1024
const NONCE_BYTES = 18
const KEY_BYTES = 32

/** What a server keeps instead of a password; each key is 32 bytes. It proves nothing to a server, but who has it can pose as one. */
export interface Verifier {
  readonly storedKey: Uint8Array
  readonly serverKey: Uint8Array
}

/** Runs PBKDF2 off the event loop. The password is prepared as PostgreSQL prepares it. */
export async function makeVerifier(password: string, salt: Uint8Array, iterations: number): Promise<Verifier> {
  const { clientKey, serverKey } = await deriveKeys(password, salt, iterations)
  return { storedKey: sha256(clientKey), serverKey }
}

/** A password as PostgreSQL stores it, which `CREATE ROLE … PASSWORD` takes in place of the password itself (documentation, section 52.8). */
export function storedSecret({ clientKey, serverKey }: Keys, salt: Uint8Array, iterations: number): string {
  return `${SCRAM}$${iterations}:${toBase64(salt)}$${toBase64(sha256(clientKey))}:${toBase64(serverKey)}`
}

/** What proves the password to one server, and that server to us: it stands for the password wherever salt and iterations are the same. */
export interface Keys {
  readonly clientKey: Uint8Array
  readonly serverKey: Uint8Array
}

export async function deriveKeys(password: string, salt: Uint8Array, iterations: number): Promise<Keys> {
  const salted = await saltedPassword(saslprep(password), salt, iterations)
  return { clientKey: hmac(salted, 'Client Key'), serverKey: hmac(salted, 'Server Key') }
}

function saltedPassword(password: string, salt: Uint8Array, iterations: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    pbkdf2(password, salt, iterations, KEY_BYTES, 'sha256', (error, key) => (error ? reject(error) : resolve(key)))
  })
}

export function hmac(key: Uint8Array, text: string): Uint8Array {
  return createHmac('sha256', key).update(text).digest()
}

export function sha256(bytes: Uint8Array): Uint8Array {
  return createHash('sha256').update(bytes).digest()
}

/** Of two arrays of one length. */
export function xor(left: Uint8Array, right: Uint8Array): Uint8Array {
  return left.map((byte, at) => byte ^ (right[at] ?? 0))
}

/** Printable ASCII without a comma, as RFC 5802 section 5.1 has it. */
export function freshNonce(): string {
  return randomBytes(NONCE_BYTES).toString('base64')
}

export function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64')
}

/** Null for anything but the one canonical spelling; Node's own decoder skips what it does not know. */
export function fromBase64(text: string): Uint8Array | null {
  const bytes = Buffer.from(text, 'base64')
  return bytes.toString('base64') === text ? bytes : null
}

/** The `c=` attribute: the header that the client began with and, when it binds, the channel's data. */
export function bindingAttribute(header: string, channelBinding: Uint8Array | null): string {
  const data = header.startsWith('p=') && channelBinding !== null ? channelBinding : new Uint8Array(0)
  return `c=${Buffer.concat([Buffer.from(header), data]).toString('base64')}`
}

export function saslText(bytes: Uint8Array): string {
  const text = bytes.length > MAX_MESSAGE_BYTES ? null : strictText(bytes)
  if (text === null || text.includes('\0')) throw new ProtocolError('auth', `a SCRAM message is UTF-8 without NUL and at most ${MAX_MESSAGE_BYTES} bytes`)
  return text
}
