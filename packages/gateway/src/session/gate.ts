import { NO_FACTS, type Statement } from '@countersign/core/action'
import { covers, type Grant, standsFor } from '@countersign/core/grant'
import { type Decision, isBeyondScope, personalOf, personOf } from '@countersign/core/obligations'
import { type Principal, principalId } from '@countersign/core/principal'
import { unmet } from '@countersign/core/request'
import { type Gate, type Hold, type Knock, type Refusal, type Session, type Target, Unavailable, type Verifier } from '../adapters/adapter.ts'
import type { Resource } from '../config/config.ts'
import { type Caller, scopeOf } from '../identity/caller.ts'
import { scramParameters } from '../identity/tokens.ts'
import type { Event } from '../journal/journal.ts'
import type { Asker, PolicyEngine } from '../policy/engine.ts'
import { type SessionRecord, StoreUnavailable } from '../store/store.ts'
import { grantForSession, liveGrants, useGrant } from '../workflow/grants.ts'
import { scopeDigest } from '../workflow/digest.ts'
import { newId } from '../workflow/ids.ts'
import { issuedEvent, openRequest } from '../workflow/requests.ts'
import { waitForDecision } from './hold.ts'
import { approvedNotice, decidedRefusal, heldNotice, pendingRefusal, refusal } from './notices.ts'
import type { Services } from './services.ts'
import { endWait, failure } from './refusals.ts'
import { LiveSession } from './session.ts'
import { judgeAgain } from './standing.ts'

const CONNECT: Statement = { type: 'connect', fingerprint: null, facts: NO_FACTS }

/** Where every connection of every protocol is judged before there is a session. `target` says how a resource is reached. */
export class SessionGate implements Gate {
  readonly #services: Services
  readonly #target: (resource: Resource, database: string | null) => Target
  readonly #stopping = new AbortController()

  constructor(services: Services, target: (resource: Resource, database: string | null) => Target) {
    this.#services = services
    this.#target = target
  }

  /** Connections that wait for somebody's approval are refused from now on. */
  stop(): void {
    this.#stopping.abort()
  }

  async verifiers(user: string): Promise<{ readonly salt: Uint8Array; readonly iterations: number; readonly verifiers: readonly Verifier[] }> {
    const tokens = await this.#ask(() => this.#services.tokens.liveOf(user))
    const verifiers = tokens.map(({ id, scram }) => ({
      token: id,
      storedKey: Buffer.from(scram.storedKey, 'base64'),
      serverKey: Buffer.from(scram.serverKey, 'base64'),
    }))
    return { ...scramParameters(user), verifiers }
  }

  async tokenFor(user: string, secret: string): Promise<string | null> {
    const caller = await this.#ask(() => this.#services.tokens.callerForSecret(secret))
    return caller?.principal.user === user && caller.by.kind === 'token' ? caller.by.id : null
  }

