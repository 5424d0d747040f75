import { type Action, type ActionType, NO_FACTS, type Statement } from '@countersign/core/action'
import type { Grant } from '@countersign/core/grant'
import { type Decision, hidesValues, isBeyondScope, withMarks } from '@countersign/core/obligations'
import { principalId } from '@countersign/core/principal'
import { type Request, unmet } from '@countersign/core/request'
import { type Attempted, Cut, type Hold, type Outcome, type Purpose, type Refusal, type Session, SUSPENDED, type Verdict } from '../adapters/adapter.ts'
import { type ActionEvent, atLeast, type Event, type JsonValue } from '../journal/journal.ts'
import { actionDigest } from '../workflow/digest.ts'
import { liveGrants, useGrants } from '../workflow/grants.ts'
import { isReviewable, openRequest } from '../workflow/requests.ts'
import { after } from '../clock.ts'
import { finishedBody, notForwarded, secretText, startedBody, type StartedBody, startedWith } from './events.ts'
import { waitForDecision } from './hold.ts'
import { Idle } from './idle.ts'
import { coveringGrants, judge, type Judgement } from './judge.ts'
import { allowanceOf, needsMore, type Run, runsOf, secretOfAll, whichOf, whole } from './pipeline.ts'
import { Marks } from './marks.ts'
import { changedSince } from './objects.ts'
import { approvedNotice, decidedRefusal, denialHint, heldNotice, pendingRefusal, refusal, shapeNotice } from './notices.ts'
import type { Opened } from './opened.ts'
import { closeRecord, type Recorded } from './records.ts'
import { blindRefusal, cutMessage, endWait, failure } from './refusals.ts'
import { type Allowed, Remembered } from './remembered.ts'
import { Running } from './running.ts'
import type { Services } from './services.ts'
import { Shapes } from './shapes.ts'
import { askingOnce, changesRows, isUnweighed, mayBeCounted, weighed } from './weigh.ts'

/** One live connection: decides each of its actions, and ends when it must. */
export class LiveSession implements Session {
  readonly id: string
  readonly endsAt: number
  readonly token: string
  readonly principal: string
  opened: Opened
  readonly #services: Services
  readonly #cut = new AbortController()
  readonly #stopClock: () => void
  readonly #idle: Idle
  #purpose: Purpose
  readonly #remembered = new Remembered((statement) => this.#allowed(statement))
  #runs = 0
  /** The name of the latest one. */
  #latest = ''
  readonly #marks: Marks
  readonly #running: Running
  isOver = false
  /** What is in the store of it, so that it need not be read again to be ended. */
  recorded: Recorded | null = null
  readonly #shapes: Shapes
  readonly #failed = (error: unknown) => failure(error, this.#services)

