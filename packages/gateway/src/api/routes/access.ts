import { routes } from '@countersign/contract/routes'
import type { App } from '../env.ts'
import { presentGrant, presentSession } from '../present.ts'
import type { ApiServices } from '../services.ts'

const MOST_SESSIONS = 500

/** Grants and the sessions under them, and the ways to end both. */
export function mountAccess(app: App, { workflow }: ApiServices): void {
  app.openapi(routes.grants, async (c) => {
    const grants = await workflow.grants(c.get('caller'), { live: c.req.valid('query').live ?? false })
    return c.json(grants.map(presentGrant), 200)
  })

  app.openapi(routes.revoke, async (c) =>
    c.json(presentGrant(await workflow.revoke(c.get('caller'), c.req.valid('param').id, c.req.valid('json').reason ?? null)), 200),
  )

  app.openapi(routes.done, async (c) => {
    const ended = await workflow.done(c.get('caller'), c.req.valid('json').resource ?? null)
    return c.json(ended.map(presentGrant), 200)
  })

  app.openapi(routes.sessions, async (c) => {
    const { live, user, before, limit } = c.req.valid('query')
    const sessions = await workflow.sessions(c.get('caller'), {
      live: live ?? false,
      user: user ?? null,
      before: before === undefined ? null : placeIn(before),
      limit: limit ?? MOST_SESSIONS,
    })
    return c.json(sessions.map(presentSession), 200)
  })

  app.openapi(routes.session, async (c) => c.json(presentSession(await workflow.session(c.get('caller'), c.req.valid('param').id)), 200))

  app.openapi(routes.kill, async (c) =>
    c.json(presentSession(await workflow.kill(c.get('caller'), c.req.valid('param').id, c.req.valid('json').reason ?? null)), 200),
  )
}

/** As the schema has checked it: when a session began, a dot, and its id. */
function placeIn(before: string) {
  const dot = before.indexOf('.')
  return { startedAt: Number(before.slice(0, dot)), id: before.slice(dot + 1) }
}
