import { randomUUID } from 'node:crypto'
import { isTerminalPage } from '@countersign/contract/terminal-page'
import { principalId } from '@countersign/core/principal'
import type { MiddlewareHandler } from 'hono'
import type { Logger } from 'pino'
import type { Env } from './env.ts'

const NOTHING = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/** The console: what it runs and looks like comes from here, and none of it is inline. */
const consoleWith = (scripts: string) =>
  `default-src 'none'; script-src ${scripts}; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'`

function contentSecurity(path: string): string {
  if (path.startsWith('/api/docs')) return `${NOTHING}; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'`
  if (path.startsWith('/api/')) return NOTHING
  // Asciinema's terminal is WebAssembly. No other page may compile any (decision 47).
  return consoleWith(isTerminalPage(path) ? "'self' 'wasm-unsafe-eval'" : "'self'")
}

/**
 * Every answer names itself in the log, is kept by no cache, and lets a browser do as little as it needs. No HSTS: it
 * would hold for every other port of this host too, which is not ours to decide.
 */
export function headers(log: Logger): MiddlewareHandler<Env> {
  return async (c, next) => {
    const started = performance.now()
    const requestId = randomUUID()
    c.set('requestId', requestId)
    await next()
    const set = c.res.headers
    set.set('x-request-id', requestId)
    set.set('x-content-type-options', 'nosniff')
    set.set('referrer-policy', 'no-referrer')
    set.set('cross-origin-opener-policy', 'same-origin')
    set.set('cross-origin-resource-policy', 'same-origin')
    set.set('content-security-policy', contentSecurity(c.req.path))
    if (!set.has('cache-control')) set.set('cache-control', 'no-store')
    const caller: Env['Variables']['caller'] | undefined = c.get('caller')
    // The path and nothing more: a query or a header may carry what must not be written down.
    log.info(
      {
        requestId,
        method: c.req.method,
        path: c.req.path,
        status: c.res.status,
        ms: Math.round(performance.now() - started),
        caller: caller && principalId(caller.principal),
      },
      'request',
    )
  }
}
