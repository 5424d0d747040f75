import { routes } from '@countersign/contract/routes'
import type { App } from '../env.ts'
import { presentToken } from '../present.ts'
import type { ApiServices } from '../services.ts'
import { durationMs } from './requests.ts'

export function mountTokens(app: App, { tokens }: ApiServices): void {
  app.openapi(routes.tokens, async (c) => {
    const records = await tokens.listTokens(c.get('caller'))
    return c.json(records.map(presentToken), 200)
  })

  app.openapi(routes.createToken, async (c) => {
    const { user, agent, mayReview, for: life } = c.req.valid('json')
    const wish = { user, agent: agent ?? null, mayReview: mayReview ?? false, ttlMs: life === undefined ? null : durationMs(life) }
    const { token, record } = await tokens.createToken(c.get('caller'), wish)
    return c.json({ ...presentToken(record), token }, 200)
  })

  app.openapi(routes.revokeToken, async (c) => c.json(presentToken(await tokens.revokeToken(c.get('caller'), c.req.valid('param').id)), 200))
}
