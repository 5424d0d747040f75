import { routes } from '@countersign/contract/routes'
import type { Scope } from '@countersign/contract/schemas/common'
import type { ShapeBounds, Signature } from '@countersign/contract/schemas/request'
import { type Given, parseDuration } from '@countersign/core/coverage'
import { DomainError } from '@countersign/core/error'
import { isOf } from '@countersign/core/principal'
import type { Request } from '@countersign/core/request'
import { type Presented, type Wish, WorkflowError } from '../../workflow/workflow.ts'
import { type Caller, seesAll } from '../../identity/caller.ts'
import type { App } from '../env.ts'
import { presentReceipt, presentRequest } from '../present.ts'
import { presentSurroundings } from '../present-surroundings.ts'
import type { ApiServices } from '../services.ts'

/** Ask, look, approve, deny, withdraw: who may do what is the workflow's to say. */
export function mountRequests(app: App, services: ApiServices): void {
  const { workflow, config } = services
  const present = (request: Request) => presentRequest(request, config.url)

  app.openapi(routes.ask, async (c) => {
    const { resource, reason, ticket, ...wish } = c.req.valid('json')
    const { request, attached } = await workflow.ask(c.get('caller'), { resource, wish: wishOf(wish), reason: reason ?? null, ticket: ticket ?? null })
    return c.json({ request: present(request), attached }, 200)
  })

  app.openapi(routes.requests, async (c) => {
    const { inbox, status } = c.req.valid('query')
    const found = await workflow.requests(c.get('caller'), { inbox: inbox ?? false, status: status ?? null })
    return c.json(found.map(present), 200)
  })

  app.openapi(routes.request, async (c) => c.json(present(await workflow.request(c.get('caller'), c.req.valid('param').id)), 200))

  app.openapi(routes.requestContext, async (c) => {
    const { id } = c.req.valid('param')
    const surroundings = await workflow.surroundings(c.get('caller'), id)
    return c.json(presentSurroundings(surroundings, await services.runs(id)), 200)
  })

  app.openapi(routes.receipt, async (c) => {
    const caller = c.get('caller')
    const request = await workflow.request(caller, c.req.valid('param').id)
    if (!maySeeReceipt(caller, request)) throw new WorkflowError('forbidden', 'a receipt is for who asked, for who reviewed, for admins and for auditors')
    return c.json(presentReceipt(await services.receipt(request)), 200)
  })

  app.openapi(routes.toSign, async (c) => {
    const { comment, shape, for: duration } = c.req.valid('json')
    const caller = c.get('caller')
    const { shown, before } = await workflow.toSign(caller, c.req.valid('param').id, { comment: comment ?? null, given: givenOf(shape, duration) })
    const options = await services.proofs.optionsToSign(caller.principal.user, shown)
    return c.json({ shown, before: new Date(before).toISOString(), options }, 200)
  })

  app.openapi(routes.approve, async (c) => {
    const { comment, shape, for: duration, signature } = c.req.valid('json')
    const { id } = c.req.valid('param')
    const verdict = { approve: true, comment: comment ?? null, given: givenOf(shape, duration), signature: signature ? presentedOf(signature) : null }
    const reviewed = workflow.review(c.get('caller'), id, verdict).catch((error: unknown) => tellWhere(error, services.proofs.pageOf(id)))
    return c.json(present(await reviewed), 200)
  })

  app.openapi(routes.deny, async (c) => {
    const verdict = { approve: false, comment: c.req.valid('json').comment, given: null }
    return c.json(present(await workflow.review(c.get('caller'), c.req.valid('param').id, verdict)), 200)
  })

  app.openapi(routes.withdraw, async (c) => c.json(present(await workflow.withdraw(c.get('caller'), c.req.valid('param').id)), 200))
}

/** No program can give a signature: whoever comes without one is told where to go. */
function tellWhere(error: unknown, page: string): never {
  if (error instanceof DomainError && error.code === 'signature-required') throw new DomainError(error.code, `${error.message}: in a browser, at ${page}`)
  throw error
}

function presentedOf({ before, credential: { id, response } }: Signature): Presented {
  const { clientDataJSON, authenticatorData, signature } = response
  return { before: Date.parse(before), credential: id, assertion: { clientDataJSON, authenticatorData, signature } }
}

function maySeeReceipt(caller: Caller, { requester, reviews }: Request): boolean {
  return seesAll(caller) || [requester, ...reviews.map(({ reviewer }) => reviewer)].some((principal) => isOf(principal, caller.principal))
}

function wishOf(body: { readonly scope?: Scope | undefined; readonly action?: string | undefined; readonly for?: string | undefined }): Wish {
  if (body.action !== undefined) return { kind: 'action', text: body.action }
  return { kind: 'scope', scope: body.scope ?? 'connect', ms: body.for === undefined ? null : durationMs(body.for) }
}

/** Null leaves it to the workflow: exactly this action, or all of the time that was asked for. */
function givenOf(shape: ShapeBounds | undefined, duration: string | undefined): Given | null {
  if (shape) {
    const { maxRows = null, uses = null, for: time, until } = shape
    return { kind: 'shape', maxRows, uses, ms: time === undefined ? null : durationMs(time), until: until === undefined ? null : Date.parse(until) }
  }
  return duration === undefined ? null : { kind: 'duration', ms: durationMs(duration) }
}

/** The contract's pattern lets through only what core reads, but core has the last word. */
export function durationMs(text: string): number {
  const ms = parseDuration(text)
  if (ms === null) throw new WorkflowError('invalid', 'expected a duration such as 90s, 30m or 8h')
  return ms
}
