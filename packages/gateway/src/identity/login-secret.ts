import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto'

/** So that it is known for what it is where somebody has put it by mistake. */
const PREFIX = 'csl_'
const SHAPE = /^csl_[\w-]{43}$/
const NONCE_BYTES = 12
const TAG_BYTES = 16

/** 256 random bits, which only the browser's cookie has. */
export const newSecret = (): string => PREFIX + randomBytes(32).toString('base64url')

/** False for what no gateway can have made. */
export const isSecret = (text: string): boolean => SHAPE.test(text)

/** What is kept of it. */
export const hashOf = (secret: string): string => createHash('sha256').update(secret).digest('hex')

/** What a browser is known by, which comes with this; null for what no gateway can have made. */
export const knownBy = (secret: string | null): string | null => (secret !== null && isSecret(secret) ? hashOf(secret) : null)

/** For the store, where only whoever comes with the secret can read it: AES-256-GCM, in base64url. */
export function sealWith(secret: string, text: string): string {
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv('aes-256-gcm', keyOf(secret), nonce)
  return Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]).toString('base64url')
}

/** Null for what was not sealed with this secret. */
export function openWith(secret: string, sealed: string): string | null {
  const bytes = Buffer.from(sealed, 'base64url')
  if (bytes.length < NONCE_BYTES + TAG_BYTES) return null
  const decipher = createDecipheriv('aes-256-gcm', keyOf(secret), bytes.subarray(0, NONCE_BYTES))
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES))
  try {
    return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]).toString('utf8')
  } catch {
    return null
  }
}

const keyOf = (secret: string) => new Uint8Array(hkdfSync('sha256', secret, '', 'countersign login', 32))
