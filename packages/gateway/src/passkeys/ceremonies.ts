import { createHash, randomBytes } from 'node:crypto'
import type { Assertion, CreationOptions, Registration, RequestOptions } from '@countersign/contract/schemas/webauthn'
import { DomainError } from '@countersign/core/error'
import { COSE_ALGORITHMS, type CoseAlgorithm, parseCoseKey } from '@countersign/ledger/cose'
import { LedgerError } from '@countersign/ledger/error'
import { verifyAuthenticationResponse, verifyRegistrationResponse } from '@simplewebauthn/server'
import { decodeAttestationObject, decodeClientDataJSON, isoBase64URL } from '@simplewebauthn/server/helpers'
import type { Clock } from '../clock.ts'
import type { PasskeyRecord, Store } from '../store/store.ts'
import { WorkflowError } from '../workflow/workflow.ts'
import { type RelyingParty, relyingPartyOf } from './relying-party.ts'

/** How long a browser has to answer. */
const LIFE_MS = 5 * 60_000

export interface CeremoniesOptions {
  readonly store: Pick<Store, 'challenges'>
  readonly clock: Pick<Clock, 'now'>
  /** Asked at each use: the port may be known only once the gateway listens. */
  readonly config: { readonly url: string }
}

/** What a registration made. */
export type NewPasskey = Pick<PasskeyRecord, 'credential' | 'publicKey' | 'algorithm' | 'rpId' | 'counter' | 'transports' | 'backedUp'>

/**
 * The exchanges of WebAuthn (Level 3, section 7) with this gateway as relying party. A challenge is good once, for what it was made for (`about`), and for five
 * minutes, at every gateway on the store. What is not good throws DomainError `signature-refused`, and what this gateway cannot do at its URL WorkflowError.
 */
export class Ceremonies {
  readonly #options: CeremoniesOptions

  constructor(options: CeremoniesOptions) {
    this.#options = options
  }

  get url(): string {
    return this.#options.config.url
  }

