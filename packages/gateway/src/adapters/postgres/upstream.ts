import type { Duplex } from 'node:stream'
import { Backend, BackendScanner, type Piece } from '@countersign/wire/postgres/backend'
import {
  decodeAuthentication,
  decodeBackendKeyData,
  decodeFields,
  decodeNegotiateProtocolVersion,
  decodeParameterStatus,
  decodeReadyForQuery,
} from '@countersign/wire/postgres/backend-message'
import { tlsServerEndPoint } from '@countersign/wire/postgres/channel-binding'
import { password, saslInitial, saslResponse, sslRequest, startup, terminate } from '@countersign/wire/postgres/encode'
import { ProtocolError } from '@countersign/wire/postgres/error'
import { md5Answer } from '@countersign/wire/postgres/md5'
import { ScramClient } from '@countersign/wire/postgres/scram-client'
import { LONG_KEYS_MINOR, NEWEST_MINOR } from '@countersign/wire/postgres/startup'
import { Cut, type Secured, type Target } from '../adapter.ts'
import { derivingOnce } from './known-keys.ts'
import { ConnectionRefused } from './refuse.ts'

/** A target that is logged in to and idle. Whoever takes it over reads `stream` on through `scanner`. */
export interface Upstream {
  readonly stream: Duplex
  readonly scanner: BackendScanner
  readonly key: { readonly processId: number; readonly secretKey: Uint8Array } | null
  /** What the server reported while it started, for the client as it is. Whoever has passed it on empties it: a session may last for hours. */
  readonly greeting: Uint8Array[]
  readonly parameters: Map<string, string>
}

/** The server's major version, 15 or 18; 0 where it does not say. */
export const versionOf = ({ parameters }: Pick<Upstream, 'parameters'>) => Number.parseInt(parameters.get('server_version') ?? '0', 10) || 0

/** How a version is answered by what does not know it and does not negotiate: PostgreSQL says `feature_not_supported`, an older PgBouncer (1.18, for one) `protocol_violation`. */
const VERSION_REFUSED: ReadonlySet<string> = new Set(['0A000', '08P01'])
class VersionRefused extends ConnectionRefused {}

const SHORT_KEY_BYTES = 4
const LOGIN_MS = 15_000
const CLOSE_MS = 1_000

/**
 * Dials, encrypts as configured, logs in with the resource's own credential. The client's token never gets here, and a
 * server that refuses TLS is an error, never a downgrade. `isKept` is for `target.dial`. Throws ConnectionRefused.
 */
export async function openUpstream(target: Target, settings: ReadonlyMap<string, string>, signal: AbortSignal, isKept?: () => boolean): Promise<Upstream> {
  const within = AbortSignal.any([signal, AbortSignal.timeout(LOGIN_MS)])
  try {
    return await openNegotiating({ ...target, dial: (dialling) => target.dial(dialling, isKept) }, settings, within)
  } catch (error) {
    if (signal.reason instanceof Cut) throw new ConnectionRefused('57P01', `terminating connection: ${signal.reason.message}`, null, { cause: error })
    if (error instanceof ConnectionRefused) throw error
    throw new ConnectionRefused(
      '08006',
      within.aborted && !signal.aborted ? `${target.resource} did not finish its login in ${LOGIN_MS / 1000} s` : messageOf(error),
      'Ask the operator of the gateway: its log says more.',
      { cause: error },
    )
  }
}

/** Servers that are older than the negotiation of versions refuse what they do not know, and are asked again for 3.0. */
async function openNegotiating(target: Target, settings: ReadonlyMap<string, string>, signal: AbortSignal): Promise<Upstream> {
  try {
    return await openSpeaking(NEWEST_MINOR, target, settings, signal)
  } catch (error) {
    if (error instanceof VersionRefused) return openSpeaking(0, target, settings, signal)
    throw error
  }
}

async function openSpeaking(minor: number, target: Target, settings: ReadonlyMap<string, string>, signal: AbortSignal): Promise<Upstream> {
  let stream: Duplex | null = null
  try {
    stream = await target.dial(signal)
    const secured: Secured = target.tls === 'disable' ? { stream, certificate: null, protocol: null } : await encrypt(target, stream, signal)
    stream = secured.stream
    return await login(target, secured, minor, settings, signal)
  } catch (error) {
    stream?.destroy()
    throw error
  }
}

