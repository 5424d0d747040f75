import { request as requestHttp, type IncomingMessage, type RequestOptions } from 'node:http'
import { request as requestHttps } from 'node:https'

/** What a receiver may ask us to wait at most: it is told, and not obeyed without end. */
const LONGEST_WAIT_MS = 3_600_000

/** What somebody answered to a POST, whose body nobody reads. `retryAfter` is milliseconds. */
export interface Answer {
  readonly status: number
  readonly retryAfter: number | null
}

/**
 * One POST on a connection of its own; no redirect is followed. By hand and not by `fetch`, which takes no certificate authority, and no way to resolve a name, of
 * one request's own. Rejects as the connection fails, or with the reason of `signal`.
 */
export function post(url: string, options: RequestOptions & { readonly ca?: string }, body: string | Buffer, signal: AbortSignal): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = url.startsWith('https:') ? requestHttps : requestHttp
    const sent = request(url, { ...options, method: 'POST', signal, agent: false }, (response: IncomingMessage) => {
      response.on('error', () => undefined) // what we wanted has come
      resolve({ status: response.statusCode ?? 0, retryAfter: waitOf(response.headers['retry-after'], Date.now()) })
      response.destroy()
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

/** Seconds, or a date (RFC 9110 section 10.2.3). */
function waitOf(retryAfter: string | undefined, now: number): number | null {
  if (retryAfter === undefined) return null
  const ms = /^\d+$/.test(retryAfter) ? Number(retryAfter) * 1000 : Date.parse(retryAfter) - now
  return Number.isNaN(ms) ? null : Math.min(Math.max(ms, 0), LONGEST_WAIT_MS)
}
