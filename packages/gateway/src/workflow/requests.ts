import { randomBytes } from 'node:crypto'
import type { Given } from '@countersign/core/coverage'
import type { Action } from '@countersign/core/action'
import { DomainError } from '@countersign/core/error'
import type { Grant } from '@countersign/core/grant'
import { describeNeed } from '@countersign/core/need'
import { personOf } from '@countersign/core/obligations'
import { type Principal, principalId } from '@countersign/core/principal'
import {
  type Ask,
  approveByPolicy,
  assertAskable,
  expire,
  givenBy,
  leave,
  recounted,
  type Request,
  type Review,
  review,
  type Signature,
  withdraw,
} from '@countersign/core/request'
import { type Caller, groupsIn } from '../identity/caller.ts'
import { type Event, JournalBroken, type JsonValue } from '../journal/journal.ts'
import { assertGrantable, underPolicyNow } from './ceiling.ts'
import { type Context, trustedNow } from './context.ts'
import { newId } from './ids.ts'
import { inTurn } from './in-turn.ts'
import { WorkflowError } from './workflow.ts'

/** A request's life when no policy says `@expires`. */
export const DEFAULT_LIFE_MS = 60 * 60_000

/** What somebody can be asked to read. It is stored, and shown, whole. */
const MAX_REVIEWED_BYTES = 1024 * 1024

/** How many of the connections that wait for one request are remembered. */
const MAX_OTHERS = 100

/** What is opened: who asks for what where, and what policy wants for it. */
export type Opening = Pick<Request, 'requester' | 'resource' | 'ask' | 'need' | 'policies' | 'obligations' | 'reason' | 'ticket' | 'session' | 'inTransaction'>

/** Opens a request, or attaches to the pending one of the same requester that asks the same. */
export async function openRequest(context: Context, opening: Opening): Promise<{ readonly request: Request; readonly attached: boolean }> {
  assertReviewable(opening.ask)
  const ticket = opening.ticket ?? opening.reason
  assertAskable(opening.obligations, opening.reason, ticket)
  if (context.journal.broken !== null) throw new JournalBroken(context.journal.broken)
  const now = trustedNow(context)
  const expiresAt = now + (opening.obligations.expiresMs ?? DEFAULT_LIFE_MS)
  const policy = context.policy().version
  const asked: Request = {
    ...opening,
    ...(opening.obligations.sign ? { signing: { policy, salt: randomBytes(16).toString('hex') } } : {}),
    ticket,
    id: newId('req'),
    version: 1,
    status: 'pending',
    reviews: [],
    createdAt: now,
    expiresAt,
    decidedAt: null,
  }
  const opened = await openOrAttach(context, asked, policy)
  return opened.attached ? { ...opened, request: await showWhoWaits(context, opened.request, opening) } : opened
}

/** One that asks the same and whose own life is over is ended first. */
async function openOrAttach(context: Context, asked: Request, policy: string): Promise<{ readonly request: Request; readonly attached: boolean }> {
  for (;;) {
    let opened = { request: asked, attached: false, isOver: false }
    await context.owed.change([openedEvent(asked, policy)], async (owed) => {
      opened = await context.store.requests.open(asked, owed)
      return !opened.attached
    })
    const { request, attached, isOver } = opened
    if (!isOver) return { request: recounted(request, groupsIn(context.directory)), attached }
    await expireRequest(context, request.id, asked.createdAt)
  }
}

/** False for what is too long for anybody to review. */
export function isReviewable({ text, parameters, statements }: Action): boolean {
  const values = [...parameters, ...statements.flatMap(({ part }) => part?.parameters ?? [])]
  const bytes = values.reduce((sum, { value }) => sum + Buffer.byteLength(value ?? ''), Buffer.byteLength(text))
  return bytes <= MAX_REVIEWED_BYTES
}

function assertReviewable(ask: Ask): void {
  if (ask.kind === 'scope' || isReviewable(ask.action)) return
  throw new WorkflowError(
    'denied',
    'this action needs a review and is longer than 1 MiB, which nobody can review: send it in parts, load the data with COPY, or ask for its type for a while',
  )
}

/** A reviewer is shown the connection that came last, and the locks that any of them may hold. */
async function showWhoWaits({ store }: Context, request: Request, { session, inTransaction }: Opening): Promise<Request> {
  if (session === null) return request // asked ahead: nobody waits
  for (let current = request; ;) {
    const next = joined(current, session, inTransaction)
    if (next === current || (await store.requests.save(next, null))) return next
    const latest = await store.requests.get(request.id)
    if (latest?.status !== 'pending') return request // it has been decided: whoever waits is told of that
    current = latest
  }
}

