import { routes } from '@countersign/contract/routes'
import type { TokenScope } from '@countersign/core/token-scope'
import type { App } from '../env.ts'
import { presentToken } from '../present.ts'
import type { ApiServices } from '../services.ts'
import { durationMs } from './requests.ts'

export function mountTokens(app: App, { tokens }: ApiServices): void {
  app.openapi(routes.tokens, async (c) => {
    const records = await tokens.listTokens(c.get('caller'), c.req.valid('query').user ?? null)
    return c.json(records.map(presentToken), 200)
  })

  app.openapi(routes.createToken, async (c) => {
    const { agent, name, resources, actions, mayReview, for: life, user = c.get('caller').principal.user } = c.req.valid('json')
    const ttlMs = life === undefined ? null : durationMs(life)
    const wish = { user, agent: agent ?? null, name: name ?? null, scope: scopeOf(resources, actions), mayReview: mayReview ?? false, ttlMs }
    const { token, record } = await tokens.createToken(c.get('caller'), wish)
    return c.json({ ...presentToken(record), token }, 200)
  })

  app.openapi(routes.revokeToken, async (c) => c.json(presentToken(await tokens.revokeToken(c.get('caller'), c.req.valid('param').id)), 200))

  app.openapi(routes.revokeTokens, async (c) => {
    const { user = c.get('caller').principal.user } = c.req.valid('json')
    const revoked = await tokens.revokeTokens(c.get('caller'), user)
    return c.json(revoked.map(presentToken), 200)
  })
}

function scopeOf(resources: TokenScope['resources'] = null, actions: TokenScope['actions'] = null): TokenScope | null {
  return resources === null && actions === null ? null : { resources, actions }
}
