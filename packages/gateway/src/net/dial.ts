import { readFile } from 'node:fs/promises'
import { connect as connectTcp, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { connect as connectTls } from 'node:tls'
import type { Secured, Target } from '../adapters/adapter.ts'
import type { Config, Resource } from '../config/config.ts'
import { readSecret } from '../config/secret.ts'
import { ReadBuffers } from './buffers.ts'
import { handshake } from './listen.ts'

const CONNECT_MS = 10_000

/** The way to a configured resource. Its credential is read at each connect and never kept. */
export function targetOf(config: Pick<Config, 'hold'>, resource: Resource, database: string | null): Target {
  const { credential } = resource
  return {
    resource: resource.name,
    server: `${resource.host}:${resource.port}`,
    database: database ?? resource.database,
    username: credential.username,
    accounts: resource.accounts.mode === 'ephemeral' ? resource.accounts : null,
    tls: resource.tls.mode,
    trustedFunctions: resource.functions.trusted,
    trustedExtensions: resource.functions.extensions,
    catalogMaxAgeMs: resource.catalog.maxAgeMs,
    countUpToCost: resource.impact.maxCost,
    holdInTransactionMs: config.hold.inTransactionMs,
    password: async () => (credential.password ? readSecret(credential.password) : null),
    dial: (signal, isKept) => dial(resource, signal, isKept),
    startTls: (stream) => startTls(resource, stream),
  }
}

/** `signal` ends the attempt and not the connection: given to the socket itself, it would cut it whenever a login's deadline comes. */
function dial({ name, host, port, tls }: Resource, signal: AbortSignal, isKept?: () => boolean): Promise<Socket> {
  return new Promise((resolve, reject) => {
    // TLS reads the socket by itself, into buffers of its own.
    const buffers = isKept && tls.mode === 'disable' ? new ReadBuffers(isKept) : null
    const socket = connectTcp({ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: 30_000, ...(buffers && { onread: buffers.onread }) })
    buffers?.fill(socket)
    const onAbort = () => socket.destroy(new Error('the attempt was ended'))
    signal.addEventListener('abort', onAbort)
    if (signal.aborted) onAbort()
    const stalled = setTimeout(() => socket.destroy(new Error(`no answer in ${CONNECT_MS / 1000} s`)), CONNECT_MS)
    const failed = (error: Error) => {
      clearTimeout(stalled)
      signal.removeEventListener('abort', onAbort)
      reject(new Error(`${name} cannot be reached: ${error.message}`, { cause: error }))
    }
    socket.once('error', failed)
    socket.once('connect', () => {
      clearTimeout(stalled)
      signal.removeEventListener('abort', onAbort)
      socket.off('error', failed)
      socket.on('error', () => socket.destroy())
      resolve(socket)
    })
  })
}

/** `require` encrypts; `verify-full` also proves that the target is who the configuration names. */
async function startTls({ name, host, tls }: Resource, stream: Duplex): Promise<Secured> {
  try {
    const [ca, cert, key] = await Promise.all([tls.ca, tls.cert, tls.key].map(async (file) => (file === null ? undefined : readFile(file, 'utf8'))))
    const secure = connectTls({
      socket: stream,
      host,
      servername: /^[\d.]+$|:/.test(host) ? '' : host,
      rejectUnauthorized: tls.mode === 'verify-full',
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined || key === undefined ? {} : { cert, key }),
    })
    await handshake(secure, 'secureConnect')
    return { stream: secure, certificate: secure.getPeerX509Certificate()?.raw ?? null, protocol: secure.alpnProtocol || null }
  } catch (error) {
    throw new Error(`${name} failed its TLS check (tls.mode ${tls.mode}): ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
}
