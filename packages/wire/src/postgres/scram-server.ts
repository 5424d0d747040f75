import { timingSafeEqual } from 'node:crypto'
import { ProtocolError } from './error.ts'
import { BINDING, bindingAttribute, freshNonce, fromBase64, hmac, saslText, SCRAM, SCRAM_PLUS, sha256, toBase64, xor, type Verifier } from './scram.ts'

export interface ScramServerInput {
  /** The same for every verifier of the user, and for an unknown user one that looks no different. */
  readonly salt: Uint8Array
  readonly iterations: number
  /** The hash of our certificate (RFC 5929 section 4.1) when the client came over TLS; null offers no binding. */
  readonly channelBinding: Uint8Array | null
  /** Our part of the nonce; only a test with published vectors gives one. */
  readonly nonce?: string
}

/** Which candidate the client proved to hold, and the server-final message that proves the same to it. */
export interface ScramMatch {
  readonly index: number
  readonly message: Uint8Array
}

interface FirstExchange {
  readonly header: string
  readonly bare: string
  readonly serverFirst: string
  readonly nonce: string
}

/**
 * One login, from the server's side: `first`, then `final`, once each. The messages are the client's, and hostile: what
 * breaks the rules throws ProtocolError 'auth', a wrong password is null. The user name inside is ignored as in
 * PostgreSQL; the one in the startup packet counts.
 */
export class ScramServer {
  readonly #input: ScramServerInput
  #exchange: FirstExchange | null = null

  constructor(input: ScramServerInput) {
    this.#input = input
  }

  /** For AuthenticationSASL, the stronger first. */
  get mechanisms(): readonly string[] {
    return this.#input.channelBinding === null ? [SCRAM] : [SCRAM_PLUS, SCRAM]
  }

  /** Takes the client-first message and returns the server-first message. */
  first(mechanism: string, message: Uint8Array): Uint8Array {
    if (this.#exchange !== null) throw refused('the client began SCRAM twice')
    if (!this.mechanisms.includes(mechanism)) throw refused(`the client chose ${JSON.stringify(mechanism)}; offered were ${this.mechanisms.join(', ')}`)
    const { header, bare } = this.#splitHeader(mechanism, saslText(message))
    const nonce = clientNonce(bare) + (this.#input.nonce ?? freshNonce())
    const serverFirst = `r=${nonce},s=${toBase64(this.#input.salt)},i=${this.#input.iterations}`
    this.#exchange = { header, bare, serverFirst, nonce }
    return Buffer.from(serverFirst)
  }

  /** Takes the client-final message and tries every candidate, all of them whichever matches. Null: none does. */
  final(message: Uint8Array, candidates: readonly Verifier[]): ScramMatch | null {
    const exchange = this.#exchange
    if (exchange === null) throw refused('the client ended SCRAM before it began')
    this.#exchange = null // an answer is good for one try
    const { withoutProof, proof } = this.#checkFinal(exchange, saslText(message))
    const authMessage = `${exchange.bare},${exchange.serverFirst},${withoutProof}`
    const matches = candidates.map((candidate) => proves(candidate, authMessage, proof))
    const index = matches.indexOf(true)
    const winner = candidates[index]
    return winner === undefined ? null : { index, message: Buffer.from(`v=${toBase64(hmac(winner.serverKey, authMessage))}`) }
  }

  #splitHeader(mechanism: string, text: string): { readonly header: string; readonly bare: string } {
    const [flag = '', authzid = '', ...rest] = text.split(',')
    if (rest.length === 0) throw refused('the client-first message has no header')
    if (authzid !== '') throw refused('the client asked to act as somebody else (authzid), which PostgreSQL does not have')
    this.#checkBindingFlag(mechanism, flag)
    return { header: `${flag},,`, bare: rest.join(',') }
  }

  /** RFC 5802 section 6. */
  #checkBindingFlag(mechanism: string, flag: string): void {
    const binds = flag === `p=${BINDING}`
    if (!binds && flag !== 'n' && flag !== 'y') throw refused(`the channel binding flag is neither n, y nor p=${BINDING}`)
    if (binds !== (mechanism === SCRAM_PLUS)) throw refused(`the channel binding flag does not go with ${mechanism}`)
    if (flag === 'y' && this.#input.channelBinding !== null)
      throw refused('the client believes that no channel binding was offered, though it was: somebody in between took the offer out')
  }

  #checkFinal(exchange: FirstExchange, text: string): { readonly withoutProof: string; readonly proof: Uint8Array } {
    const end = text.lastIndexOf(',p=')
    if (end === -1) throw refused('the client-final message has no proof')
    const withoutProof = text.slice(0, end)
    const [binding, nonce] = withoutProof.split(',')
    if (binding !== bindingAttribute(exchange.header, this.#input.channelBinding))
      throw refused('channel binding failed: the client is not at the other end of this TLS connection')
    if (nonce !== `r=${exchange.nonce}`) throw refused('the client-final message has another nonce')
    const proof = fromBase64(text.slice(end + 3))
    if (proof === null || proof.length !== 32) throw refused('the proof is not 32 bytes in base64')
    return { withoutProof, proof }
  }
}

function clientNonce(bare: string): string {
  if (bare.startsWith('m=')) throw refused('the client asked for a mandatory extension, and there are none')
  const nonce = /^n=[^,]*,r=([\x21-\x2b\x2d-\x7e]+)(?:,|$)/.exec(bare)?.[1]
  if (nonce === undefined) throw refused('the client-first message has no user name and nonce')
  return nonce
}

/** RFC 5802 section 3: ClientKey comes out of the proof, and its hash must be the StoredKey. */
function proves(candidate: Verifier, authMessage: string, proof: Uint8Array): boolean {
  const clientKey = xor(proof, hmac(candidate.storedKey, authMessage))
  return timingSafeEqual(sha256(clientKey), candidate.storedKey)
}

function refused(message: string): ProtocolError {
  return new ProtocolError('auth', message)
}