/** Ends it as a client that is done would. Nothing is read any more: a server in the middle of a long answer must not wait for us. */
export function closeUpstream({ stream }: Upstream): void {
  const enough = setTimeout(() => stream.destroy(), CLOSE_MS)
  stream.end(terminate(), () => {
    clearTimeout(enough)
    stream.destroy()
  })
}

async function encrypt(target: Target, stream: Duplex, signal: AbortSignal): Promise<Secured> {
  stream.write(sslRequest())
  const answer = await oneChunk(stream, signal)
  if (answer.length === 1 && answer[0] === 0x53) return target.startTls(stream)
  if (answer.length === 1)
    throw new ConnectionRefused(
      '08001',
      `${target.resource} does not speak TLS, and its configuration says tls.mode: ${target.tls}`,
      'Turn TLS on at the server, or set tls.mode: disable for a server on this very machine.',
    )
  throw new ProtocolError('unexpected', `${target.resource} sent bytes behind its answer to the request for encryption`)
}

async function login(target: Target, secured: Secured, asked: number, settings: ReadonlyMap<string, string>, signal: AbortSignal): Promise<Upstream> {
  const { stream } = secured
  const scanner = new BackendScanner()
  const greeting: Uint8Array[] = []
  const parameters = new Map<string, string>()
  const authentication = new Authentication(target, secured)
  let minor = asked
  let key: Upstream['key'] = null
  stream.write(startup(asked, [['user', target.username], ['database', target.database], ...settings]))
  for (;;) {
    const chunk = await oneChunk(stream, signal)
    for (const piece of scanner.push(chunk)) {
      switch (piece.code) {
        case Backend.authentication:
          await authentication.answer(bodyOf(piece))
          break
        case Backend.parameterStatus: {
          const { name, value } = decodeParameterStatus(bodyOf(piece))
          parameters.set(name, value)
          greeting.push(Uint8Array.from(piece.bytes))
          break
        }
        case Backend.backendKeyData:
          key = decodeBackendKeyData(Uint8Array.from(bodyOf(piece)))
          if (minor < LONG_KEYS_MINOR && key.secretKey.length !== SHORT_KEY_BYTES)
            throw new ProtocolError('malformed', `${target.resource} gave a cancel key of ${key.secretKey.length} bytes in protocol 3.${minor}`)
          break
        case Backend.negotiateProtocolVersion:
          if (authentication.begun || minor !== asked) throw new ProtocolError('unexpected', `${target.resource} negotiated the protocol too late`)
          minor = negotiated(target, bodyOf(piece), asked)
          break
        case Backend.noticeResponse:
          greeting.push(Uint8Array.from(piece.bytes))
          break
        case Backend.errorResponse:
          throw refusedBy(target, bodyOf(piece), asked > 0 && !authentication.begun)
        case Backend.readyForQuery:
          if (!authentication.complete || decodeReadyForQuery(bodyOf(piece)) !== 'I')
            throw new ProtocolError('unexpected', `${target.resource} was ready before its login was over`)
          return { stream, scanner, key, greeting, parameters }
        default:
          throw new ProtocolError('unexpected', `${target.resource} sent something that has no place in a login`)
      }
    }
  }
}

/** The gateway's own login at the target. A password goes in clear only inside TLS, or where nobody can listen. */
class Authentication {
  readonly #target: Target
  readonly #stream: Duplex
  readonly #derive: ReturnType<typeof derivingOnce>
  readonly #certificate: Uint8Array | null
  #begun = false
  #scram: ScramClient | null = null
  #complete = false

  constructor(target: Target, { stream, certificate }: Secured) {
    this.#target = target
    this.#stream = stream
    this.#derive = derivingOnce(JSON.stringify([target.resource, target.username]))
    this.#certificate = certificate
  }

  /** The server has asked for something, or for nothing. */
  get begun(): boolean {
    return this.#begun
  }

  get complete(): boolean {
    return this.#complete
  }

