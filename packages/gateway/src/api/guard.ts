import type { MiddlewareHandler } from 'hono'
import { type Env, isLoopback } from './env.ts'
import { answerProblem } from './problems.ts'
import type { ApiServices } from './services.ts'

const LARGEST_BODY = 1024 * 1024

type Place = Pick<ApiServices, 'config' | 'addresses'>

/**
 * Keeps web pages of others out. On loopback the Host must be a name of this gateway, or a page could reach it by
 * rebinding its own name (DNS rebinding). A browser that says which site asks (Origin) must be on this gateway's own.
 * Forwarded headers are not read.
 */
export function sameSite(place: Place): MiddlewareHandler<Env> {
  return async (c, next) => {
    const socket = c.env?.door === 'admin-socket'
    const { host, hostname } = new URL(c.req.url)
    const origin = c.req.header('origin')
    if (!socket && isLoopback(place.addresses().http.host) && !isOwnName(hostname, place))
      return answerProblem(c, { code: 'forbidden', message: 'this gateway does not answer to that host name', hint: `It is at ${place.config.url}.` })
    if (origin !== undefined && (socket || !isOwnOrigin(origin, host, hostname, place)))
      return answerProblem(c, {
        code: 'forbidden',
        message: 'a page of another site asks, which is refused',
        hint: `The gateway's own pages are at ${place.config.url}.`,
      })
    return next()
  }
}

function isOwnName(hostname: string, { config, addresses }: Place): boolean {
  return isLoopback(hostname) || hostname === new URL(config.url).hostname || hostname === addresses().http.host
}

/** The configured URL; or, under a name that only this machine resolves, the very host and port that is asked. */
function isOwnOrigin(origin: string, host: string, hostname: string, { config }: Place): boolean {
  if (!URL.canParse(origin)) return false
  return origin === new URL(config.url).origin || (isLoopback(hostname) && new URL(origin).host === host)
}

/**
 * Bodies are JSON and said to be, which a form or a plain request of another site cannot say; and they are short, which
 * must be known before they are read. Only a POST or a PUT has a body: nobody reads that of anything else.
 */
export function jsonBody(): MiddlewareHandler<Env> {
  return async (c, next) => {
    if (c.req.method !== 'POST' && c.req.method !== 'PUT') return next()
    if (!/^application\/json\s*(;|$)/i.test(c.req.header('content-type') ?? ''))
      return answerProblem(c, {
        code: 'unsupported-media-type',
        message: 'send JSON, with `Content-Type: application/json`',
        hint: 'Where there is nothing to say, send {}.',
      })
    const length = c.req.header('content-length')
    if (length === undefined) return answerProblem(c, { code: 'length-required', message: 'send the length of the body in `Content-Length`' })
    if (!(Number(length) <= LARGEST_BODY)) return answerProblem(c, { code: 'too-large', message: `a body is ${LARGEST_BODY} bytes at most` })
    return next()
  }
}
