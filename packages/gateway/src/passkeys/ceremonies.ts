import { createHash } from 'node:crypto'
import type { Assertion, CreationOptions, Registration, RequestOptions } from '@countersign/contract/schemas/webauthn'
import { DomainError } from '@countersign/core/error'
import { COSE_ALGORITHMS, type CoseAlgorithm, parseCoseKey } from '@countersign/ledger/cose'
import { LedgerError } from '@countersign/ledger/error'
import type { PasskeyRecord } from '../store/store.ts'
import { WorkflowError } from '../workflow/workflow.ts'
import { type Challenges, LIFE_MS } from './challenges.ts'
import { type RelyingParty, relyingPartyOf } from './relying-party.ts'

/** Loaded for the first passkey that is used: with all that it knows of certificates it takes a tenth of a gateway's start. */
const webauthn = () => import('@simplewebauthn/server')
const helpers = () => import('@simplewebauthn/server/helpers')

export interface CeremoniesOptions {
  readonly challenges: Challenges
  /** Asked at each use: the port may be known only once the gateway listens. */
  readonly config: { readonly url: string }
}

/** What a registration made. */
export type NewPasskey = Pick<PasskeyRecord, 'credential' | 'publicKey' | 'algorithm' | 'rpId' | 'counter' | 'transports' | 'backedUp'>

/**
 * The exchanges of WebAuthn (Level 3, section 7) with this gateway as relying party. A challenge is good once, for what it was made for (`about`).
 * What is not good throws DomainError `signature-refused`, and what this gateway cannot do at its URL WorkflowError.
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

  creation(about: string, user: { readonly name: string; readonly displayName: string | null }, has: readonly PasskeyRecord[]): CreationOptions {
    return {
      rp: { id: this.#party().id, name: 'Countersign' },
      challenge: this.#options.challenges.make(about).toString('base64url'),
      user: { id: userHandle(user.name), name: user.name, displayName: user.displayName ?? user.name },
      pubKeyCredParams: Object.values(COSE_ALGORITHMS).map((alg) => ({ type: 'public-key', alg })),
      timeout: LIFE_MS,
      excludeCredentials: has.map(descriptorOf),
      authenticatorSelection: { residentKey: 'required', requireResidentKey: true, userVerification: 'required' },
      attestation: 'none',
    }
  }

  /** With a new challenge. Without passkeys the browser offers whichever it has. */
  request(about: string, allowed: readonly PasskeyRecord[]): RequestOptions {
    return this.requestFor(this.#options.challenges.make(about), allowed)
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
    const challenge = this.#ours(about, await challengeIn(response.clientDataJSON))
    const { registrationInfo } = await trying(async () => {
      await refuseAttestation(response.attestationObject)
      return (await webauthn()).verifyRegistrationResponse({
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
    const algorithm = algorithmOf(credential.publicKey)
    await this.#spend(challenge)
    return {
      credential: credential.id,
      publicKey: Buffer.from(credential.publicKey).toString('base64'),
      algorithm,
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
    const challenge = typeof about === 'string' ? this.#ours(about, await challengeIn(clientDataJSON)) : Buffer.from(about).toString('base64url')
    const { verified, authenticationInfo } = await trying(async () =>
      (await webauthn()).verifyAuthenticationResponse({
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
    if (typeof about === 'string') await this.#spend(challenge)
    return { counter: authenticationInfo.newCounter }
  }

  #party(): RelyingParty {
    const party = this.relyingParty
    if (party) return party
    const message = `browsers make no passkeys for ${this.#options.config.url}: set \`url\` to the https address, with a name, under which people open this gateway`
    throw new WorkflowError('invalid', message)
  }

  #ours(about: string, challenge: string): string {
    if (this.#options.challenges.isGood(about, Buffer.from(challenge, 'base64url'))) return challenge
    throw refused('its challenge is too old, or was for something else; start again')
  }

  /** Only what was right uses it up: what is wrong leaves no row behind, whoever sends it. */
  async #spend(challenge: string): Promise<void> {
    if (!(await this.#options.challenges.spend(Buffer.from(challenge, 'base64url')))) throw refused('its challenge was answered before; start again')
  }
}

/** The same for all passkeys of a user, and says nothing of him. */
export const userHandle = (user: string): string => createHash('sha256').update(`countersign-user-handle:${user}`).digest('base64url')

async function challengeIn(clientDataJSON: string): Promise<string> {
  const { challenge } = await trying(async () => (await helpers()).decodeClientDataJSON(clientDataJSON))
  return typeof challenge === 'string' ? challenge : ''
}

const descriptorOf = ({ credential, transports }: PasskeyRecord) => ({
  type: 'public-key' as const,
  id: credential,
  ...(transports.length > 0 ? { transports: [...transports] } : {}),
})

/**
 * Nobody was asked to vouch for the passkey; an authenticator may still vouch for itself. A certificate is refused unread: to verify it, whatever addresses it
 * names would be asked.
 */
async function refuseAttestation(attestationObject: string): Promise<void> {
  const { decodeAttestationObject, isoBase64URL } = await helpers()
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
async function trying<T>(work: () => Promise<T>): Promise<T> {
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
