import type { IncomingMessage } from 'node:http'
import type { OpenAPIHono } from '@hono/zod-openapi'
import type { Context } from 'hono'
import type { Caller } from '../identity/caller.ts'

/** What the listener says about a request. Without `door` it came over TCP: whoever asks must prove who he is. */
export interface Bindings {
  readonly door?: 'admin-socket'
  readonly incoming?: IncomingMessage
  /** Aborts when the listener closes: streams end. */
  readonly closing?: AbortSignal
}

export interface Env {
  Bindings: Bindings
  Variables: { caller: Caller; requestId: string }
}

export type App = OpenAPIHono<Env>
export type Ctx = Context<Env>

/** True on the admin socket, and for a TCP peer on this machine. The socket's own address counts, never a forwarded header. */
export function isLocalPeer({ env }: Ctx): boolean {
  return env?.door === 'admin-socket' || isLoopback(env?.incoming?.socket.remoteAddress ?? '')
}

/** Address and port of who asks, as the socket has them. */
export function clientOf({ env }: Ctx): string {
  const { remoteAddress = 'unknown', remotePort = 0 } = env?.incoming?.socket ?? {}
  return `${remoteAddress}:${remotePort}`
}

/** True for an address, or the name localhost, that never leaves the machine. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || /^(::ffff:)?127(\.\d{1,3}){3}$/.test(host)
}