  async connect(knock: Knock, hold: Hold): Promise<{ readonly effect: 'allow'; readonly session: Session; readonly target: Target } | Refusal> {
    try {
      return await this.#connect(knock, hold)
    } catch (error) {
      return failure(error, this.#services)
    }
  }

  /** Before a client has proved who it is there is no refusal to return: it is told by an error. */
  async #ask<T>(question: () => Promise<T>): Promise<T> {
    const { silence } = this.#services.health
    if (silence !== null) throw new Unavailable(silence)
    try {
      return await question()
    } catch (cause) {
      if (cause instanceof StoreUnavailable) throw new Unavailable(failure(cause, this.#services).message, { cause })
      throw cause
    }
  }

  async #connect(knock: Knock, hold: Hold) {
    const { context, tokens, health } = this.#services
    const holder = await tokens.holderOf(knock.token)
    if (!holder) return refusal('denied', 'this token is no longer valid', 'Make a new one with `countersign token create`.')
    const { caller } = holder
    const resource = Object.hasOwn(context.config.resources, knock.resource) ? context.config.resources[knock.resource] : undefined
    if (!resource)
      return refusal(
        'denied',
        `there is no resource ${knock.resource}`,
        '`countersign resources` lists those you can reach; dbname is the resource, or resource/database.',
      )
    if (health.silence !== null) return refusal('unavailable', health.silence, null)
    const admitted = await this.#admit(caller, resource, knock, hold)
    if (admitted.effect === 'refuse') {
      await context.journal.append(
        { type: 'session.refused', body: { principal: principalId(caller.principal), resource: resource.name, client: knock.client, code: admitted.code } },
        'process',
      )
      return admitted
    }
    return { effect: 'allow' as const, session: await this.#open(holder, resource, knock, admitted), target: this.#target(resource, knock.database) }
  }

  /** A live grant is used; else policy allows by itself, or somebody is asked. */
  async #admit(caller: Caller, resource: Resource, knock: Knock, hold: Hold): Promise<Refusal | Admitted> {
    const { context } = this.#services
    const { principal } = caller
    for (;;) {
      const decision = context.policy().decide({ principal, scope: scopeOf(caller), resource: resource.name, type: 'connect', facts: NO_FACTS })
      if (decision.effect === 'deny' && (resource.mode === 'enforce' || isBeyondScope(decision)))
        return refusal('denied', decision.message, 'Ask an administrator, or see `countersign policy explain`.')
      const grant = await this.#usableGrant(principal, resource, decision)
      if (grant) return { effect: 'allow', decision, grant }
      if (resource.mode === 'observe') return { effect: 'allow', decision, grant: null }
      if (decision.effect !== 'review') return admitWhereSaid(decision, knock)
      const outcome = await this.#askForConnect(principal, resource, knock, decision, hold)
      if (outcome !== 'approved') return outcome
    }
  }

  /** Of several live grants the one that ends last; its use is counted before the connection exists. */
  async #usableGrant(principal: Principal, resource: Resource, decision: Decision): Promise<Grant | null> {
    const { context } = this.#services
    const now = context.clock.now()
    const attempt = { principal, resource: resource.name, digest: '', state: null, alone: true }
    const live = await liveGrants(context, principal, resource.name)
    const usable = live.filter(
      (grant) => covers(grant, attempt, CONNECT, now) && (decision.effect !== 'review' || standsFor(grant, decision.need, decision.obligations)),
    )
    for (const grant of usable.toSorted((a, b) => b.endsAt - a.endsAt)) if (await useGrant(context, grant)) return grant
    return null
  }

