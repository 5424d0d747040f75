import { chmod, lstat, mkdtemp, rename, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { dirname, join } from 'node:path'
import { getRequestListener } from '@hono/node-server'
import type { Address } from '../config/config.ts'
import { type App, type Bindings, isLoopback } from './env.ts'

const CLOSE_MS = 2_000
const SWEEP_MS = 20
/** A client that stalls in its headers or its body holds nothing for longer. */
const TIMEOUTS = { headersTimeout: 10_000, requestTimeout: 30_000 }

/** A listener that takes requests until it is closed: streams are ended, requests under way get two seconds. */
export interface ApiListener {
  readonly address: Address
  close(): Promise<void>
}

/**
 * Serves the API over TCP. Off loopback it must be TLS (PEM `cert` and `key`), because a token never crosses the wire in
 * clear; without `tls` there it throws. Rejects when the address cannot be had.
 */
export async function serveApi({
  app,
  address,
  tls,
}: {
  readonly app: App
  readonly address: Address
  readonly tls?: { readonly cert: string; readonly key: string } | undefined
}): Promise<ApiListener> {
  if (!tls && !isLoopback(address.host)) throw new Error(`http on ${address.host} would carry tokens in clear: it needs TLS, or a loopback address`)
  const door = openDoor(app, {})
  const server = tls
    ? createSecureServer({ ...TIMEOUTS, cert: tls.cert, key: tls.key, minVersion: 'TLSv1.2' }, door.listener)
    : createServer(TIMEOUTS, door.listener)
  await listening(server, () => server.listen(address.port, address.host), `${address.host}:${address.port}`)
  const bound = server.address()
  return {
    address: { host: address.host, port: bound !== null && typeof bound === 'object' ? bound.port : address.port },
    close: () => close(server, door.end),
  }
}

/**
 * Serves the API to the local administrator on a socket that only this user of the machine can open (0600). It is made in
 * a directory of its own and moved into place, so it is never open to others, not for a moment. A file that is no
 * socket, or a socket that somebody answers on, is left alone and refused.
 */
export async function serveAdminSocket({ app, path }: { readonly app: App; readonly path: string }): Promise<{ close(): Promise<void> }> {
  await assertFree(path)
  const door = openDoor(app, { door: 'admin-socket' })
  const server = createServer(TIMEOUTS, door.listener)
  const nursery = await mkdtemp(join(dirname(path), '.s-'))
  const born = join(nursery, 's')
  try {
    await listening(server, () => server.listen(born), `the admin socket ${path}`)
    await chmod(born, 0o600)
    await rename(born, path)
  } catch (error) {
    server.close()
    throw error
  } finally {
    await rm(nursery, { recursive: true, force: true })
  }
  return {
    close: async () => {
      await rm(path, { force: true })
      await close(server, door.end)
    },
  }
}

function openDoor(app: App, bindings: Bindings) {
  const closing = new AbortController()
  const answer = getRequestListener((incoming, env) => app.fetch(incoming, { ...env, ...bindings, closing: closing.signal }), { overrideGlobalObjects: false })
  const listener = (incoming: IncomingMessage, outgoing: ServerResponse) => {
    answer(incoming, outgoing).catch(() => outgoing.destroy()) // the app answers its own errors: what is left is a broken connection
  }
  return { listener, end: () => closing.abort() }
}

function listening(server: Server, listen: () => void, what: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) =>
      reject(new Error(`${what} cannot be had: ${cause.code === 'EADDRINUSE' ? 'another program is listening there' : cause.message}`, { cause })),
    )
    server.once('listening', () => {
      server.removeAllListeners('error')
      resolve()
    })
    listen()
  })
}

function close(server: Server, endStreams: () => void): Promise<void> {
  endStreams()
  return new Promise((resolve) => {
    // A connection whose last answer ends after close() is kept alive by Node: it is swept up once it is idle.
    const sweep = setInterval(() => server.closeIdleConnections(), SWEEP_MS)
    const late = setTimeout(() => server.closeAllConnections(), CLOSE_MS)
    server.close(() => {
      clearInterval(sweep)
      clearTimeout(late)
      resolve()
    })
    server.closeIdleConnections()
  })
}

/** What a killed gateway left behind may be replaced. */
async function assertFree(path: string): Promise<void> {
  const there = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw error
  })
  if (there === null) return
  if (!there.isSocket()) throw new Error(`${path} is in the way: it is not a socket`)
  if (await answers(path)) throw new Error(`another gateway answers on ${path}; stop it first, or use another data directory`)
}

function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = request({ socketPath, path: '/healthz', timeout: 1_000 }, (response) => {
      response.resume()
      resolve(true)
    })
    probe.once('error', (error: NodeJS.ErrnoException) => resolve(error.code !== 'ECONNREFUSED'))
    probe.once('timeout', () => {
      resolve(true)
      probe.destroy()
    })
    probe.end()
  })
}