  async answer(body: Uint8Array): Promise<void> {
    this.#begun = true
    const asked = decodeAuthentication(body)
    switch (asked.kind) {
      case 'ok':
        if (this.#scram && !this.#scram.verified) throw new ProtocolError('auth', `${this.#target.resource} did not prove that it knows the password`)
        this.#complete = true
        return
      case 'cleartext':
        if (this.#target.tls === 'disable')
          throw new ConnectionRefused(
            '08001',
            `${this.#target.resource} asks for its password in clear, over a connection that is not encrypted`,
            'Set tls.mode: verify-full, or let the server use scram-sha-256.',
          )
        this.#stream.write(password(await this.#password()))
        return
      case 'md5':
        this.#stream.write(password(md5Answer(this.#target.username, await this.#password(), asked.salt)))
        return
      case 'sasl':
        this.#scram = new ScramClient({
          password: await this.#password(),
          mechanisms: asked.mechanisms,
          channelBinding: this.#certificate && tlsServerEndPoint(this.#certificate),
          derive: this.#derive,
        })
        this.#stream.write(saslInitial(this.#scram.mechanism, this.#scram.first()))
        return
      case 'saslContinue':
        this.#stream.write(saslResponse(await this.#exchange().answer(asked.data)))
        return
      case 'saslFinal':
        this.#exchange().verify(asked.data)
        return
      case 'other':
        throw new ConnectionRefused(
          '08001',
          `${this.#target.resource} asks for authentication method ${asked.method}, which is not spoken here`,
          'The server may use scram-sha-256, md5, password over TLS, or trust.',
        )
    }
  }

  #exchange(): ScramClient {
    if (!this.#scram) throw new ProtocolError('auth', `${this.#target.resource} went on with an exchange that was never begun`)
    return this.#scram
  }

  async #password(): Promise<string> {
    const secret = await this.#target.password()
    if (secret === null)
      throw new ConnectionRefused(
        '08001',
        `${this.#target.resource} asks for a password, and its configuration has none`,
        'Give the resource a credential.password (env, file or exec).',
      )
    return secret
  }
}

/** The server speaks an older 3.x than was asked for, and must say so in these words: we asked for no option that it could refuse. */
function negotiated(target: Target, body: Uint8Array, asked: number): number {
  const { minor, unrecognized } = decodeNegotiateProtocolVersion(body)
  if (minor >= asked || unrecognized.length > 0) throw new ProtocolError('version', `${target.resource} answered 3.${asked} with 3.${minor}`)
  return minor
}

function refusedBy(target: Target, body: Uint8Array, mayBeVersion: boolean): ConnectionRefused {
  const fields = decodeFields(body)
  const code = fields.get('C') ?? ''
  if (mayBeVersion && VERSION_REFUSED.has(code)) return new VersionRefused(code, fields.get('M') ?? '', null)
  return new ConnectionRefused(
    fields.get('C') ?? '08006',
    `${target.resource} refused the gateway: ${fields.get('M') ?? 'no message'}`,
    fields.get('H') ?? null,
  )
}

/** The next bytes; the stream is paused in between, so that nothing is lost when somebody else takes it over. */
function oneChunk(stream: Duplex, signal: AbortSignal): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const done = (finish: () => void) => {
      stream.pause()
      stream.off('data', onData)
      stream.off('close', onClose)
      stream.off('end', onClose)
      signal.removeEventListener('abort', onAbort)
      finish()
    }
    const onData = (chunk: Uint8Array) => done(() => resolve(chunk))
    const onClose = () => done(() => reject(new Error('the server closed the connection')))
    const onAbort = () => done(() => reject(new Error('the wait for the server was ended')))
    stream.on('data', onData)
    stream.on('close', onClose)
    stream.on('end', onClose)
    signal.addEventListener('abort', onAbort)
    if (signal.aborted) return onAbort()
    if (stream.destroyed) return onClose()
    stream.resume()
    return undefined
  })
}

function bodyOf(piece: Piece): Uint8Array {
  if (piece.body === null) throw new ProtocolError('unexpected', 'rows before a query')
  return piece.body
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error))
