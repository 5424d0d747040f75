import { routes } from '@countersign/contract/routes'
import type { FoundEvent } from '@countersign/contract/schemas/ledger'
import type { Found } from '../../export/search.ts'
import { type Caller, seesAll } from '../../identity/caller.ts'
import { WorkflowError } from '../../workflow/workflow.ts'
import type { App } from '../env.ts'
import type { ApiServices } from '../services.ts'

const PAGE = 50

/** The ledger for people: what they look for, one entry with its proof, and whether all is well. */
export function mountSearch(app: App, services: ApiServices): void {
  const { search } = services
  app.openapi(routes.ledgerSearch, async (c) => {
    assertSeesAll(c.get('caller'))
    const { type, person, resource, request, session, from, until, before, limit } = c.req.valid('query')
    const { found, next, reached, size } = await search.search({
      type: type ?? null,
      person: person ?? null,
      resource: resource ?? null,
      request: request ?? null,
      session: session ?? null,
      from: from === undefined ? null : Date.parse(from),
      until: until === undefined ? null : Date.parse(until),
      before: before ?? null,
      limit: Math.max(1, limit ?? PAGE),
    })
    const events = found.map(presentEvent)
    return c.json({ events, next, reached: reached === null ? null : iso(reached), size }, 200)
  })

  app.openapi(routes.ledgerEntry, async (c) => {
    assertSeesAll(c.get('caller'))
    const { index } = c.req.valid('param')
    const entry = await search.entry(index)
    if (!entry) throw new WorkflowError('not-found', `the tree has no entry ${index}`)
    const { leaf, at, type, proof, checkpoint } = entry
    return c.json({ index, gateway: leaf.gateway, seq: leaf.seq, line: leaf.line, at: iso(at), type, proof: proof && [...proof], checkpoint }, 200)
  })

  app.openapi(routes.ledgerState, async (c) => {
    assertSeesAll(c.get('caller'))
    const { checkpoint, witnessed, ...tree } = await search.state()
    return c.json(
      {
        ...tree,
        checkpoint: checkpoint && { size: checkpoint.size, at: iso(checkpoint.at), note: checkpoint.note },
        witnessed: witnessed && { size: witnessed.size, at: iso(witnessed.at) },
        trouble: [...services.ledgerTrouble()],
      },
      200,
    )
  })
}

function presentEvent({ leaf: { index, gateway, seq }, entry, at, event, person, resource }: Found): FoundEvent {
  return { index, event: at, gateway, seq, at: iso(entry.at), type: event.type, person, resource, body: { ...event.body } }
}

const iso = (at: number) => new Date(at).toISOString()

function assertSeesAll(caller: Caller): void {
  if (!seesAll(caller)) throw new WorkflowError('forbidden', 'the ledger is for admins and auditors')
}
