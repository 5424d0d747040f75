import { createServer, type Server, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { type SecureContext, TLSSocket } from 'node:tls'
import type { Client, Secured } from '../adapters/adapter.ts'
import type { Address } from '../config/config.ts'

const KEEPALIVE_MS = 30_000
const TLS_HANDSHAKE_MS = 10_000

/** A listening socket. */
export interface Listener {
  readonly address: Address
  /** Takes no more connections; those that are open stay so. */
  close(): void
}

/** `paused`: nothing is read from a connection here, because it is handed on to another process. */
export async function listen(address: Address, accept: (socket: Socket) => void, paused = false): Promise<Listener> {
  const server = createServer({ pauseOnConnect: paused }, accept)
  await bind(server, address)
  return { address: { host: address.host, port: portOf(server) }, close: () => void server.close() }
}

/** Every connection that this process serves. A failure of `serve` ends its connection and nothing else. */
export class Connections {
  readonly #context: SecureContext
  readonly #serve: (client: Client) => Promise<void>
  readonly #onError: (error: unknown) => void
  readonly #open = new Set<Socket>()
  readonly #serving = new Set<Promise<void>>()

  constructor(context: SecureContext, serve: (client: Client) => Promise<void>, onError: (error: unknown) => void) {
    this.#context = context
    this.#serve = serve
    this.#onError = onError
  }

  accept(socket: Socket): void {
    socket.setKeepAlive(true, KEEPALIVE_MS)
    socket.setNoDelay(true)
    this.#open.add(socket)
    socket.on('close', () => this.#open.delete(socket))
    socket.on('error', () => socket.destroy()) // a client's reset is no event of ours
    const served = this.#serve(clientOf(socket, this.#context))
      .catch(this.#onError)
      .finally(() => {
        socket.destroy()
        this.#serving.delete(served)
      })
    this.#serving.add(served)
  }

  /** Resolves when those that are open have been served. */
  async served(): Promise<void> {
    await Promise.all(this.#serving)
  }

  /** Ends what is still open. */
  close(): void {
    for (const socket of this.#open) socket.destroy()
  }
}

function clientOf(socket: Socket, context: SecureContext): Client {
  const address = `${socket.remoteAddress ?? 'unknown'}:${socket.remotePort ?? 0}`
  return { stream: socket, address, loopback: isLoopback(socket.remoteAddress ?? ''), startTls: (stream) => serverTls(stream, context) }
}

/** True for addresses that never leave the machine. */
export function isLoopback(address: string): boolean {
  return address === '::1' || address === 'localhost' || /^(::ffff:)?127\./.test(address)
}

async function serverTls(stream: Duplex, secureContext: SecureContext): Promise<Secured> {
  const secure = await handshake(new TLSSocket(stream, { isServer: true, secureContext, ALPNProtocols: ['postgresql'] }), 'secure')
  return { stream: secure, certificate: secure.getX509Certificate()?.raw ?? null, protocol: secure.alpnProtocol || null }
}

/** Resolves when the handshake is complete; rejects, and destroys the socket, when it fails or stalls. */
export function handshake(secure: TLSSocket, event: 'secure' | 'secureConnect'): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const stalled = setTimeout(() => secure.destroy(new Error('the TLS handshake stalled')), TLS_HANDSHAKE_MS)
    secure.once(event, () => {
      clearTimeout(stalled)
      secure.off('error', reject)
      secure.on('error', () => secure.destroy())
      resolve(secure)
    })
    secure.once('error', reject)
    secure.once('close', () => {
      clearTimeout(stalled)
      reject(new Error('the connection closed during the TLS handshake'))
    })
  })
}

function bind(server: Server, { host, port }: Address): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(error.code === 'EADDRINUSE' ? new Error(`${host}:${port} cannot be had: another program is listening there`, { cause: error }) : error),
    )
    server.listen({ host, port }, resolve)
  })
}

function portOf(server: Server): number {
  const address = server.address()
  return address !== null && typeof address === 'object' ? address.port : 0
}
