import { routes } from '@countersign/contract/routes'
import type { Caller } from '../../identity/caller.ts'
import { WorkflowError } from '../../workflow/workflow.ts'
import type { App } from '../env.ts'
import type { ApiServices } from '../services.ts'

const PAGE = 1_000

/** Entries as they were hashed: an auditor verifies them without this gateway. */
export function mountLedger(app: App, services: ApiServices): void {
  const { store, gateway } = services
  app.openapi(routes.ledger, async (c) => {
    assertAuditor(c.get('caller'))
    const { gateway: of, from, limit } = c.req.valid('query')
    const entries = await store.ledger.read(of ?? gateway.id, from ?? 0, limit ?? PAGE)
    return c.json(
      entries.map(({ gateway, seq, line }) => ({ gateway, seq, line })),
      200,
    )
  })

  app.openapi(routes.ledgerHeads, async (c) => {
    assertAuditor(c.get('caller'))
    const heads = await store.ledger.heads()
    return c.json(
      heads.map(({ gateway, seq }) => ({ gateway, seq })),
      200,
    )
  })

  app.openapi(routes.rotateSigningKey, async (c) => {
    if (!c.get('caller').admin) throw new WorkflowError('forbidden', "a gateway's signing key is rotated by admins")
    return c.json(await services.rotateSigningKey(), 200)
  })
}

function assertAuditor({ admin }: Caller): void {
  if (!admin) throw new WorkflowError('forbidden', 'the ledger is for admins')
}
