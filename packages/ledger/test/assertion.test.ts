import { generateKeyPairSync, hash, type KeyObject, sign } from 'node:crypto'
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Assertion, type Expected, isSignedWith, verifyAssertion } from '../src/assertion.ts'
import { parseCoseKey } from '../src/cose.ts'
import { LedgerError } from '../src/error.ts'

interface Vector {
  readonly name: string
  readonly publicKey: string
  readonly challenge: string
  readonly authenticatorData: string
  readonly clientDataJSON: string
  readonly signature: string
}

const { rpId, origin, authentications } = JSON.parse(readFileSync(new URL('vectors/webauthn.json', import.meta.url), 'utf8')) as {
  readonly rpId: string
  readonly origin: string
  readonly authentications: readonly Vector[]
}

const bytes = (hex: string) => Buffer.from(hex, 'hex')
const assertionOf = ({ clientDataJSON, authenticatorData, signature }: Vector): Assertion => ({
  clientDataJSON: bytes(clientDataJSON).toString('base64url'),
  authenticatorData: bytes(authenticatorData).toString('base64url'),
  signature: bytes(signature).toString('base64url'),
})
const expectedOf = ({ publicKey, challenge }: Vector): Expected => ({
  publicKey: bytes(publicKey),
  challenge: bytes(challenge),
  rpId,
  isOrigin: (one) => one === origin,
})
const signedBytes = ({ authenticatorData, clientDataJSON }: Vector) =>
  Buffer.concat([bytes(authenticatorData), hash('sha256', bytes(clientDataJSON), 'buffer')])

const named = (wanted: string): Vector => {
  const found = authentications.find(({ name }) => name === wanted)
  if (!found) throw new Error(`there is no vector ${wanted}`)
  return found
}

function refusal(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    if (error instanceof LedgerError) return `${error.code}: ${error.message}`
    throw error
  }
  return 'good'
}

/** What the vectors of the specification are for this verifier, which wants the user verified, no foreign frame, and one of three algorithms. */
const VERDICTS: Readonly<Record<string, string | RegExp>> = {
  'none-es256': /not make sure who was there/,
  'packed-self-es256': /not make sure who was there/,
  'none-es256-crossOrigin': /frame of another site/,
  'none-es256-topOrigin': /frame of another site/,
  'none-es256-long-credential-id': 'good',
  'packed-es256': 'good',
  'packed-es384': /none of the algorithms/,
  'packed-es512': /not make sure who was there/,
  'packed-rs256': /not make sure who was there/,
  'packed-eddsa': /not make sure who was there/,
  'packed-ed448': /none of the algorithms/,
  'tpm-es256': 'good',
  'android-key-es256': /not make sure who was there/,
  'apple-es256': /not make sure who was there/,
  'fido-u2f-es256': /not make sure who was there/,
}

describe('the test vectors of Web Authentication Level 3', () => {
  it.each(authentications)('$name', (vector) => {
    const said = refusal(() => verifyAssertion(assertionOf(vector), expectedOf(vector)))
    expect(said).toMatch(VERDICTS[vector.name] ?? 'a vector that nobody has looked at')
    if (/none of the algorithms/.test(refusal(() => parseCoseKey(bytes(vector.publicKey))))) return
    expect(isSignedWith(parseCoseKey(bytes(vector.publicKey)), signedBytes(vector), bytes(vector.signature))).toBe(true)
  })

  it('are no longer good with any byte changed, in whatever part', () => {
    const parts = ['clientDataJSON', 'authenticatorData', 'signature', 'publicKey', 'challenge'] as const
    fc.assert(
      fc.property(fc.constantFrom('packed-es256', 'tpm-es256'), fc.constantFrom(...parts), fc.nat(), fc.integer({ min: 1, max: 255 }), (name, part, at, by) => {
        const vector = named(name)
        const changed = bytes(vector[part])
        changed.writeUInt8((changed[at % changed.length] ?? 0) ^ by, at % changed.length)
        const altered = { ...vector, [part]: changed.toString('hex') }
        expect(refusal(() => verifyAssertion(assertionOf(altered), expectedOf(altered)))).not.toBe('good')
      }),
    )
  })

  it('are no longer good with anything cut off or put behind', () => {
    fc.assert(
      fc.property(fc.constantFrom('clientDataJSON', 'authenticatorData', 'publicKey', 'signature'), fc.integer({ min: 1, max: 20 }), (part, count) => {
        const vector = named('packed-es256')
        for (const other of [vector[part].slice(0, -2 * count), `${vector[part]}${'00'.repeat(count)}`]) {
          const altered = { ...vector, [part]: other }
          expect(refusal(() => verifyAssertion(assertionOf(altered), expectedOf(altered)))).not.toBe('good')
        }
      }),
    )
  })

  it('are for their own origin and relying party', () => {
    const vector = named('packed-es256')
    expect(refusal(() => verifyAssertion(assertionOf(vector), { ...expectedOf(vector), isOrigin: () => false }))).toMatch(/page of "https:\/\/example\.org"/)
    expect(refusal(() => verifyAssertion(assertionOf(vector), { ...expectedOf(vector), rpId: 'example.com' }))).toMatch(/another domain than example\.com/)
  })
})