  async #askForConnect(
    principal: Principal,
    resource: Resource,
    knock: Knock,
    decision: Extract<Decision, { effect: 'review' }>,
    hold: Hold,
  ): Promise<Refusal | 'approved'> {
    const { context } = this.#services
    const ms = sessionMs(decision, context.config.session.maxMs)
    const { request } = await openRequest(context, {
      requester: principal,
      resource: resource.name,
      ask: { kind: 'scope', digest: scopeDigest(principal, resource.name, 'connect', ms), scope: 'connect', ms },
      need: decision.need,
      policies: decision.policies,
      obligations: decision.obligations,
      ...knock.purpose,
      session: null,
      inTransaction: false,
    })
    const { url, hold: limits } = context.config
    if (resource.onHold === 'refuse') return pendingRefusal(url, request, 'this resource does not keep clients waiting')
    hold.tell(heldNotice(url, request, false))
    const waited = await waitForDecision(context.store, request.id, {
      client: AbortSignal.any([hold.signal, deadline(limits.connectMs)]),
      session: this.#stopping.signal,
      reminderMs: limits.reminderMs,
      remind: () => hold.tell(heldNotice(url, request, true)),
    })
    if (waited.by === 'client') return endWait(this.#services, request, waited.end, principal, null)
    if (waited.by === 'session') return refusal('ended', `the gateway is shutting down; ${request.id} stays held, connect again when it is back`, null)
    if (waited.request.status !== 'approved') return decidedRefusal(url, waited.request)
    hold.tell(approvedNotice(waited.request))
    return 'approved'
  }

  /** A connection does not outlive the token that opened it. */
  async #open({ caller, endsAt: endOfToken }: Holder, resource: Resource, knock: Knock, { decision, grant: asked }: Admitted): Promise<LiveSession> {
    const { context, registry } = this.#services
    const id = newId('ses')
    const { principal } = caller
    const own = asked ? null : grantForSession(context, principal, resource.name, id, sessionMs(decision, context.config.session.maxMs))
    const grant = asked ?? own
    if (grant === null) throw new Error('nobody gave this connection a grant')
    const endsAt = Math.min(grant.endsAt, endOfToken)
    const record = {
      session: id,
      principal: principalId(principal),
      resource: resource.name,
      database: knock.database,
      grant: grant.id,
      request: grant.request,
      client: knock.client,
      token: knock.token,
      policies: decision.policies,
      policy: context.policy().version,
      mode: resource.mode,
      endsAt,
    }
    const session = new LiveSession(
      { id, principal, scope: scopeOf(caller), token: knock.token, resource, grant, endsAt, purpose: knock.purpose },
      this.#services,
    )
    registry.add(session) // first, so that no record of a session is ever without one
    try {
      const person = personOf(principal.user, personalOf(decision), ['reason', 'ticket'])
      const started: Event = { type: 'session.started', body: record, secret: { ...knock.purpose }, person }
      await Promise.all([...(own ? [issuedEvent(own)] : []), started].map((event) => context.journal.append(event, resource.durability)))
      const written = this.#record(session, principal, resource, knock, grant)
      // What is read again is not what is written, so neither waits for the other.
      await both(context.store.sessions.insert(written, own), registry.recheckGiven(session, own ? null : grant.id))
      session.recorded = { record: written, grant: own }
      judgeAgain(context, session)
      return session
    } catch (error) {
      await session.end('it could not be opened').catch((also: unknown) => this.#services.onError(also))
      throw error
    }
  }

  #record({ id, endsAt }: LiveSession, principal: Principal, resource: Resource, knock: Knock, grant: Grant): SessionRecord {
    const { clock, journal } = this.#services.context
    return {
      id,
      version: 1,
      gateway: journal.gateway,
      principal,
      resource: resource.name,
      database: knock.database ?? resource.database,
      grant: grant.id,
      client: knock.client,
      startedAt: clock.now(),
      endsAt,
      cut: null,
      endedAt: null,
      endReason: null,
    }
  }
}

interface Holder {
  readonly caller: Caller
  readonly endsAt: number
}

interface Admitted {
  readonly effect: 'allow'
  readonly decision: Decision
  readonly grant: Grant | null
}

/** Resolves when both have, and rejects when neither is under way any more. */
async function both(...two: readonly [Promise<void>, Promise<void>]): Promise<void> {
  const done = await Promise.allSettled(two)
  for (const each of done) if (each.status === 'rejected') throw each.reason
}

/** Nobody needs to review it; policy may still ask for a reason or a ticket. */
function admitWhereSaid(decision: Decision, { purpose: { reason, ticket } }: Knock): Refusal | Admitted {
  const missing = decision.effect === 'allow' ? unmet(decision.obligations, reason, ticket ?? reason) : null
  if (missing) return refusal('denied', missing.message, 'With psql: PGOPTIONS="-c countersign.reason=INC-7".')
  return { effect: 'allow', decision, grant: null }
}

/** How long a connection that is made now would last, milliseconds. */
export function connectMs(policy: PolicyEngine, asker: Asker, resource: string, maxMs: number): number {
  return sessionMs(policy.decide({ ...asker, resource, type: 'connect', facts: NO_FACTS }), maxMs)
}

/** How long a connection lasts: what `@grants` says, within the configured maximum where it says nothing. */
function sessionMs(decision: Decision, maxMs: number): number {
  const ceiling = decision.effect === 'deny' ? null : decision.obligations.ceiling
  return ceiling?.kind === 'duration' ? ceiling.ms : maxMs
}

function deadline(ms: number): AbortSignal {
  const controller = new AbortController()
  setTimeout(() => controller.abort('deadline'), ms).unref()
  return controller.signal
}