  constructor(opened: Opened, services: Services) {
    const { clock } = services.context
    this.id = opened.id
    this.endsAt = opened.endsAt
    this.token = opened.token
    this.opened = opened
    this.principal = principalId(opened.principal)
    this.#services = services
    this.#shapes = new Shapes(services)
    this.#marks = new Marks(opened.principal.user)
    this.#purpose = opened.purpose
    this.#running = new Running(clock, ({ id }) =>
      this.cut(new Cut('expired', `access of ${this.principal} to ${opened.resource.name} (${id}) has reached its end`)),
    )
    this.#stopClock = after(
      opened.endsAt - clock.now(),
      () => this.cut(new Cut('expired', `access of ${this.principal} to ${opened.resource.name} has reached its end`)),
      clock,
    )
    const { idleMs } = services.context.config.session
    this.#idle = new Idle(idleMs, () => this.cut(new Cut('idle', `session ${this.id} was idle for too long`)), clock)
  }

  get signal(): AbortSignal {
    return this.#cut.signal
  }

  get mayRead(): boolean {
    return this.#allowed({ type: 'sql:read', fingerprint: null, facts: NO_FACTS }) !== null
  }

  grants(): readonly string[] {
    const running = this.#running.grants().map(({ id }) => id)
    return this.opened.grant ? [this.opened.grant.id, ...running] : running
  }

  livesUnder(grant: string): boolean {
    return this.opened.grant?.id === grant || this.#running.isUnder(grant)
  }

  cut(reason: Cut): void {
    if (!this.isOver && !this.#cut.signal.aborted) this.#cut.abort(reason)
  }

  regroup(groups: readonly string[]): void {
    this.opened = { ...this.opened, principal: { ...this.opened.principal, groups } }
    this.#remembered.forget()
  }

  setPurpose(purpose: Partial<Purpose>): void {
    this.#purpose = { ...this.#purpose, ...purpose }
    this.#remembered.forget()
  }

  forbids(statements: readonly Statement[]): boolean {
    if (this.#readsRows(statements)) return false // they are counted once the parameters are there
    const { decision } = judge(this.#policy(), this.opened, this.opened.resource.name, statements)
    return decision.effect === 'deny' && (this.opened.resource.mode === 'enforce' || isBeyondScope(decision))
  }

  allow(action: Omit<Action, 'state'>, inTransaction: boolean): Promise<Verdict> | null {
    const [statement] = action.statements
    if (!statement || action.statements.length > 1) return null
    const allowed = this.#remembered.of(statement, this.#policy())
    if (allowed === null || this.#cannotDecide() !== null) return null
    this.#idle.busy() // it runs from now on
    const run = this.#nextRun()
    const body = startedWith(inTransaction ? allowed.inside : allowed.outside, run)
    return this.#start(run, { type: 'action.started', body, secret: secretText(this.#marks.running(action, allowed.hidden, run)), person: allowed.person })
  }

  async decide(attempted: Attempted, hold: Hold): Promise<Verdict> {
    this.#idle.busy() // neither who waits for a verdict is idle, nor whose statement runs
    this.#shapes.next()
    const verdict = await this.#decide(attempted, hold).catch(this.#failed)
    if (verdict.effect === 'refuse') this.#idle.rest()
    return verdict
  }

  record(outcome: Outcome): void {
    const { run, summary } = outcome
    if (summary !== SUSPENDED) this.#shapes.ran(this.#running.leave(run), outcome)
    if (run === this.#latest) this.#idle.rest() // those before it are over too
    const body = finishedBody(outcome, this.id)
    this.#services.context.journal.join({ type: 'action.finished', body, ...this.#marks.outcome(outcome, summary !== SUSPENDED) })
  }

  async rights({ run, effect, roles }: Parameters<Session['rights']>[0]): Promise<void> {
    await this.#services.context.journal.append({ type: `rights.${effect}`, body: { session: this.id, run, roles } }, 'process')
  }

  async end(reason: string): Promise<void> {
    if (this.isOver) return
    this.isOver = true
    this.#stopClock()
    this.#idle.end()
    this.#running.leaveAll()
    const { context, registry } = this.#services
    try {
      // The ledger hears of it whatever the store does; what the store does not take now, housekeeping closes later.
      const told = context.journal.append({ type: 'session.ended', body: { session: this.id, reason } }, 'process')
      await Promise.all([told, closeRecord(context, this.id, reason, this.recorded)])
    } finally {
      registry.remove(this.id) // last, because a shutdown waits for the record of every session
    }
  }

  async #decide(alone: Attempted, hold: Hold): Promise<Verdict> {
    let asked = alone
    let asking = askingOnce(asked)
    for (let weigh = this.#countsRows(asked); ;) {
      const attempted = weigh ? await weighed(asking) : asking
      const stop = this.#cannotDecide()
      if (stop) return stop
      const judgement = judge(this.#policy(), this.opened, this.opened.resource.name, attempted.action.statements)
      const { decision } = judgement
      if (this.opened.resource.mode === 'observe' && !isBeyondScope(decision)) return this.#allowUnheld(attempted, decision)
      if (decision.effect === 'allow') return this.#allowWhereSaid(asked === alone ? attempted : alone, decision)
      if (decision.effect === 'deny') return this.#deny(attempted, { ...decision, message: decision.message + whichOf(attempted.action, judgement) })
      const verdict = await this.#review(attempted, decision, judgement, hold)
      if (typeof verdict === 'object') return verdict
      if (verdict === 'together' && asking.pipeline) asked = whole(alone, await asking.pipeline())
      if (verdict !== 'unweighed') asking = askingOnce(asked)
      if (verdict === 'approved') await asking.objects() // the wait may have been long: it is judged as what it was read as, or not at all
      weigh = verdict === 'unweighed' || this.#countsRows(asked)
    }
  }

  #countsRows(attempted: Attempted): boolean {
    return mayBeCounted(attempted) && this.#readsRows(attempted.action.statements)
  }

  /** Whether policy's answer may depend on how many rows these change: counting them costs a connection to the target. */
  #readsRows(statements: readonly Statement[]): boolean {
    const { principal, resource } = this.opened
    return statements.some((statement) => changesRows(statement) && this.#policy().readsRows({ principal, resource: resource.name, type: statement.type }))
  }

  /** Nobody needs to review it; policy may still ask for a reason or a ticket. */
  #allowWhereSaid(attempted: Attempted, decision: Extract<Decision, { effect: 'allow' }>): Promise<Verdict> {
    const missing = this.#unmet(decision)
    const { policies, obligations } = decision
    if (missing) return this.#deny(attempted, withMarks({ effect: 'deny', policies, message: missing.message }, obligations))
    return this.#allowUnheld(attempted, decision)
  }

  #unmet({ obligations }: Exclude<Decision, { effect: 'deny' }>) {
    const { reason, ticket } = this.#purpose
    return unmet(obligations, reason, ticket ?? reason)
  }

  #nextRun(): string {
    this.#runs++
    this.#latest = `${this.id}.${this.#runs}`
    return this.#latest
  }

  #policy() {
    return this.#services.context.policy()
  }

  /** Everything that refuses an action before policy is asked. */
  #cannotDecide(): Refusal | null {
    const cut = this.#cutVerdict() ?? blindRefusal(this.#services)
    if (cut) return cut
    return this.#services.context.clock.now() < this.endsAt ? null : refusal('ended', `access of ${this.principal} has reached its end`, null)
  }

  /** Null for what policy does not allow by itself, or only with the rows that it would change. */
  #allowed(statement: Statement): Allowed | null {
    if (this.#readsRows([statement])) return null
    const { resource } = this.opened
    const { decision } = judge(this.#policy(), this.opened, resource.name, [statement])
    const isFree = decision.effect === 'allow' && this.#unmet(decision) === null
    if (!isFree && (resource.mode !== 'observe' || isBeyondScope(decision))) return null
    return {
      outside: this.#startedBody(statement.type, false, decision),
      inside: this.#startedBody(statement.type, true, decision),
      person: this.#marks.person(decision),
      hidden: hidesValues(decision),
    }
  }

  #cutVerdict(): Refusal | null {
    return this.#cut.signal.aborted ? refusal('ended', cutMessage(this.#cut.signal), null) : null
  }

  /** Resolves when the start is as durable as its resource asks: to `allow`, or to why it may not be forwarded. */
  #start(run: string, event: ActionEvent): Promise<Verdict> {
    return new Promise((resolve) => {
      const written = (error: Error | null) => {
        const refused = error ? failure(error, this.#services) : this.#cutVerdict()
        if (refused) this.#notForwarded(run)
        resolve(refused ?? { effect: 'allow', run, reviewed: false })
      }
      this.#services.context.journal.join(event, written, this.opened.resource.durability)
    })
  }

  /** The entry is durable before the adapter hears `allow`. */
  async #allowUnheld({ action, inTransaction }: Attempted, decision: Decision): Promise<Verdict> {
    const run = this.#nextRun()
    const body = startedWith(this.#startedBody(action.type, inTransaction, decision), run)
    const secret = secretText(this.#marks.running(action, hidesValues(decision), run))
    return this.#start(run, { type: 'action.started', body, secret, person: this.#marks.person(decision) })
  }

  /** The body of `action.started` for what nobody has to review. */
  #startedBody(type: ActionType, inTransaction: boolean, { effect, policies }: Decision): StartedBody {
    return startedBody({ ...this.#what(type, inTransaction), policies, ...(effect === 'allow' ? {} : { observed: effect }) }, this.id)
  }

  async #deny(attempted: Attempted, decision: Extract<Decision, { effect: 'deny' }>): Promise<Verdict> {
    await this.#recordDecided(attempted, decision, secretOfAll(this.#marks.shown(attempted.action, decision)))
    return refusal('denied', decision.message, denialHint(decision.policies, attempted.action.statements))
  }

  async #recordDecided({ action, inTransaction }: Attempted, decision: Decision, secret: Event['secret'] & {}, more: Event['body'] = {}): Promise<void> {
    const body = { session: this.id, effect: decision.effect, ...more, ...this.#what(action.type, inTransaction), policies: decision.policies }
    await this.#services.context.journal.append({ type: 'action.decided', body, secret, person: this.#marks.person(decision) }, 'process')
  }

  /**
   * A live grant is used; else somebody is asked. `approved` means: judge again, for policy may have changed while it waited.
   * `unweighed`: with what it would do now, which a reviewer is shown, and which a grant may be bound to. `together`: with what came behind it.
   */
  async #review(
    attempted: Attempted,
    decision: Extract<Decision, { effect: 'review' }>,
    judgement: Judgement,
    hold: Hold,
  ): Promise<Verdict | 'approved' | 'unweighed' | 'together'> {
    const { context } = this.#services
    await this.#shapes.endPassed()
    const policy = this.#policy()
    const { principal, resource } = this.opened
    const action: Action = { ...attempted.action, state: await attempted.state() }
    const digest = isReviewable(action) ? actionDigest(principal, resource.name, action, this.#marks.salt(action, decision)) : '' // nobody can have approved exactly this
    const purposed = this.#unmet(decision) === null // a shape runs for what is said of it now
    const live = (await liveGrants(context, principal, resource.name)).filter(({ coverage }) => purposed || coverage.kind !== 'shape')
    const sent = { principal, resource: resource.name, digest, state: action.state, alone: action.statements.length === 1 }
    const grants = coveringGrants(judgement, live, sent, context.clock.now())
    const isVoid = grants !== null && (await this.#shapes.endVoid(attempted, grants, hold))
    const changed = grants && !isVoid ? await changedSince(this.#services, attempted, grants) : null
    if (changed) return changed
    if (isVoid || this.#policy() !== policy) return 'approved' // the wait for the target may have been long
    if (grants) return this.#allowUnder(attempted, judgement, grants, hold)
    if (isUnweighed(attempted) && isReviewable(action)) return 'unweighed'
    const pipeline = await attempted.pipeline?.()
    if (this.#policy() !== policy) return 'approved' // and so may that for the rest of it
    const now = context.clock.now()
    if (pipeline && needsMore(pipeline, action.state, { policy, asker: this.opened, resource: resource.name, live, now })) return 'together'

    const asked = this.#marks.shown(await this.#shapes.asked(action, attempted, decision), decision)
    const { request, attached } = await openRequest(context, {
      requester: principal,
      resource: resource.name,
      ask: { kind: 'action', digest, action: asked },
      need: decision.need,
      policies: decision.policies,
      obligations: decision.obligations,
      ...this.#purpose,
      session: this.id,
      inTransaction: attempted.inTransaction,
    })
    await this.#recordDecided(attempted, decision, { digest }, { request: request.id, attached })
    if (resource.onHold === 'refuse') return pendingRefusal(context.config.url, request, 'this resource does not keep clients waiting')
    return this.#wait(request, hold)
  }

  /** From here on the end of any of these grants ends this connection, also while their use is being written down. */
  async #allowUnder(attempted: Attempted, judgement: Judgement, grants: readonly Grant[], hold: Hold): Promise<Verdict | 'approved'> {
    const runs = runsOf(attempted.action, judgement, () => this.#nextRun())
    for (const { run } of runs) this.#running.add(run, grants)
    const used = await useGrants(this.#services.context, grants).catch(this.#failed)
    const verdict = used === true ? await this.#startUnder(runs, attempted, judgement.decision, grants) : used || 'approved'
    if (verdict === 'approved' || verdict.effect === 'refuse') for (const { run } of runs) this.#running.leave(run)
    else for (const grant of grants) if (grant.coverage.kind === 'shape') hold.tell(shapeNotice(grant))
    return verdict
  }

  async #startUnder(runs: readonly Run[], { inTransaction }: Attempted, decision: Decision, grants: readonly Grant[]): Promise<Verdict> {
    const under = { grants: grants.map(({ id }) => id), requests: grants.map(({ request }) => request) }
    const started = runs.map(({ run, action }) => {
      const body = { session: this.id, run, ...this.#what(action.type, inTransaction), policies: decision.policies, ...under }
      const event = { type: 'action.started', body, ...this.#marks.started(action, decision, run) } as const
      return this.#services.context.journal.append(event, atLeast('disk', this.opened.resource.durability))
    })
    const refused = await Promise.all(started).then(() => this.#cutVerdict(), this.#failed)
    if (refused) for (const { run } of runs) this.#notForwarded(run)
    return refused ?? allowanceOf(runs)
  }

  /** Its start is recorded, and it did not run. */
  #notForwarded(run: string): void {
    this.#idle.rest()
    this.#services.context.journal.join(notForwarded(run, this.id))
  }

  async #wait(request: Request, hold: Hold): Promise<Verdict | 'approved'> {
    const { config, store } = this.#services.context
    hold.tell(heldNotice(config.url, request, false))
    const waited = await waitForDecision(store, request.id, {
      client: hold.signal,
      session: this.#cut.signal,
      reminderMs: config.hold.reminderMs,
      remind: () => hold.tell(heldNotice(config.url, request, true)),
    })
    switch (waited.by) {
      case 'decision':
        if (waited.request.status !== 'approved') return decidedRefusal(config.url, waited.request)
        hold.tell(approvedNotice(waited.request))
        return 'approved'
      case 'session':
        return refusal('ended', cutMessage(this.#cut.signal), null)
      case 'client':
        return endWait(this.#services, request, waited.end, this.opened.principal, this.id)
    }
  }

  #what(type: ActionType, inTransaction: boolean): Record<string, JsonValue> {
    return {
      principal: this.principal,
      resource: this.opened.resource.name,
      action: type,
      policy: this.#policy().version,
      ...(inTransaction ? { inTransaction } : {}),
    }
  }
}
