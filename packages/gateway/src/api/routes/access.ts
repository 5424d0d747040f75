import { routes } from '@countersign/contract/routes'
import type { SessionView } from '@countersign/contract/schemas/session'
import { gatewayOf } from '../../journal/files.ts'
import type { SessionRecord } from '../../store/store.ts'
import type { App } from '../env.ts'
import { presentGrant, presentSession } from '../present.ts'
import type { ApiServices } from '../services.ts'

const MOST_SESSIONS = 500

/** Grants and the sessions under them, and the ways to end both. */
export function mountAccess(app: App, services: ApiServices): void {
  const { workflow } = services
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

  app.openapi(routes.session, async (c) => {
    const session = await workflow.session(c.get('caller'), c.req.valid('param').id)
    return c.json({ ...presentSession(session), watch: await watchOf(services, session) }, 200)
  })

  app.openapi(routes.kill, async (c) =>
    c.json(presentSession(await workflow.kill(c.get('caller'), c.req.valid('param').id, c.req.valid('json').reason ?? null)), 200),
  )
}

/** What a session does is known at its own gateway, whichever of the workers has it. */
async function watchOf({ gateway, store, recordings }: ApiServices, session: SessionRecord): Promise<SessionView['watch']> {
  const at = gatewayOf(session.gateway)
  if (session.endedAt !== null || at === gateway.id) return { at: recordings ? 'here' : 'nowhere' }
  const url = (await store.gateways.list()).find(({ id }) => id === at)?.url ?? null
  // A row of the store is not to lead anybody to run something.
  return { at: 'elsewhere', gateway: at, url: url !== null && /^https?:[/][/]/.test(url) ? url : null }
}

/** As the schema has checked it: when a session began, a dot, and its id. */
function placeIn(before: string) {
  const dot = before.indexOf('.')
  return { startedAt: Number(before.slice(0, dot)), id: before.slice(dot + 1) }
}
