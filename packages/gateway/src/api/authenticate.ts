import { openRoutes } from '@countersign/contract/routes'
import type { MiddlewareHandler } from 'hono'
import { type Caller, LOCAL, scopeOf } from '../identity/caller.ts'
import type { Ctx, Env } from './env.ts'
import { answerProblem } from './problems.ts'
import type { ApiServices } from './services.ts'

type Identity = Pick<ApiServices, 'tokens' | 'logins' | 'cookie'>

/** What changes nothing. */
const READS = ['GET', 'HEAD']

const OPEN = new Set(openRoutes.map(({ method, path }) => `${method.toUpperCase()} ${path}`))

/** Who asks, judged anew at each call: a token or a login that has ended meanwhile is nobody's. `uses` false: he only goes on listening. */
export async function callerOf({ tokens, logins, cookie }: Identity, c: Ctx, uses = true): Promise<Caller | null> {
  if (c.env?.door === 'admin-socket') return LOCAL
  const authorization = c.req.header('authorization')
  const secret = cookie.read(c)
  if (authorization === undefined) return secret === null ? null : logins.caller(secret, uses)
  const [, token] = /^Bearer ([\x21-\x7e]{1,512})$/i.exec(authorization) ?? []
  return token === undefined ? null : tokens.callerForToken(token)
}

export function authenticate(services: Identity): MiddlewareHandler<Env> {
  return async (c, next) => {
    if (OPEN.has(`${c.req.method} ${c.req.path}`)) return next()
    const isCookie = c.env?.door !== 'admin-socket' && services.cookie.read(c) !== null
    if (isCookie && c.req.header('authorization') !== undefined)
      return answerProblem(c, { code: 'invalid', message: 'send a token, or the cookie of a sign-in, but not both' })
    const caller = await callerOf(services, c)
    if (caller === null) return nobody(c, isCookie)
    if (caller.by.kind === 'login' && !isOwnPage(c))
      return answerProblem(c, {
        code: 'forbidden',
        message: 'the cookie of a sign-in is for this gateway’s own pages',
        hint: 'A program uses a token: `countersign token create`.',
      })
    if (isAboutOneself(c.req.path) && scopeOf(caller) !== null && !caller.admin)
      return answerProblem(c, { code: 'forbidden', message: 'a token with a scope is for its resources, and not for what is its holder’s own' })
    c.set('caller', caller)
    return next()
  }
}

/** How somebody signs in, and how he is told. */
const isAboutOneself = (path: string) => ['/api/v1/me/', '/api/v1/passkeys', '/api/v1/step-up'].some((prefix) => path.startsWith(prefix))

/** An `Origin` was found to be this gateway's own already (guard.ts); what changes something must come with it, or with the browser's word for it. */
function isOwnPage(c: Ctx): boolean {
  const site = c.req.header('sec-fetch-site')
  if (READS.includes(c.req.method)) return site === undefined || site === 'same-origin' || site === 'none'
  return site === 'same-origin' || (site === undefined && c.req.header('origin') !== undefined)
}

function nobody(c: Ctx, isCookie: boolean): Response {
  c.header('www-authenticate', 'Bearer')
  if (isCookie) return answerProblem(c, { code: 'unauthenticated', message: 'this sign-in has ended', hint: 'Sign in again.' })
  const hint = "Send `Authorization: Bearer TOKEN`. On the gateway's own host, `countersign token create --user NAME --data DIR` makes one."
  const message = c.req.header('authorization') === undefined ? 'a token is needed' : 'this token is not known here, has expired or was revoked'
  return answerProblem(c, { code: 'unauthenticated', message, hint })
}
