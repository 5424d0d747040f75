import { routes } from '@countersign/contract/routes'
import type { Caller } from '../../identity/caller.ts'
import { WorkflowError } from '../../workflow/workflow.ts'
import type { App } from '../env.ts'
import type { ApiServices } from '../services.ts'

const PAGE = 1_000

/** Entries as they were hashed: an auditor verifies them without this gateway. */
export function mountLedger(app: App, { store, gateway }: ApiServices): void {
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
}

function assertAuditor({ admin }: Caller): void {
  if (!admin) throw new WorkflowError('forbidden', 'the ledger is for admins')
}
