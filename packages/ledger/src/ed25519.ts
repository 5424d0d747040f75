import { createPublicKey, type KeyObject, verify } from 'node:crypto'

/** RFC 8032. */
export const PUBLIC_KEY_BYTES = 32

/**
 * The points of small order, by the last 255 bits of every encoding that decodes to one (the first says the sign of x). Such a key
 * has no owner: for the identity any pair of (S, S·B) is a signature of every text. And no owner of a good key makes a signature with
 * such an R, which gives the key away.
 */
const SMALL_ORDER: ReadonlySet<string> = new Set([
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
])

/**
 * True when the owner of this public key signed these bytes: RFC 8032 without the cofactor, and stricter than it about points of small
 * order, so that what a receipt or a checkpoint is worth does not depend on which OpenSSL looks at it. False for whatever is no key
 * and no signature.
 */
export function isSigned(publicKey: Uint8Array, bytes: Uint8Array, signature: Uint8Array): boolean {
  if (isSmallOrder(publicKey) || isSmallOrder(signature.subarray(0, PUBLIC_KEY_BYTES))) return false
  try {
    return verify(null, bytes, keyObject(publicKey), signature)
  } catch {
    return false
  }
}

function isSmallOrder(encoded: Uint8Array): boolean {
  const y = Buffer.from(encoded)
  y[y.length - 1] = (y.at(-1) ?? 0) & 0x7f
  return SMALL_ORDER.has(y.toString('hex'))
}

/** A gateway signs a head for each batch of entries: the few keys that count are looked at a million times. */
const known = new Map<string, KeyObject>()
const KNOWN = 64

function keyObject(publicKey: Uint8Array): KeyObject {
  const x = Buffer.from(publicKey).toString('base64url')
  const before = known.get(x)
  if (before) return before
  const made = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
  if (known.size >= KNOWN) known.clear()
  known.set(x, made)
  return made
}
