import type { MiddlewareHandler } from 'hono'
import { type Caller, LOCAL } from '../identity/caller.ts'
import type { Ctx, Env } from './env.ts'
import { answerProblem } from './problems.ts'
import type { ApiServices } from './services.ts'

/** Who asks, judged anew at each call: a token that has ended meanwhile is nobody's. */
export async function callerOf({ tokens }: Pick<ApiServices, 'tokens'>, c: Ctx): Promise<Caller | null> {
  if (c.env?.door === 'admin-socket') return LOCAL
  const [, token] = /^Bearer ([\x21-\x7e]{1,512})$/i.exec(c.req.header('authorization') ?? '') ?? []
  return token === undefined ? null : tokens.callerForToken(token)
}

export function authenticate(services: ApiServices): MiddlewareHandler<Env> {
  return async (c, next) => {
    const caller = await callerOf(services, c)
    if (caller === null) {
      c.header('www-authenticate', 'Bearer')
      const hint = "Send `Authorization: Bearer TOKEN`. On the gateway's own host, `countersign token create --user NAME --data DIR` makes one."
      const message = c.req.header('authorization') === undefined ? 'a token is needed' : 'this token is not known here, has expired or was revoked'
      return answerProblem(c, { code: 'unauthenticated', message, hint })
    }
    c.set('caller', caller)
    return next()
  }
}
