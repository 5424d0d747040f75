import { createPublicKey, type KeyObject } from 'node:crypto'
import { LedgerError } from './error.ts'

/** How a passkey signs, by COSE's names (RFC 9053 section 2, RFC 8812 section 2). */
export type CoseAlgorithm = 'ES256' | 'RS256' | 'EdDSA'

/** An Ed25519 key by its 32 bytes (ed25519.ts), any other as node:crypto has it. */
export type CoseKey = { readonly algorithm: 'EdDSA'; readonly publicKey: Uint8Array } | { readonly algorithm: 'ES256' | 'RS256'; readonly key: KeyObject }

/** COSE's numbers of the algorithms that are known here, in the order in which a new passkey is asked for them. */
export const COSE_ALGORITHMS: Readonly<Record<CoseAlgorithm, number>> = { ES256: -7, EdDSA: -8, RS256: -257 }

/** A modulus that anybody may have chosen must not decide how long a verification takes. */
const MIN_MODULUS_BYTES = 256
const MAX_MODULUS_BYTES = 1024
const MAX_EXPONENT = 0xff_ff_ff_ff

/**
 * The public key of a passkey, as WebAuthn has it (Level 3, section 6.5.1.1: a COSE_Key of RFC 9052 in canonical CBOR with `alg`, and no parameter beside those
 * that its type requires). Throws LedgerError `unreadable` for anything else, and for an algorithm that is not one of `COSE_ALGORITHMS`.
 */
export function parseCoseKey(bytes: Uint8Array): CoseKey {
  const parameters = new Reader(bytes).map()
  const algorithm = parameters.get(ALG)
  if (algorithm === COSE_ALGORITHMS.ES256) {
    expectOnly(parameters, { [KTY]: 2, [CRV]: 1 }, [X, Y])
    return { algorithm: 'ES256', key: keyOf({ kty: 'EC', crv: 'P-256', x: base64url(coordinate(parameters, X)), y: base64url(coordinate(parameters, Y)) }) }
  }
  if (algorithm === COSE_ALGORITHMS.EdDSA) {
    expectOnly(parameters, { [KTY]: 1, [CRV]: 6 }, [X])
    return { algorithm: 'EdDSA', publicKey: coordinate(parameters, X) }
  }
  if (algorithm === COSE_ALGORITHMS.RS256) {
    expectOnly(parameters, { [KTY]: 3 }, [RSA_N, RSA_E])
    return { algorithm: 'RS256', key: keyOf({ kty: 'RSA', n: modulusAt(parameters), e: exponentAt(parameters) }) }
  }
  throw unreadable('it is of none of the algorithms ES256, EdDSA (Ed25519) and RS256')
}

/** Labels of COSE_Key: RFC 9052 section 7.1, RFC 9053 section 7, RFC 8230 section 4. */
const [KTY, ALG, CRV, X, Y] = [1, 3, -1, -2, -3]
const [RSA_N, RSA_E] = [-1, -2]

type Parameters = ReadonlyMap<number, number | Uint8Array>

function expectOnly(parameters: Parameters, values: Readonly<Record<number, number>>, byteStrings: readonly number[]): void {
  const fixed = Object.entries(values).every(([label, value]) => parameters.get(Number(label)) === value)
  const count = Object.keys(values).length + byteStrings.length + 1
  if (!fixed || parameters.size !== count) throw unreadable('its parameters are not those of its algorithm')
}

function coordinate(parameters: Parameters, label: number): Uint8Array {
  const value = parameters.get(label)
  if (!(value instanceof Uint8Array) || value.length !== 32) throw unreadable('a coordinate of it does not have 32 bytes')
  return value
}

function modulusAt(parameters: Parameters): string {
  const value = parameters.get(RSA_N)
  const fits = value instanceof Uint8Array && value.length >= MIN_MODULUS_BYTES && value.length <= MAX_MODULUS_BYTES && value[0] !== 0
  if (!fits) throw unreadable(`its modulus does not have ${MIN_MODULUS_BYTES} to ${MAX_MODULUS_BYTES} bytes`)
  return base64url(value)
}

function exponentAt(parameters: Parameters): string {
  const value = parameters.get(RSA_E)
  const number = value instanceof Uint8Array && value.length <= 4 ? value.reduce((sum, byte) => sum * 256 + byte, 0) : 0
  if (!(value instanceof Uint8Array) || number < 3 || number > MAX_EXPONENT || number % 2 === 0) throw unreadable('its exponent is none that is used')
  return base64url(value)
}

function keyOf(jwk: Readonly<Record<string, string>>): KeyObject {
  try {
    return createPublicKey({ key: jwk, format: 'jwk' })
  } catch (cause) {
    throw unreadable('it is no point of its curve', cause)
  }
}

/**
 * The little of CBOR (RFC 8949) that a COSE_Key is made of: one map of integers to integers and byte strings, of definite and least length. What comes after it
 * is an error too.
 */
class Reader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  map(): Parameters {
    const entries = new Map<number, number | Uint8Array>()
    for (let left = this.#head(5); left > 0; left--) {
      const label = this.#item()
      if (typeof label !== 'number' || entries.has(label)) throw unreadable('a label of it is no number, or stands there twice')
      entries.set(label, this.#item())
    }
    if (this.#at !== this.#bytes.length) throw unreadable('there are bytes behind it')
    return entries
  }

  #item(): number | Uint8Array {
    const major = (this.#bytes[this.#at] ?? 0xff) >> 5
    if (major === 0) return this.#head(0)
    if (major === 1) return -1 - this.#head(1)
    const length = this.#head(2)
    if (length > this.#bytes.length - this.#at) throw unreadable('it is cut off')
    this.#at += length
    return this.#bytes.subarray(this.#at - length, this.#at)
  }

  /** The argument of an item of this major type (section 3 of RFC 8949), of two bytes at most. */
  #head(major: number): number {
    const first = this.#bytes[this.#at++]
    if (first === undefined || first >> 5 !== major) throw unreadable('it is not made of one map of numbers and byte strings')
    const short = first & 31
    if (short < 24) return short
    const size = short === 24 ? 1 : short === 25 ? 2 : 0
    const value = this.#bytes.subarray(this.#at, this.#at + size).reduce((sum, byte) => sum * 256 + byte, 0)
    this.#at += size
    if (size === 0 || this.#at > this.#bytes.length || value < (size === 1 ? 24 : 256)) throw unreadable('it is not in canonical CBOR')
    return value
  }
}

const base64url = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64url')

const unreadable = (why: string, cause?: unknown) => new LedgerError('unreadable', `not the public key of a passkey: ${why}`, { cause })
