import { NO_FACTS, type Scope } from '@countersign/core/action'
import type { Grant } from '@countersign/core/grant'
import { isLive } from '@countersign/core/grant'
import { mayFill } from '@countersign/core/need'
import { type Decision, isBeyondScope, strictest } from '@countersign/core/obligations'
import { isOf, principalId } from '@countersign/core/principal'
import { type Ask, assertApprovable, assertWithinCeiling, likenessOf, recounted, type Request, type Signature, waitsFor } from '@countersign/core/request'
import type { Resource } from '../config/config.ts'
import { type Caller, groupsIn, reaches, scopeOf, seesAll } from '../identity/caller.ts'
import type { Event } from '../journal/journal.ts'
import type { SessionRecord, WorkerStore } from '../store/store.ts'
import { type Context, trustedNow } from './context.ts'
import { assertGrantable, typesOf, underPolicyNow } from './ceiling.ts'
import { actionDigest, scopeDigest } from './digest.ts'
import { finishGrant, revokeGrant, whoseReason } from './grants.ts'
import { merged, newestSeen, seenAmong } from './newest.ts'
import { approveAtOnce, openRequest, reviewRequest, withdrawRequest } from './requests.ts'
import { assertInTime, shownTo, signBefore, type Signatures, type Wanted } from './signing.ts'
import { type Asked, type Presented, type SessionsFilter, type Surroundings, type Verdict, type Workflow, WorkflowError } from './workflow.ts'

const MOST_LISTED = 500
const MOST_ALIKE = 1_000
const MOST_OPENED = 20

/** The workflow behind the API: who may do what to which object is decided here, for every door. */
export class WorkflowService implements Workflow {
  readonly #context: Context
  readonly #signatures: Signatures

  constructor(context: Context, signatures: Signatures) {
    this.#context = context
    this.#signatures = signatures
  }

