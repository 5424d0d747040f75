import { routes } from '@countersign/contract/routes'
import { type Caller, seesAll } from '../../identity/caller.ts'
import { WorkflowError } from '../../workflow/workflow.ts'
import type { App } from '../env.ts'
import type { ApiServices } from '../services.ts'

/** Few enough that nothing waits behind them for long. */
const PAGE = 500

/** The ledger for those who read it elsewhere. */
export function mountExports(app: App, services: ApiServices): void {
  const { pages } = services
  app.openapi(routes.ledgerExport, async (c) => {
    assertAuditor(c.get('caller'))
    const { format, index = 0, limit = PAGE, from, until } = c.req.valid('query')
    const page = await pages.read({ format, index, limit, from: timeOf(from), until: timeOf(until) })
    return c.json({ ...page, records: [...page.records] }, 200)
  })

  app.openapi(routes.ledgerReport, async (c) => {
    assertAuditor(c.get('caller'))
    const { from, until } = c.req.valid('query')
    const period = { from: Date.parse(from), until: Date.parse(until) }
    if (period.from >= period.until) throw new WorkflowError('invalid', 'the period ends before it begins')
    return c.json(await services.report(period), 200)
  })
}

const timeOf = (text: string | undefined): number | null => (text === undefined ? null : Date.parse(text))

function assertAuditor(caller: Caller): void {
  if (!seesAll(caller)) throw new WorkflowError('forbidden', 'the ledger is for admins and auditors')
}
