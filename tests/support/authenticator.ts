import { generateKeyPairSync, hash, type KeyObject, randomBytes, sign } from 'node:crypto'
import type { Assertion, CreationOptions, Registration, RequestOptions } from '@countersign/contract/schemas/webauthn'

type Algorithm = 'ES256' | 'RS256' | 'EdDSA'

interface Credential {
  readonly id: string
  readonly rpId: string
  readonly userHandle: string
  readonly algorithm: Algorithm
  readonly privateKey: KeyObject
}

/** What an authenticator or its client does not do of itself, and an attacker makes it do. */
interface Tricks {
  /** Flags of the authenticator data, instead of present and verified. */
  readonly flags?: number
  readonly type?: string
  readonly challenge?: string
  readonly crossOrigin?: boolean
}

const [PRESENT, VERIFIED, ATTESTED] = [0x01, 0x04, 0x40]
const COSE = { ES256: -7, EdDSA: -8, RS256: -257 } as const

/**
 * A passkey provider and the browser in front of it, in one (Web Authentication Level 3, sections 5.1, 6.3 and 6.5): it makes real keys, real CBOR and real
 * signatures, and obeys the options that it is given, as a browser on a page of `origin` does.
 */
export class Authenticator {
  readonly origin: string
  readonly #credentials: Credential[] = []
  readonly #algorithm: Algorithm | null
  /** What the next use is counted as; stays 0 where this one does not count. */
  counter: number
  readonly #counts: boolean

  constructor(origin: string, { algorithm = null, counts = true }: { readonly algorithm?: Algorithm | null; readonly counts?: boolean } = {}) {
    this.origin = origin
    this.#algorithm = algorithm
    this.#counts = counts
    this.counter = counts ? 1 : 0
  }

  /** `navigator.credentials.create`. Throws what a browser would. */
  create(options: CreationOptions, tricks: Tricks = {}): Registration {
    this.#assertOwn(options.rp.id)
    if (options.excludeCredentials.some(({ id }) => this.#credentials.some((one) => one.id === id))) throw new Error('InvalidStateError')
    const algorithm = this.#choose(options.pubKeyCredParams.map(({ alg }) => alg))
    const { privateKey, cose } = newKey(algorithm)
    const id = randomBytes(20)
    this.#credentials.push({ id: id.toString('base64url'), rpId: options.rp.id, userHandle: options.user.id, algorithm, privateKey })
    const attested = Buffer.concat([Buffer.alloc(16), uint(id.length, 2), id, cose])
    const data = Buffer.concat([this.#data(options.rp.id, tricks.flags ?? PRESENT | VERIFIED | ATTESTED), attested])
    const object = map([
      [text('fmt'), text('none')],
      [text('attStmt'), map([])],
      [text('authData'), bytes(data)],
    ])
    const response = {
      clientDataJSON: this.#clientData('webauthn.create', options.challenge, tricks),
      attestationObject: object.toString('base64url'),
      transports: ['internal'],
    }
    return { id: id.toString('base64url'), rawId: id.toString('base64url'), type: 'public-key', response }
  }

  /** `navigator.credentials.get`, with the newest passkey that the options let. Throws what a browser would. */
  get(options: RequestOptions, tricks: Tricks = {}): Assertion {
    this.#assertOwn(options.rpId)
    const allowed = options.allowCredentials.map(({ id }) => id)
    const found = this.#credentials.findLast(({ id, rpId }) => rpId === options.rpId && (allowed.length === 0 || allowed.includes(id)))
    if (!found) throw new Error('NotAllowedError')
    const data = this.#data(found.rpId, tricks.flags ?? PRESENT | VERIFIED)
    const clientDataJSON = this.#clientData('webauthn.get', options.challenge, tricks)
    const signed = Buffer.concat([data, hash('sha256', Buffer.from(clientDataJSON, 'base64url'), 'buffer')])
    const signature = sign(found.algorithm === 'EdDSA' ? null : 'sha256', signed, found.privateKey)
    const response = {
      clientDataJSON,
      authenticatorData: data.toString('base64url'),
      signature: signature.toString('base64url'),
      userHandle: found.userHandle,
    }
    return { id: found.id, rawId: found.id, type: 'public-key', response }
  }

  /** A browser lets a page ask for its own domain alone, and for those above it. */
  #assertOwn(rpId: string): void {
    const { hostname } = new URL(this.origin)
    if (hostname !== rpId && !hostname.endsWith(`.${rpId}`)) throw new Error('SecurityError')
  }

  #choose(asked: readonly number[]): Algorithm {
    const known = (Object.keys(COSE) as Algorithm[]).filter((name) => this.#algorithm === null || name === this.#algorithm)
    const chosen = known.find((name) => asked.includes(COSE[name]))
    if (!chosen) throw new Error('NotSupportedError')
    return chosen
  }

  #data(rpId: string, flags: number): Buffer {
    const counted = Buffer.concat([hash('sha256', rpId, 'buffer'), Buffer.from([flags]), uint(this.counter, 4)])
    if (this.#counts) this.counter += 1
    return counted
  }

  #clientData(type: string, challenge: string, tricks: Tricks): string {
    const data = { type: tricks.type ?? type, challenge: tricks.challenge ?? challenge, origin: this.origin, crossOrigin: tricks.crossOrigin ?? false }
    return Buffer.from(JSON.stringify(data)).toString('base64url')
  }
}

/** A new key and its COSE_Key, whose labels stand in the order of canonical CBOR. */
function newKey(algorithm: Algorithm): { readonly privateKey: KeyObject; readonly cose: Buffer } {
  const alg: [Buffer, Buffer] = [int(3), int(COSE[algorithm])]
  if (algorithm === 'ES256') {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const { x, y } = publicKey.export({ format: 'jwk' })
    return { privateKey, cose: map([[int(1), int(2)], alg, [int(-1), int(1)], [int(-2), decoded(x)], [int(-3), decoded(y)]]) }
  }
  if (algorithm === 'EdDSA') {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519')
    return { privateKey, cose: map([[int(1), int(1)], alg, [int(-1), int(6)], [int(-2), decoded(publicKey.export({ format: 'jwk' }).x)]]) }
  }
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const { n, e } = publicKey.export({ format: 'jwk' })
  return { privateKey, cose: map([[int(1), int(3)], alg, [int(-1), decoded(n)], [int(-2), decoded(e)]]) }
}

const decoded = (member: string | undefined) => bytes(Buffer.from(member ?? '', 'base64url'))

/** CBOR, RFC 8949 section 3. */
const int = (value: number) => (value < 0 ? head(1, -1 - value) : head(0, value))
const bytes = (value: Uint8Array) => Buffer.concat([head(2, value.length), value])
const text = (value: string) => Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)])
const map = (entries: readonly (readonly [Buffer, Buffer])[]) => Buffer.concat([head(5, entries.length), ...entries.flat()])

function head(major: number, value: number): Buffer {
  if (value < 24) return Buffer.from([(major << 5) | value])
  return value < 256 ? Buffer.from([(major << 5) | 24, value]) : Buffer.concat([Buffer.from([(major << 5) | 25]), uint(value, 2)])
}

function uint(value: number, length: 2 | 4): Buffer {
  const buffer = Buffer.alloc(length)
  buffer.writeUIntBE(value, 0, length)
  return buffer
}