  /** Null where browsers make no passkeys for this gateway. */
  get relyingParty(): RelyingParty | null {
    return relyingPartyOf(this.#options.config.url)
  }

  async creation(about: string, user: { readonly name: string; readonly displayName: string | null }, has: readonly PasskeyRecord[]): Promise<CreationOptions> {
    return {
      challenge: (await this.#newChallenge(about)).toString('base64url'),
      rp: { id: this.#party().id, name: 'Countersign' },
      user: { id: userHandle(user.name), name: user.name, displayName: user.displayName ?? user.name },
      pubKeyCredParams: Object.values(COSE_ALGORITHMS).map((alg) => ({ type: 'public-key', alg })),
      timeout: LIFE_MS,
      excludeCredentials: has.map(descriptorOf),
      authenticatorSelection: { residentKey: 'required', requireResidentKey: true, userVerification: 'required' },
      attestation: 'none',
    }
  }

  /** With a new challenge. Without passkeys the browser offers whichever it has. */
  async request(about: string, allowed: readonly PasskeyRecord[]): Promise<RequestOptions> {
    return this.requestFor(await this.#newChallenge(about), allowed)
  }

  requestFor(challenge: Uint8Array, allowed: readonly PasskeyRecord[]): RequestOptions {
    return {
      challenge: Buffer.from(challenge).toString('base64url'),
      rpId: this.#party().id,
      timeout: LIFE_MS,
      userVerification: 'required',
      allowCredentials: allowed.map(descriptorOf),
    }
  }

  /** A new passkey, which was made on this gateway's own page with the person verified. */
  async created(about: string, { id, rawId, type, response }: Registration): Promise<NewPasskey> {
    const { id: rpId, origin } = this.#party()
    const { transports = [], ...given } = response
    const challenge = await this.#take(about, response.clientDataJSON)
    const { registrationInfo } = await trying(() => {
      refuseAttestation(response.attestationObject)
      return verifyRegistrationResponse({
        response: { id, rawId, type, response: given, clientExtensionResults: {} },
        expectedChallenge: challenge,
        expectedOrigin: origin,
        expectedRPID: rpId,
        requireUserVerification: true,
        supportedAlgorithmIDs: Object.values(COSE_ALGORITHMS),
      })
    })
    if (!registrationInfo) throw refused('the authenticator vouches for the passkey, and what it says is not true')
    const { credential, credentialBackedUp } = registrationInfo
    return {
      credential: credential.id,
      publicKey: Buffer.from(credential.publicKey).toString('base64'),
      algorithm: algorithmOf(credential.publicKey),
      rpId,
      counter: credential.counter,
      transports,
      backedUp: credentialBackedUp,
    }
  }

  /** What the passkey's authenticator counts it as, once it has signed a challenge that was given for this; a challenge of the caller's own where there is one. */
  async proven(about: string | Uint8Array, { id, rawId, type, response }: Assertion, passkey: PasskeyRecord): Promise<{ readonly counter: number }> {
    const { id: rpId, origin } = this.#party()
    const { clientDataJSON, authenticatorData, signature, userHandle: handle } = response
    if (typeof handle === 'string' && handle !== '' && handle !== userHandle(passkey.user)) throw refused('the passkey says that it is of somebody else')
    const challenge = typeof about === 'string' ? await this.#take(about, clientDataJSON) : Buffer.from(about).toString('base64url')
    const { verified, authenticationInfo } = await trying(() =>
      verifyAuthenticationResponse({
        response: { id, rawId, type, response: { clientDataJSON, authenticatorData, signature }, clientExtensionResults: {} },
        expectedChallenge: challenge,
        expectedOrigin: origin,
        expectedRPID: rpId,
        // Whether it goes back is for whoever keeps it, and is recorded.
        credential: { id: passkey.credential, publicKey: Buffer.from(passkey.publicKey, 'base64'), counter: 0 },
        requireUserVerification: true,
      }),
    )
    if (!verified) throw refused('it was not signed with this passkey, or was altered')
    return { counter: authenticationInfo.newCounter }
  }

  #party(): RelyingParty {
    const party = this.relyingParty
    if (party) return party
    const message = `browsers make no passkeys for ${this.#options.config.url}: set \`url\` to the https address, with a name, under which people open this gateway`
    throw new WorkflowError('invalid', message)
  }

  async #newChallenge(about: string): Promise<Buffer> {
    this.#party()
    const challenge = randomBytes(32)
    const now = this.#options.clock.now()
    await this.#options.store.challenges.insert({ hash: hashOf(challenge.toString('base64url')), about, expiresAt: now + LIFE_MS }, now)
    return challenge
  }

  /** The challenge that was answered: it is used up, whatever comes of the answer. */
  async #take(about: string, clientDataJSON: string): Promise<string> {
    const { store, clock } = this.#options
    const { challenge } = await trying(() => decodeClientDataJSON(clientDataJSON))
    if (typeof challenge === 'string' && (await store.challenges.take({ hash: hashOf(challenge), about }, clock.now()))) return challenge
    throw refused('its challenge was answered before, is too old, or was for something else; start again')
  }
}

/** The same for all passkeys of a user, and says nothing of him. */
export const userHandle = (user: string): string => createHash('sha256').update(`countersign-user-handle:${user}`).digest('base64url')

const hashOf = (challenge: string) => createHash('sha256').update(challenge).digest('hex')

const descriptorOf = ({ credential, transports }: PasskeyRecord) => ({
  type: 'public-key' as const,
  id: credential,
  ...(transports.length > 0 ? { transports: [...transports] } : {}),
})

/**
 * Nobody was asked to vouch for the passkey; an authenticator may still vouch for itself. A certificate is refused unread: to verify it, whatever addresses it
 * names would be asked.
 */
function refuseAttestation(attestationObject: string): void {
  const decoded = decodeAttestationObject(isoBase64URL.toBuffer(attestationObject))
  const format = decoded.get('fmt')
  if (format !== 'none' && (format !== 'packed' || decoded.get('attStmt').get('x5c') !== undefined))
    throw new Error('it comes with a certificate, which nobody asked for')
}

/** Read as whoever verifies the ledger reads it. */
function algorithmOf(publicKey: Uint8Array): CoseAlgorithm {
  try {
    return parseCoseKey(publicKey).algorithm
  } catch (error) {
    if (error instanceof LedgerError) throw refused(error.message)
    throw error
  }
}

/** The library throws errors of all kinds at what it does not take, whoever wrote it. */
async function trying<T>(work: () => Promise<T> | T): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw refused(error instanceof Error && error.constructor === Error ? error.message : 'it cannot be read', error)
  }
}

function refused(why: string, cause?: unknown): DomainError {
  const error = new DomainError('signature-refused', `the passkey was refused: ${why}`)
  error.cause = cause
  return error
}