function joined(request: Request, session: string, inTransaction: boolean): Request {
  if (session === request.session && (request.inTransaction || !inTransaction)) return request
  const others = [...(request.session === null ? [] : [request.session]), ...(request.others ?? [])].filter((other) => other !== session)
  return { ...request, version: request.version + 1, session, others: others.slice(0, MAX_OTHERS), inTransaction: request.inTransaction || inTransaction }
}

/**
 * Policy needs nobody: the request is approved as it is opened, and the record says by which policy. One that waits since policy wanted a review of the same is
 * approved by what policy says `now`. Who asks the same at the same time is given the same.
 */
export async function approveAtOnce(
  context: Context,
  { request }: { readonly request: Request },
  now: Pick<Request, 'policies' | 'obligations'>,
): Promise<Request> {
  const free = { need: [], policies: now.policies, obligations: now.obligations }
  try {
    return await transition(context, request.id, (current) => approveByPolicy({ ...current, ...free }, trustedNow(context), { grantId: newId('grant') }))
  } catch (error) {
    if (!(error instanceof DomainError) || error.code !== 'not-pending') throw error
    const decided = await context.store.requests.get(request.id)
    if (decided?.status === 'approved') return decided
    throw error
  }
}

/** One review. The intent is in the ledger before the store knows it, so no approval exists that the ledger does not show. */
export async function reviewRequest(
  context: Context,
  caller: Caller,
  id: string,
  verdict: { readonly approve: boolean; readonly comment: string | null; readonly given: Given | null; readonly signature?: Signature | null },
): Promise<Request> {
  const grantId = newId('grant')
  let told: string | null = null
  return transition(context, id, async (current) => {
    const at = trustedNow(context)
    if (verdict.given?.kind === 'shape' && verdict.given.until !== null && verdict.given.until <= at)
      throw new WorkflowError('invalid', 'the time until which this shape would be approved is past')
    const given = {
      reviewer: caller.principal,
      verdict: verdict.approve ? ('approve' as const) : ('deny' as const),
      comment: verdict.comment,
      given: verdict.given,
      proven: caller.proven || Boolean(verdict.signature),
      signature: verdict.signature ?? null,
      at,
    }
    const asked = verdict.approve ? underPolicyNow(context, current) : current
    if (verdict.approve) assertGrantable(context, asked, verdict.given)
    const next = review(asked, given, { grantId, groupsOf: groupsIn(context.directory) })
    const event = reviewedEvent(caller, given, next)
    const telling = JSON.stringify(event)
    // At another gateway, or in a worker, somebody was first: where that changes nothing of what is said here, it is said already.
    if (telling !== told) await context.journal.append(event, 'disk')
    told = telling
    return next
  })
}

/** `given` is what he would grant by himself. What his passkey signed is a digest of the comment too, and goes where that goes. */
function reviewedEvent(caller: Caller, { verdict, comment, given, proven, signature }: Review, { request, grant }: Step): Event {
  const { principal, by } = caller
  const { passkey = null, ...signed } = signature ?? {}
  return {
    type: 'request.reviewed',
    body: {
      request: request.id,
      reviewer: principalId(principal),
      groups: principal.groups,
      verdict,
      given: verdict === 'approve' ? { ...givenBy(request, given) } : null,
      proven,
      token: by.kind === 'token' ? by.id : null,
      passkey,
      completes: request.status !== 'pending',
      grant: grant?.id ?? null,
    },
    secret: { comment, ...(signature ? { signature: signed } : {}) },
    person: personOf(principal.user, request.obligations.personal, ['comment']),
  }
}

export async function withdrawRequest(context: Context, by: Principal, id: string): Promise<Request> {
  return transition(context, id, (current) => ({ request: withdraw(current, by, context.clock.now()), grant: null }))
}

/** Taken back in one connection: it goes on for the others that wait for it, and is withdrawn by the last of them. */
export async function leaveRequest(context: Context, by: Principal, id: string, session: string): Promise<Request> {
  return transition(context, id, async (current) => {
    const now = context.clock.now()
    const [last, ...before] = await liveAmong(context, [current.session, ...(current.others ?? [])], session)
    const request = last === undefined ? withdraw(current, by, now) : leave(current, [last, ...before], now)
    return { request, grant: null }
  })
}

/** Connections that have not ended, but for this one. */
async function liveAmong({ store }: Context, sessions: readonly (string | null)[], but: string): Promise<readonly string[]> {
  const live: string[] = []
  for (const id of sessions) if (id !== null && id !== but && (await store.sessions.get(id))?.endedAt === null) live.push(id)
  return live
}

