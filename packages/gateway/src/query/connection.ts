import { X509Certificate } from 'node:crypto'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { Backend, BackendScanner, type Piece } from '@countersign/wire/postgres/backend'
import { decodeAuthentication } from '@countersign/wire/postgres/backend-message'
import { tlsServerEndPoint } from '@countersign/wire/postgres/channel-binding'
import { password, saslInitial, saslResponse } from '@countersign/wire/postgres/encode'
import { ProtocolError } from '@countersign/wire/postgres/error'
import { ScramClient } from '@countersign/wire/postgres/scram-client'
import type { Address } from '../config/config.ts'
import { handshake } from '../net/listen.ts'

/** A listener on all addresses is reached at the loopback. */
const REACHED: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' }

/**
 * Dials the gateway's own listener, over TLS, which must prove that it has this very certificate (PEM): who issued it, and for which name, says nothing more.
 * When `signal` aborts the connection is gone at once, now or later.
 */
export async function dialOwn({ host, port }: Address, certificate: string, signal: AbortSignal): Promise<TLSSocket> {
  const socket = connectTls({ host: REACHED[host] ?? host, port, servername: '', ALPNProtocols: ['postgresql'], rejectUnauthorized: false })
  const onAbort = () => socket.destroy()
  signal.addEventListener('abort', onAbort)
  socket.once('close', () => signal.removeEventListener('abort', onAbort))
  if (signal.aborted) onAbort()
  await handshake(socket, 'secureConnect')
  socket.setNoDelay(true)
  const shown = socket.getPeerX509Certificate()
  if (shown?.raw.equals(new X509Certificate(certificate).raw)) return socket
  socket.destroy()
  throw new Error("the listener's address is answered by somebody else")
}

/** What the server sends, in order. Nothing is read while nobody asks for the next piece. */
export async function* piecesOf(socket: TLSSocket): AsyncGenerator<Piece, void, undefined> {
  const scanner = new BackendScanner()
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) yield* scanner.push(chunk as Uint8Array)
}

/** The login with a token: SCRAM bound to the channel, or the token itself where the gateway asks for that, within TLS. */
export class TokenLogin {
  readonly #socket: TLSSocket
  readonly #secret: string
  #scram: ScramClient | null = null

  constructor(socket: TLSSocket, secret: string) {
    this.#socket = socket
    this.#secret = secret
  }

  async answer({ code, body }: Piece): Promise<void> {
    if (code !== Backend.authentication || body === null) throw new ProtocolError('unexpected', 'not a question of a login')
    const asked = decodeAuthentication(body)
    switch (asked.kind) {
      case 'ok':
        return
      case 'cleartext':
        this.#socket.write(password(this.#secret))
        return
      case 'sasl': {
        const certificate = this.#socket.getPeerX509Certificate()
        const channelBinding = certificate ? tlsServerEndPoint(certificate.raw) : null
        this.#scram = new ScramClient({ password: this.#secret, mechanisms: asked.mechanisms, channelBinding })
        this.#socket.write(saslInitial(this.#scram.mechanism, this.#scram.first()))
        return
      }
      case 'saslContinue':
        if (this.#scram) this.#socket.write(saslResponse(await this.#scram.answer(asked.data)))
        return
      case 'saslFinal':
        this.#scram?.verify(asked.data)
        return
      case 'md5':
      case 'other':
        throw new ProtocolError('auth', `this gateway's listener asks for ${asked.kind}`)
    }
  }
}
