import { timingSafeEqual } from 'node:crypto'
import { ProtocolError } from './error.ts'
import { BINDING, bindingAttribute, deriveKeys, freshNonce, fromBase64, hmac, saslText, SCRAM, SCRAM_PLUS, sha256, toBase64, xor } from './scram.ts'

/** PostgreSQL's default is 4,096. More than this, and a hostile server could keep our CPUs busy with each connection. */
export const MAX_ITERATIONS = 100_000

export interface ScramClientInput {
  readonly password: string
  /** As offered in AuthenticationSASL. */
  readonly mechanisms: readonly string[]
  /** The hash of the server's certificate (RFC 5929 section 4.1) when the connection is TLS; null binds nothing. */
  readonly channelBinding: Uint8Array | null
  /** Works the keys out; a caller who logs in often may know them already. */
  readonly derive?: typeof deriveKeys
  /** Our part of the nonce; only a test with published vectors gives one. */
  readonly nonce?: string
  /** The user name in the message, which PostgreSQL ignores; only a test with published vectors gives one. */
  readonly user?: string
}

/**
 * One login at a server, from the client's side: `first`, `answer`, `verify`, once each. The server may be hostile: throws
 * ProtocolError 'auth'. A server that says AuthenticationOk before `verified` is true did not prove that it knows the password.
 */
export class ScramClient {
  readonly mechanism: typeof SCRAM | typeof SCRAM_PLUS
  readonly #input: ScramClientInput
  readonly #header: string
  readonly #nonce: string
  readonly #bare: string
  #signature: Uint8Array | null = null
  #answered = false
  #verified = false

  constructor(input: ScramClientInput) {
    this.mechanism = chooseMechanism(input)
    this.#input = input
    this.#header = bindingHeader(this.mechanism, input.channelBinding)
    this.#nonce = input.nonce ?? freshNonce()
    this.#bare = `n=${input.user ?? ''},r=${this.#nonce}`
  }

  get verified(): boolean {
    return this.#verified
  }

  /** The client-first message, for `saslInitial`. */
  first(): Uint8Array {
    return Buffer.from(this.#header + this.#bare)
  }

  /** Takes the server-first message and returns the client-final message, for `saslResponse`. */
  async answer(message: Uint8Array): Promise<Uint8Array> {
    if (this.#answered) throw refused('the server sent its challenge twice')
    this.#answered = true
    const serverFirst = saslText(message)
    const { nonce, salt, iterations } = parseServerFirst(serverFirst, this.#nonce)
    const { clientKey, serverKey } = await (this.#input.derive ?? deriveKeys)(this.#input.password, salt, iterations)
    const withoutProof = `${bindingAttribute(this.#header, this.#input.channelBinding)},r=${nonce}`
    const authMessage = `${this.#bare},${serverFirst},${withoutProof}`
    this.#signature = hmac(serverKey, authMessage)
    return Buffer.from(`${withoutProof},p=${toBase64(xor(clientKey, hmac(sha256(clientKey), authMessage)))}`)
  }

  /** Takes the server-final message, and throws unless the server knows the password's verifier. */
  verify(message: Uint8Array): void {
    if (this.#signature === null) throw refused('the server ended SCRAM before it began')
    const value = /^v=([^,]+)(?:,|$)/.exec(saslText(message))?.[1]
    const signature = value === undefined ? null : fromBase64(value)
    if (signature === null || signature.length !== this.#signature.length || !timingSafeEqual(signature, this.#signature))
      throw refused('the server did not prove that it knows the password: it may be another server than the one configured')
    this.#verified = true
  }
}

function chooseMechanism(input: ScramClientInput): typeof SCRAM | typeof SCRAM_PLUS {
  if (input.channelBinding !== null && input.mechanisms.includes(SCRAM_PLUS)) return SCRAM_PLUS
  if (input.mechanisms.includes(SCRAM)) return SCRAM
  throw refused(`the server offers ${JSON.stringify(input.mechanisms)}, and only ${SCRAM} is spoken here`)
}

/** RFC 5802 section 6. `y` lets the server find out that somebody in between took its offer of channel binding out. */
function bindingHeader(mechanism: typeof SCRAM | typeof SCRAM_PLUS, channelBinding: Uint8Array | null): string {
  if (mechanism === SCRAM_PLUS) return `p=${BINDING},,`
  return channelBinding === null ? 'n,,' : 'y,,'
}

function parseServerFirst(text: string, ours: string): { readonly nonce: string; readonly salt: Uint8Array; readonly iterations: number } {
  const [, nonce = '', encoded = '', count = ''] = /^r=([\x21-\x2b\x2d-\x7e]+),s=([^,]+),i=([1-9]\d{0,9})(?:,|$)/.exec(text) ?? []
  const salt = fromBase64(encoded)
  const iterations = Number(count)
  if (iterations === 0 || salt === null) throw refused('the server-first message is malformed or asks for an extension')
  if (!nonce.startsWith(ours) || nonce.length === ours.length) throw refused('the server did not add to our nonce: this is an old answer')
  if (iterations > MAX_ITERATIONS)
    throw refused(`the server asks for ${iterations} iterations, and ${MAX_ITERATIONS} is the limit; lower scram_iterations there and set the password again`)
  return { nonce, salt, iterations }
}

function refused(message: string): ProtocolError {
  return new ProtocolError('auth', message)
}