/** Ends every pending request whose own life is over. */
export async function expireDueRequests(context: Context): Promise<void> {
  const now = context.clock.now()
  for (const { id } of await context.store.requests.due(now)) await expireRequest(context, id, now)
}

async function expireRequest(context: Context, id: string, now: number): Promise<void> {
  try {
    await transition(context, id, (current) => ({ request: expire(current, now), grant: null }))
  } catch (error) {
    if (!(error instanceof DomainError)) throw error // somebody decided it in the meantime
  }
}

interface Step {
  readonly request: Request
  readonly grant: Grant | null
}

/**
 * Reads, steps, compares and sets; whoever loses the race reads again, and is told by core what has become of the request. In this process nobody loses it: a review
 * is in the ledger by then, and would be there again.
 */
function transition(context: Context, id: string, step: (current: Request) => Step | Promise<Step>): Promise<Request> {
  return inTurn(id, () => steppedOn(context, id, step))
}

async function steppedOn(context: Context, id: string, step: (current: Request) => Step | Promise<Step>): Promise<Request> {
  for (;;) {
    const current = await context.store.requests.get(id)
    if (!current) throw new WorkflowError('not-found', `there is no request ${id}`)
    const next = await step(current)
    if (await context.owed.change(outcomes(next), (owed) => context.store.requests.save(next.request, next.grant, owed))) return next.request
  }
}

/** `policy` is the version by which it was judged. All that the digest is made of is sealed with it, and what the reviewers are shown of its effects. */
export function openedEvent(request: Request, policy: string): Event {
  const { ask } = request
  const held = ask.kind === 'scope' ? (['reason', 'ticket'] as const) : (['reason', 'ticket', 'text', 'parameters'] as const)
  const asked: Record<string, JsonValue> =
    ask.kind === 'scope' ? { scope: ask.scope, ms: ask.ms } : { action: ask.action.type, statements: ask.action.statements.length }
  return {
    type: 'request.opened',
    body: {
      request: request.id,
      requester: principalId(request.requester),
      resource: request.resource,
      ...asked,
      needs: describeNeed(request.need),
      policy,
      policies: request.policies,
      session: request.session,
      expiresAt: request.expiresAt,
      ...(request.signing ? { sign: true } : {}),
    },
    secret: {
      digest: ask.digest,
      ...(request.signing ? { salt: request.signing.salt } : {}),
      reason: request.reason,
      ticket: request.ticket,
      ...(ask.kind === 'action' ? { ...bytesOf(ask.action), ...shownWith(ask.action) } : {}),
    },
    person: personOf(request.requester.user, request.obligations.personal, held),
  }
}

function bytesOf({ text, parameters, statements, pipeline }: Action): Record<string, JsonValue> {
  const copied = (values: Action['parameters']) => values.map((parameter) => ({ ...parameter }))
  if (!pipeline) return { text, parameters: copied(parameters) }
  return {
    each: statements.flatMap(({ part }) =>
      part ? [{ text: part.text, parameters: copied(part.parameters), ...(part.impact ? { impact: { ...part.impact } } : {}) }] : [],
    ),
  }
}

/** What an approval binds beside the bytes, and what the action would have done when somebody was asked. */
function shownWith({ state, impact }: Action): Record<string, JsonValue> {
  return { state: state && { ...state }, ...(impact ? { impact: { ...impact } } : {}) }
}

function outcomes({ request, grant }: Step): readonly Event[] {
  if (request.status === 'pending') return []
  const decided: Event = { type: `request.${request.status}`, body: { request: request.id, resource: request.resource, policies: request.policies } }
  return grant ? [decided, { ...issuedEvent(grant), person: personOf(grant.subject.user, request.obligations.personal, ['text', 'parameters']) }] : [decided]
}

/** Also for the grant that policy gives to a connection by itself. */
export function issuedEvent(grant: Grant): Event {
  const { coverage } = grant
  const covered: Record<string, JsonValue> =
    coverage.kind === 'scope'
      ? { coverage: 'scope', scope: coverage.scope }
      : coverage.kind === 'shape'
        ? { coverage: 'shape', maxRows: coverage.maxRows, definition: coverage.definition }
        : { coverage: 'exact' }
  return {
    type: 'grant.issued',
    body: {
      grant: grant.id,
      request: grant.request,
      session: grant.session,
      subject: principalId(grant.subject),
      resource: grant.resource,
      ...covered,
      approvers: grant.approvers.map(({ user }) => user),
      endsAt: grant.endsAt,
      uses: grant.usesLeft,
    },
    ...(coverage.kind === 'scope' ? {} : { secret: coverage.kind === 'exact' ? { digest: coverage.digest } : { fingerprint: coverage.fingerprint } }),
  }
}