describe('an assertion', () => {
  it('is good with each algorithm, whatever the challenge', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 16, maxLength: 64 }),
        fc.integer({ min: 0, max: 0xff_ff_ff_ff }),
        fc.constantFrom(...KEYS),
        (challenge, counter, key) => {
          const given = verifyAssertion(made(key, { challenge, counter }), { publicKey: key.cose, challenge, rpId, isOrigin: (one) => one === origin })
          expect(given).toEqual({ counter, origin })
        },
      ),
      { numRuns: 30 },
    )
  })

  it('is of one key alone', () => {
    const challenge = Buffer.alloc(32, 7)
    const verifiedBy = (key: SoftKey) =>
      KEYS.filter(
        (other) => refusal(() => verifyAssertion(made(key, { challenge }), { publicKey: other.cose, challenge, rpId, isOrigin: () => true })) === 'good',
      )
    expect(KEYS.map(verifiedBy)).toEqual(KEYS.map((key) => [key]))
  })

  it('that says it enrols something proves nothing', () => {
    const challenge = Buffer.alloc(32, 7)
    const [key] = KEYS
    expect(
      refusal(() => verifyAssertion(made(key, { challenge, type: 'webauthn.create' }), { publicKey: key.cose, challenge, rpId, isOrigin: () => true })),
    ).toMatch(/not made to prove/)
  })

  it('is refused, and never crashes, whatever its bytes are', () => {
    const vector = named('packed-es256')
    const text = fc.oneof(
      fc.string(),
      fc.base64String(),
      fc.json().map((json) => Buffer.from(json).toString('base64url')),
    )
    fc.assert(
      fc.property(text, text, text, fc.uint8Array({ maxLength: 200 }), (clientDataJSON, authenticatorData, signature, publicKey) => {
        const said = refusal(() => verifyAssertion({ clientDataJSON, authenticatorData, signature }, { ...expectedOf(vector), publicKey }))
        expect(said).toMatch(/^(unreadable|bad-signature): /)
        expect(refusal(() => parseCoseKey(publicKey))).toMatch(/^unreadable: /)
      }),
    )
  })
})

interface SoftKey {
  readonly cose: Buffer
  readonly privateKey: KeyObject
  readonly digest: string | null
}

const unsigned = (text: string | undefined) => Buffer.from(text ?? '', 'base64url')

/** By hand, so that what reads COSE is not held against itself. */
const KEYS: readonly [SoftKey, SoftKey, SoftKey] = [es256(), eddsa(), rs256()]

function es256(): SoftKey {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const { x, y } = publicKey.export({ format: 'jwk' })
  return { cose: Buffer.concat([bytes('a5010203262001215820'), unsigned(x), bytes('225820'), unsigned(y)]), privateKey, digest: 'sha256' }
}

function eddsa(): SoftKey {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  return { cose: Buffer.concat([bytes('a4010103272006215820'), unsigned(publicKey.export({ format: 'jwk' }).x)]), privateKey, digest: null }
}

function rs256(): SoftKey {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const { n } = publicKey.export({ format: 'jwk' })
  return { cose: Buffer.concat([bytes('a401030339010020590100'), unsigned(n), bytes('2143010001')]), privateKey, digest: 'sha256' }
}

function made({ privateKey, digest }: SoftKey, of: { challenge: Uint8Array; counter?: number; type?: string }): Assertion {
  const { challenge, counter = 0, type = 'webauthn.get' } = of
  const clientData = Buffer.from(JSON.stringify({ type, challenge: Buffer.from(challenge).toString('base64url'), origin, crossOrigin: false }))
  const data = Buffer.concat([hash('sha256', rpId, 'buffer'), Buffer.from([0x05]), Buffer.alloc(4)])
  data.writeUInt32BE(counter, 33)
  const signature = sign(digest, Buffer.concat([data, hash('sha256', clientData, 'buffer')]), privateKey)
  return { clientDataJSON: clientData.toString('base64url'), authenticatorData: data.toString('base64url'), signature: signature.toString('base64url') }
}
