import { routes } from '@countersign/contract/routes'
import type { App } from '../env.ts'
import { presentErasure } from '../present.ts'
import type { ApiServices } from '../services.ts'

/** What policy marks as personal, erased. */
export function mountErasures(app: App, { erasures }: ApiServices): void {
  app.openapi(routes.erase, async (c) => {
    const { user, reason } = c.req.valid('json')
    return c.json(presentErasure(await erasures.ask(c.get('caller'), user, reason)), 200)
  })

  app.openapi(routes.erasures, async (c) => c.json((await erasures.list(c.get('caller'))).map(presentErasure), 200))
}
