import { routes } from '@countersign/contract/routes'
import { seesAll } from '../../identity/caller.ts'
import { WorkflowError } from '../../workflow/workflow.ts'
import type { App } from '../env.ts'
import { presentLease } from '../present.ts'
import type { ApiServices } from '../services.ts'

const NEWEST = 500

/** Accounts that were made on targets for single sessions. */
export function mountLeases(app: App, { store }: ApiServices): void {
  app.openapi(routes.leases, async (c) => {
    if (!seesAll(c.get('caller'))) throw new WorkflowError('forbidden', 'leases are for admins and auditors')
    const live = c.req.valid('query').live ?? false
    const leases = await store.leases.list(live ? { open: true } : { limit: NEWEST })
    return c.json(leases.map(presentLease), 200)
  })
}