  async ask(caller: Caller, asked: Asked): Promise<{ readonly request: Request; readonly attached: boolean }> {
    if (caller.by.kind === 'local') throw new WorkflowError('forbidden', 'the local administrator has no access to ask for; use a token of a user')
    const resource = this.#resource(asked.resource)
    const { ask, decision } =
      asked.wish.kind === 'action'
        ? await this.#askAction(caller, resource, asked.wish.text)
        : this.#askScope(caller, resource, asked.wish.scope, asked.wish.ms)
    const opening = {
      requester: caller.principal,
      resource: resource.name,
      ask,
      policies: decision.policies,
      obligations: decision.obligations,
      reason: asked.reason,
      ticket: asked.ticket,
      session: null,
      inTransaction: false,
    }
    if (decision.effect === 'review') return openRequest(this.#context, { ...opening, need: decision.need })
    const opened = await openRequest(this.#context, { ...opening, need: [] })
    return { request: await approveAtOnce(this.#context, opened, decision), attached: opened.attached }
  }

  async review(caller: Caller, id: string, { approve, comment, given, signature }: Verdict): Promise<Request> {
    const request = await this.#reviewable(caller, id)
    const signed = signature ? await this.#verified(caller, request, { comment, given }, signature) : null
    return reviewRequest(this.#context, caller, id, { approve, comment, given, signature: signed })
  }

  async toSign(caller: Caller, id: string, wanted: Wanted): Promise<{ readonly shown: string; readonly before: number }> {
    const request = await this.#reviewable(caller, id)
    const now = trustedNow(this.#context)
    const before = signBefore(request, now)
    const shown = shownTo(request, caller.principal.user, wanted, before)
    assertGrantable(this.#context, request, wanted.given)
    assertApprovable(request, { reviewer: caller.principal, ...wanted, at: now })
    return { shown, before }
  }

  /** Nobody's passkey is used up by what could not be approved with it. */
  async #verified(caller: Caller, request: Request, wanted: Wanted, presented: Presented): Promise<Signature> {
    const now = trustedNow(this.#context)
    assertInTime(presented, now)
    const shown = shownTo(request, caller.principal.user, wanted, presented.before)
    assertGrantable(this.#context, request, wanted.given)
    assertApprovable(request, { reviewer: caller.principal, ...wanted, at: now })
    return this.#signatures.verify(caller.principal.user, presented, shown)
  }

  async #reviewable(caller: Caller, id: string): Promise<Request> {
    if (caller.by.kind === 'local') throw new WorkflowError('forbidden', 'the local administrator reviews nothing; use a token of a person')
    const request = await this.request(caller, id)
    if (!caller.mayReview)
      throw new WorkflowError(
        'forbidden',
        'this token was made without --may-review, so it cannot review; make one with `countersign token create --may-review`',
      )
    return request
  }

  async withdraw(caller: Caller, id: string): Promise<Request> {
    await this.request(caller, id)
    return withdrawRequest(this.#context, caller.principal, id)
  }

  async done(caller: Caller, resource: string | null): Promise<readonly Grant[]> {
    if (resource !== null) this.#resource(resource)
    const { user, agent } = caller.principal
    const mine = await this.#context.store.grants.list({ user, live: true, ...(agent === null ? {} : { agent }), ...(resource === null ? {} : { resource }) })
    const ended = await Promise.all(mine.filter(({ resource: of }) => reaches(caller, of)).map(({ id }) => finishGrant(this.#context, id, caller.principal)))
    return ended.filter((grant) => grant !== null)
  }

  async revoke(caller: Caller, id: string, reason: string | null): Promise<Grant> {
    const grant = await this.grant(caller, id)
    if (!(await this.#concerns(caller, grant))) throw new WorkflowError('forbidden', 'an auditor takes nothing back')
    return revokeGrant(this.#context, id, caller.principal, reason)
  }

  async kill(caller: Caller, id: string, reason: string | null): Promise<SessionRecord> {
    const { store, clock, owed } = this.#context
    for (;;) {
      const session = await this.session(caller, id)
      if (!caller.admin && !isOf(session.principal, caller.principal)) throw new WorkflowError('forbidden', 'an auditor cuts no session')
      if (session.endedAt !== null) throw new WorkflowError('invalid', `${id} ended at ${new Date(session.endedAt).toISOString()} already`)
      const by = principalId(caller.principal)
      const next = { ...session, version: session.version + 1, cut: { by, reason: `killed by ${by}${reason ? `: ${reason}` : ''}` } }
      const person = reason === null ? null : whoseReason(this.#context, caller.principal, session.principal, session.resource)
      const killed: Event = { type: 'session.killed', body: { session: id, by, at: clock.now() }, secret: { reason }, person }
      if (await owed.change([killed], (kept) => store.sessions.save(next, kept))) return next
    }
  }

  async request(caller: Caller, id: string): Promise<Request> {
    const request = await this.#context.store.requests.get(id)
    if (!request || !seesRequest(caller, request)) throw new WorkflowError('not-found', `there is no request ${id}`)
    return underPolicyNow(this.#context, this.#recounted(request))
  }

  /** Who may see a request may see the session it is held in, and what else its requester asked there. */
  async surroundings(caller: Caller, id: string): Promise<Surroundings> {
    const request = await this.request(caller, id)
    const { requests, sessions, grants } = this.#context.store
    const { resource, session } = request
    const likeness = likenessOf(request.ask)
    const others = (list: readonly Request[]) => list.filter((other) => other.id !== id && seesRequest(caller, other))
    const yielded = (await grants.list({ user: request.requester.user, resource, asked: true })).filter((grant) => grant.request === id)
    const opened = await Promise.all(yielded.map((grant) => sessions.list({ grant: grant.id, limit: MOST_OPENED })))
    return {
      alike: likeness === null ? null : others(await requests.list({ resource, likeness, limit: MOST_ALIKE })),
      session: session === null ? null : await sessions.get(session),
      before: session === null ? [] : others(await requests.list({ session, limit: MOST_ALIKE })),
      grants: yielded,
      opened: opened.flat(),
    }
  }

  async requests(caller: Caller, { inbox, status }: { readonly inbox: boolean; readonly status: Request['status'] | null }): Promise<readonly Request[]> {
    const { store, clock } = this.#context
    const wanted = inbox ? 'pending' : status
    const filter = wanted === null ? {} : { status: wanted }
    const newest = (isSeen: (request: Request) => boolean, of: { readonly user?: string; readonly groups?: readonly string[] } = {}) =>
      newestSeen<Request>({
        most: MOST_LISTED,
        read: async (limit, last) => {
          const page = await store.requests.list({ ...filter, ...of, limit, ...(last ? { before: { createdAt: last.createdAt, id: last.id } } : {}) })
          return page.map((request) => this.#recounted(request))
        },
        isSeen,
      })
    if (inbox) return newest((request) => seesRequest(caller, request) && waitsFor(request, caller.principal, clock.now()))
    if (seesAll(caller) || wanted === 'pending') return newest((request) => seesRequest(caller, request))
    // All that was ever decided is more than is looked through for one answer.
    const { user, agent, groups } = caller.principal
    const own = await newest((request) => isOf(request.requester, caller.principal) && seesRequest(caller, request), { user })
    const reviewed = agent === null ? await newest((request) => seesRequest(caller, request), { groups }) : []
    return merged([own, reviewed], ({ createdAt }) => createdAt, MOST_LISTED)
  }

  async grants(caller: Caller, { live }: { readonly live: boolean }): Promise<readonly Grant[]> {
    const { store, clock } = this.#context
    const { user, agent } = caller.principal
    const now = clock.now()
    const isWanted = (grant: Grant) => !live || isLive(grant, now) || grant.usesLeft === 0
    const newest = (
      isSeen: (grant: Grant) => boolean | Promise<boolean>,
      of: Pick<Parameters<WorkerStore['grants']['list']>[0], 'user' | 'agent' | 'asked' | 'groups'>,
    ) =>
      newestSeen<Grant>({
        most: MOST_LISTED,
        read: (limit, last) =>
          store.grants.list({ ...of, ...(live ? { live } : {}), limit, ...(last ? { before: { startsAt: last.startsAt, id: last.id } } : {}) }),
        isSeen: (grant) => isWanted(grant) && isSeen(grant),
      })
    if (seesAll(caller)) return newest(async (grant) => caller.auditor || (await this.#concerns(caller, grant)), {})
    const own = await newest((grant) => reaches(caller, grant.resource), { user, ...(agent === null ? {} : { agent }) })
    const isOthers = async (grant: Grant) => !isOf(grant.subject, caller.principal) && (await this.#concerns(caller, grant))
    // What policy gave to others' connections is in nobody's hands but admins'. Of what he approved in a group that he has left since the newest is looked through.
    if (live) return merged([own, await newest(isOthers, { asked: true })], ({ startsAt }) => startsAt, MOST_LISTED)
    const reviewed = agent === null ? await newest(isOthers, { groups: caller.principal.groups }) : []
    const others = await seenAmong(await store.grants.list({ asked: true, limit: MOST_LISTED }), isOthers)
    return merged([own, reviewed, others], ({ startsAt }) => startsAt, MOST_LISTED)
  }

  async sessions(caller: Caller, { live, user, before, limit }: SessionsFilter): Promise<readonly SessionRecord[]> {
    const whose = seesAll(caller) ? user : caller.principal.user
    if (user !== null && user !== whose) return []
    const filter = { ...(live ? { live } : {}), ...(whose === null ? {} : { user: whose }) }
    return newestSeen<SessionRecord>({
      most: limit,
      read: (count, last) => {
        const after = last ?? before
        return this.#context.store.sessions.list({ ...filter, limit: count, ...(after ? { before: { startedAt: after.startedAt, id: after.id } } : {}) })
      },
      isSeen: ({ resource, principal }) => reaches(caller, resource) && (seesAll(caller) || isOf(principal, caller.principal)),
    })
  }

  async grant(caller: Caller, id: string): Promise<Grant> {
    const grant = await this.#context.store.grants.get(id)
    if (!grant || !(seesAll(caller) || (await this.#concerns(caller, grant)))) throw new WorkflowError('not-found', `there is no grant ${id}`)
    return grant
  }

  async session(caller: Caller, id: string): Promise<SessionRecord> {
    const session = await this.#context.store.sessions.get(id)
    if (!session || !reaches(caller, session.resource) || !(seesAll(caller) || isOf(session.principal, caller.principal)))
      throw new WorkflowError('not-found', `there is no session ${id}`)
    return session
  }

  async #askAction(caller: Caller, resource: Resource, text: string): Promise<{ ask: Ask; decision: Open }> {
    this.#assertMayConnect(caller, resource) // before the target is logged in to for him
    const action = await this.#context.plan(resource.name, text)
    if (action.secrets)
      throw new WorkflowError(
        'invalid',
        'there is a password in this, which would be kept until somebody decides: send it in a session, where it is not recorded',
      )
    const asker = { principal: caller.principal, scope: scopeOf(caller) }
    const decision = strictest(
      action.statements.map((statement) => this.#context.policy().decide({ ...asker, resource: resource.name, type: statement.type, facts: statement.facts })),
    )
    return { ask: { kind: 'action', digest: actionDigest(caller.principal, resource.name, action), action }, decision: open(decision) }
  }

  /** What names mean on a target tells what it holds, so it is asked for whoever may connect, if need be after a review. */
  #assertMayConnect(caller: Caller, { name, mode }: Resource): void {
    const decision = this.#context.policy().decide({ principal: caller.principal, scope: scopeOf(caller), resource: name, type: 'connect', facts: NO_FACTS })
    if (mode === 'enforce' || isBeyondScope(decision)) open(decision)
  }

  /** A scope is judged without facts: policy sees those at every action, with a live grant too. */
  #askScope(caller: Caller, resource: Resource, scope: Scope, ms: number | null): { ask: Ask; decision: Open } {
    const asker = { principal: caller.principal, scope: scopeOf(caller) }
    const decision = open(strictest(typesOf(scope).map((type) => this.#context.policy().decide({ ...asker, resource: resource.name, type, facts: NO_FACTS }))))
    const ceiling =
      decision.obligations.ceiling ??
      (decision.effect === 'allow' || scope === 'connect'
        ? ({ kind: 'duration', ms: this.#context.config.session.maxMs } as const)
        : ({ kind: 'once' } as const))
    const asked = ms ?? (ceiling.kind === 'duration' ? ceiling.ms : this.#context.config.session.maxMs)
    const ask: Ask = { kind: 'scope', digest: scopeDigest(caller.principal, resource.name, scope, asked), scope, ms: asked }
    assertWithinCeiling(ask, ceiling)
    return { ask, decision }
  }

  /** As its reviews count now. */
  #recounted(request: Request): Request {
    return recounted(request, groupsIn(this.#context.directory))
  }

  #resource(name: string): Resource {
    const { resources } = this.#context.config
    const resource = Object.hasOwn(resources, name) ? resources[name] : undefined
    if (!resource) throw new WorkflowError('not-found', `there is no resource ${name}; there are ${Object.keys(resources).join(', ') || 'none'}`)
    return resource
  }

  /** A grant may be taken back by its subject, by who approved or may review its request, and by admins; auditors see it. */
  async #concerns(caller: Caller, grant: Grant): Promise<boolean> {
    if (!reaches(caller, grant.resource)) return false
    const { principal } = caller
    if (caller.admin || isOf(grant.subject, principal)) return true
    if (principal.agent === null && grant.approvers.some(({ user }) => user === principal.user)) return true
    const request = grant.request && (await this.#context.store.requests.get(grant.request))
    return request ? isParty(caller, request) : false
  }
}

type Open = Exclude<Decision, { effect: 'deny' }>

function open(decision: Decision): Open {
  if (decision.effect === 'deny') throw new WorkflowError('denied', decision.message, decision.policies)
  return decision
}

/** Its requester, who may review it, admins and auditors. */
const seesRequest = (caller: Caller, request: Request): boolean => seesAll(caller) || isParty(caller, request)

function isParty(caller: Caller, { requester, need, resource }: Request): boolean {
  const { principal } = caller
  if (!reaches(caller, resource)) return false
  return isOf(requester, principal) || (principal.agent === null && mayFill(need, principal.groups))
}
