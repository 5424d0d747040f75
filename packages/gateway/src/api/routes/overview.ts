import { routes } from '@countersign/contract/routes'
import { seesAll } from '../../identity/caller.ts'
import { WorkflowError } from '../../workflow/workflow.ts'
import type { App } from '../env.ts'
import type { ApiServices } from '../services.ts'

const DAYS = 30

/** Figures for who runs it. */
export function mountOverview(app: App, { overviews }: ApiServices): void {
  app.openapi(routes.overview, async (c) => {
    if (!seesAll(c.get('caller'))) throw new WorkflowError('forbidden', 'the overview is for admins and auditors')
    return c.json(await overviews.of(Math.max(1, c.req.valid('query').days ?? DAYS)), 200)
  })
}
