import type { Duplex } from 'node:stream'
import { close, commandComplete, execute, flush, parse as parseMessage, query as queryMessage, readyForQuery, sync } from '@countersign/wire/postgres/encode'
import { ProtocolError } from '@countersign/wire/postgres/error'
import type { FrontendMessage } from '@countersign/wire/postgres/frontend-message'
import type { Allowance, Session, Target } from '../adapter.ts'
import { Batch } from './batch.ts'
import type { Cancellable } from './cancels.ts'
import type { LiveCatalog } from './catalog/live.ts'
import { type Classified, isLong } from './classify.ts'
import type { Fencing } from './fence/fencing.ts'
import { Guard, type Pass } from './fence/guard.ts'
import { Pending } from './fence/pending.ts'
import { type CopyMessage, type Inbox, isCopy, type Message } from './inbox.ts'
import { Judging } from './judging.ts'
import { readCall } from './large-objects.ts'
import type { Names, Portal } from './names.ts'
import { answer, type Waiting } from './outgoing.ts'
import { changesOf, isJudgedAtParse, parametersOf, purposeOf, type Reading, resets, setsOurs, settles } from './readable.ts'
import { statementFailure } from './refuse.ts'
import { Refusing } from './refusing.ts'
import type { Expected } from './expected.ts'
import type { Replies } from './replies.ts'
import type { Upstream } from './upstream.ts'

const TOO_MANY_NAMES = 'this connection has given too many names to prepared statements and cursors, or to too much text'
const NOT_TOGETHER = 'the rights that it needs exist only while it runs, and it was bound without being executed'
const NO_SUCH_CALL = 'the function call message may call functions of large objects only'

export interface Sides {
  readonly client: Duplex
  readonly inbox: Inbox
  readonly upstream: Upstream
  readonly target: Target
  readonly session: Session
  readonly replies: Replies
  readonly names: Names
  readonly catalog: LiveCatalog
  /** Null: the session has all the rights that it will ever have. */
  readonly fencing: Fencing | null
}

/**
 * The client's side of a connection: takes its messages one at a time, lets each action be judged, and forwards what was
 * allowed. Judged are a Query as a whole, and the extended protocol at Bind, where text and values meet and planning may
 * already run functions; what policy never allows is refused at Parse.
 */
export class Relay implements Cancellable {
  readonly #sides: Sides
  readonly #batch: Batch
  readonly #judging: Judging
  readonly #refusing: Refusing
  readonly #guard: Guard | null
  #pending: Pending | null = null

  constructor(sides: Sides) {
    this.#sides = sides
    this.#batch = new Batch(sides.target, sides.upstream, sides.replies)
    this.#judging = new Judging(sides, this.#batch)
    this.#refusing = new Refusing(sides, this.#batch)
    this.#guard = sides.fencing && new Guard(sides.fencing, this.#batch, sides.replies, sides.session)
  }

  /** Resolves when the client has left. Rejects with ProtocolError, or when the server is gone. */
  async run(): Promise<void> {
    const { inbox } = this.#sides
    try {
      for (;;) {
        const message = inbox.take() ?? (await inbox.next())
        if (message === null || message.kind === 'terminate') return
        const waiting = this.#take(message)
        if (waiting !== undefined) await waiting
      }
    } finally {
      this.#judging.dropApproved()
    }
  }

  /** Rejects with a Cut when the session must end, because rights could not be taken back. */
  get over(): Promise<never> | null {
    return this.#guard?.fence.over ?? null
  }

  /** A cancel request withdraws what is held, and otherwise reaches exactly the query that runs now. */
  cancel(): void {
    if (!this.#judging.endHold('withdrawn')) this.#batch.cancel()
  }

  /** The client or the server is gone: nobody waits here any more. */
  leave(): void {
    this.#judging.endHold('disconnected')
  }

  /** The session was cut: what was allowed and is not sent will not be. */
  stop(): void {
    this.#batch.outgoing.stop()
  }

  #take(message: FrontendMessage): Waiting {
    const { replies } = this.#sides
    const isNext = this.#batch.isQuiet && this.#guard?.fence.isQuiet !== false && !replies.synced && replies.copyIn === null && !isCopy(message)
    return isNext ? this.#takeNow(message) : this.#takeInTurn(message)
  }

  async #takeInTurn(message: FrontendMessage): Promise<void> {
    await this.#batch.cancelled()
    if (isCopy(message)) return this.#copy(message)
    if (this.#sides.replies.copyIn?.open) return this.#duringCopy(message)
    await this.#guard?.fence.settled()
    if (this.#sides.replies.synced) await this.#batch.settle()
    return this.#takeNow(message)
  }

  #takeNow(message: FrontendMessage): Waiting {
    if (this.#sides.replies.failed) this.#batch.discarding = true
    return this.#batch.discarding && message.kind !== 'sync' ? undefined : this.#judge(message)
  }

  #judge(message: FrontendMessage): Waiting {
    if (this.#pending) return this.#afterBind(this.#pending, message)
    switch (message.kind) {
      case 'query':
        return this.#query(message)
      case 'parse':
        return this.#parse(message)
      case 'bind':
        return this.#bind(message)
      case 'execute':
        return this.#execute(message)
      case 'describe':
        return this.#batch.outgoing.forward(message.raw, { kind: 'describe' })
      case 'close':
        return this.#close(message)
      case 'flush':
        return this.#batch.outgoing.send(message.raw)
      case 'sync':
        return this.#sync(message)
      case 'functionCall':
        return this.#functionCall(message)
      case 'copyData':
      case 'copyDone':
      case 'copyFail':
      case 'password':
      case 'terminate':
        throw new ProtocolError('unexpected', `a ${message.kind} has no place here`)
    }
  }

  // The simple protocol.

  async #query(message: Message<'query'>): Promise<void> {
    if (!this.#batch.isSettled) await this.#batch.settle()
    if (this.#batch.discarding) return undefined
    if (message.text === null) return this.#refusing.query(statementFailure('22021', 'the statement is not valid UTF-8'))
    const reading = this.#judging.readNow(message.text) ?? (await this.#judging.read(message.text))
    if (reading === 'failed') return this.#batch.outgoing.forwardNow(sync(), { kind: 'sync' })
    if (setsOurs(reading.classified)) return this.#setOurs(reading.classified)
    if (this.#sides.names.full && reading.classified.statements.some(({ defines }) => defines !== null))
      return this.#refusing.query(statementFailure('53400', TOO_MANY_NAMES))
    const objection = this.#guard?.refusal(reading.classified)
    if (objection) return this.#refusing.query(objection)
    const verdict = await this.#judging.decide(reading, [])
    if (verdict === 'failed') return this.#batch.outgoing.forwardNow(sync(), { kind: 'sync' })
    if (verdict.effect === 'refuse') return this.#refusing.query(this.#judging.errorFor(verdict, reading))
    const { classified } = reading
    const barred = await this.#open(classified, verdict)
    if (barred) return this.#refusing.query(barred)
    const raw = classified.canonical === message.text ? message.raw : queryMessage(classified.canonical)
    this.#batch.bound = false // its own ReadyForQuery says whether a transaction is left
    const sent = this.#batch.outgoing.forwardNow(raw, {
      kind: 'query',
      run: verdict.run,
      settles: true,
      touches: this.#judging.touches(classified),
      taints: classified.type === 'sql:unknown',
      changes: changesOf(classified),
      partial: classified.statements.length > 1,
    })
    this.#guard?.fence.close()
    return sent
  }

  /** A server answers it as it does a Query. */
  async #functionCall(message: Message<'functionCall'>): Promise<void> {
    await this.#batch.settle()
    if (this.#batch.discarding) return undefined
    const called = readCall(message)
    if (called === null) return this.#refusing.query(statementFailure('0A000', NO_SUCH_CALL, 'Call the function in a SELECT.'))
    const reading = await this.#judging.explain({ classified: called.classified, definitions: [] })
    if (reading === 'failed') return this.#batch.outgoing.forwardNow(sync(), { kind: 'sync' })
    const verdict = await this.#judging.decide(reading, parametersOf(message, called))
    if (verdict === 'failed') return this.#batch.outgoing.forwardNow(sync(), { kind: 'sync' })
    if (verdict.effect === 'refuse') return this.#refusing.query(this.#judging.errorFor(verdict, reading))
    const barred = await this.#open(reading.classified, verdict)
    if (barred) return this.#refusing.query(barred)
    this.#batch.bound = false
    const sent = this.#batch.outgoing.forwardNow(message.raw, { kind: 'query', call: true, run: verdict.run, settles: true })
    this.#guard?.fence.close()
    return sent
  }

  /** `SET countersign.reason = '…'` is for the gateway, and never goes upstream. */
  async #setOurs(classified: Classified): Promise<void> {
    const { client, replies } = this.#sides
    if (classified.statements.length > 1) return this.#refusing.query(statementFailure('42601', 'set what begins with countersign. in a statement of its own'))
    this.#noteOurs(classified)
    return answer(client, commandComplete('SET'), readyForQuery(replies.status))
  }

  #noteOurs(classified: Classified): void {
    this.#sides.session.setPurpose(purposeOf(classified))
  }

  // The extended protocol.

  async #parse(message: Message<'parse'>): Promise<void> {
    if (message.text === null) return this.#refuseExtended('22021', 'the statement is not valid UTF-8', null)
    if (this.#sides.replies.mustSettle) await this.#batch.settle()
    if (this.#batch.discarding) return undefined
    if (this.#sides.names.full) return this.#refuseFull()
    if (isLong(message.text)) await this.#judging.prepare(message.text)
    const reading = this.#judging.readByName(message.text) // what its names mean is asked when it is bound
    const { classified } = reading
    if (isJudgedAtParse(classified) && this.#sides.session.forbids(classified.statements)) return this.#refuseForbidden(reading)
    const change = this.#sides.names.propose({ space: 'statement', name: message.name, value: { classified, types: message.types } })
    // Ours are replaced by nothing, which a driver sees as an empty query.
    const text = setsOurs(classified) ? '' : classified.canonical
    const raw = text === message.text ? message.raw : parseMessage(message.name, text, message.types)
    return this.#batch.outgoing.forward(raw, { kind: 'parse', changes: [change] })
  }

  /** Parsed and described, it would already take locks and tell what there is. */
  async #refuseForbidden(reading: Reading): Promise<void> {
    const verdict = await this.#judging.decide(reading, [])
    if (verdict === 'failed') return void (this.#batch.discarding = true)
    return verdict.effect === 'refuse' ? this.#refusing.batch(this.#judging.errorFor(verdict, reading)) : this.#refusing.drop(verdict.run)
  }

  async #bind(message: Message<'bind'>): Promise<void> {
    const { names, replies } = this.#sides
    if (replies.mustSettle) await this.#batch.settle()
    if (this.#batch.discarding) return undefined
    if (names.full) return this.#refuseFull()
    const prepared = names.statement(message.statement)
    if (!prepared)
      return this.#refuseExtended('26000', `prepared statement "${message.statement}" is not known to the gateway`, 'Prepare it again on this connection.')
    if (setsOurs(prepared.classified)) this.#noteOurs(prepared.classified)
    const reading = this.#judging.resolveNow(prepared) ?? (await this.#judging.resolve(prepared))
    if (reading === 'failed') this.#batch.discarding = true
    if (reading === 'failed' || this.#batch.discarding) return undefined
    const objection = this.#guard?.refusal(reading.classified)
    if (objection) return this.#refusing.batch(objection)
    const verdict = await this.#judging.decideBind(message, reading, parametersOf(message, prepared))
    if (verdict === 'failed') return void (this.#batch.discarding = true)
    if (verdict.effect === 'allow' && replies.failed) return this.#refusing.drop(verdict.run)
    if (verdict.effect === 'refuse') return this.#refusing.batch(this.#judging.errorFor(verdict, reading))
    const change = names.propose({ space: 'portal', name: message.portal, value: { run: verdict.run, ...reading } })
    const expected: Expected = { kind: 'bind', run: verdict.run, changes: [change] }
    const pass = this.#guard?.needs(reading.classified, verdict)
    if (pass) return void (this.#pending = new Pending(message.portal, pass, message.raw, expected))
    this.#batch.bound = true
    return this.#batch.outgoing.forward(message.raw, expected)
  }

  // What needs rights that do not stand.

  /** Everything before must have been answered. Null when it may be forwarded. */
  async #open(classified: Classified, verdict: Allowance): Promise<Uint8Array | null> {
    const pass = this.#guard?.needs(classified, verdict) ?? null
    return pass && this.#guard ? this.#guard.open(pass) : null
  }

  async #afterBind(pending: Pending, message: FrontendMessage): Promise<void> {
    if (pending.describe(message)) return
    this.#pending = null
    if (message.kind === 'execute' && message.portal === pending.portal) return this.#executePending(pending, message)
    this.#sides.names.propose({ space: 'portal', name: pending.portal, value: null })
    this.#refusing.drop(pending.pass.run)
    this.#batch.discarding = false
    await this.#refuseExtended('0A000', NOT_TOGETHER, 'Send Bind and Execute one behind the other, without Sync, Flush or anything else between them.')
    if (message.kind === 'sync') await this.#sync(message)
  }

  /** To completion, whatever number of rows was asked for at first: a portal would be read on with rights that are gone. */
  async #executePending({ pass, portal: name, messages }: Pending, message: Message<'execute'>): Promise<void> {
    const { names, inbox } = this.#sides
    await this.#batch.settle()
    const portal = names.portal(name)
    if (this.#batch.discarding || !portal) return this.#refusing.drop(pass.run)
    const barred = await this.#guard?.open(pass)
    if (barred) return this.#refusing.batch(barred)
    this.#batch.bound = true
    for (const { raw, expected } of messages) void this.#batch.outgoing.forward(raw, expected)
    await this.#executePortal(message.maxRows === 0 ? message : { ...message, maxRows: 0, raw: execute(name) }, portal)
    if (!takesData(portal.classified)) await this.#endPortal(name, inbox)
    this.#guard?.fence.close()
  }

  /** A Sync that is here already ends the implicit transaction with the same rights. */
  async #endPortal(name: string, inbox: Inbox): Promise<void> {
    const change = this.#sides.names.propose({ space: 'portal', name, value: null })
    void this.#batch.outgoing.forward(close('P', name), { kind: 'close', hidden: true, changes: [change] })
    if (inbox.peek()?.kind !== 'sync') return this.#batch.outgoing.send(flush())
    const message = inbox.take()
    return message?.kind === 'sync' ? this.#forwardSync(message) : undefined
  }

  /** Its portal was judged at Bind. A portal that nobody bound here is a cursor, and FETCH is how those are read. */
  #execute(message: Message<'execute'>): Waiting {
    const portal = this.#sides.names.portal(message.portal)
    const mustWait = this.#sides.replies.mustSettle || !portal || isLong(portal.classified.canonical)
    return mustWait ? this.#executeInTurn(message) : this.#executePortal(message, portal)
  }

  async #executeInTurn(message: Message<'execute'>): Promise<void> {
    if (this.#sides.replies.mustSettle) await this.#batch.settle()
    if (this.#batch.discarding) return undefined
    const portal = this.#sides.names.portal(message.portal)
    if (!portal)
      return this.#refuseExtended('34000', `portal "${message.portal}" is not known to the gateway`, 'Bind it on this connection, or use FETCH for a cursor.')
    if (isLong(portal.classified.canonical)) await this.#judging.prepare(portal.classified.canonical)
    return this.#executePortal(message, portal)
  }

  #executePortal(message: Message<'execute'>, portal: Portal): Waiting {
    if (!this.#judging.meansTheSame(portal))
      return this.#refuseExtended('55000', `what portal "${message.portal}" refers to has changed since it was bound`, 'Bind it again.')
    const { classified, run } = portal
    const expected: Expected = {
      kind: 'execute',
      run,
      settles: settles(classified),
      resets: resets(classified),
      touches: this.#judging.touches(classified),
      taints: classified.type === 'sql:unknown',
      changes: changesOf(classified),
    }
    // A server that is to take data says so at once, and a client may wait for that without a Flush.
    return takesData(classified) ? this.#batch.outgoing.forwardNow(message.raw, expected) : this.#batch.outgoing.forward(message.raw, expected)
  }

  #close(message: Message<'close' | 'describe'>): Waiting {
    const space = message.target === 'S' ? 'statement' : 'portal'
    const change = this.#sides.names.propose({ space, name: message.name, value: null })
    return this.#batch.outgoing.forward(message.raw, { kind: 'close', changes: [change] })
  }

  #sync(message: FrontendMessage): Waiting {
    const pass = this.#guard?.fence.needsAtSync()
    return pass ? this.#syncWith({ ...pass, stays: false, reviewed: false }, message) : this.#forwardSync(message)
  }

  /** The end of an implicit transaction runs its deferred triggers. */
  async #syncWith(pass: Pass, message: FrontendMessage): Promise<void> {
    await this.#batch.settle()
    const barred = this.#batch.discarding ? null : await this.#guard?.open(pass)
    if (barred) await this.#refusing.batch(barred)
    await this.#forwardSync(message)
    this.#guard?.fence.close()
  }

  #forwardSync({ raw }: FrontendMessage): Waiting {
    this.#judging.dropApproved()
    this.#batch.discarding = false
    this.#batch.bound = false
    return this.#batch.outgoing.forwardNow(raw, { kind: 'sync' })
  }

  #refuseFull(): Promise<void> {
    return this.#refuseExtended('53400', TOO_MANY_NAMES, 'Close those that are no longer needed: DEALLOCATE, CLOSE, or connect again.')
  }

  #refuseExtended(code: string, text: string, hint: string | null): Promise<void> {
    return this.#refusing.batch(statementFailure(code, text, hint))
  }

  // COPY FROM STDIN.

  async #copy(message: CopyMessage): Promise<void> {
    const { replies } = this.#sides
    await this.#batch.outgoing.write()
    await replies.settled()
    const copy = replies.copyIn
    if (!copy?.open) return // it has failed already, and the server would ignore this too
    if (message.kind === 'copyData') copy.add(message.data)
    else copy.open = false
    await this.#batch.outgoing.send(message.raw)
  }

  /** A server that copies ignores Flush and Sync; anything else would break it. */
  #duringCopy({ kind }: FrontendMessage): void {
    if (kind !== 'flush' && kind !== 'sync') throw new ProtocolError('unexpected', `a ${kind} was sent in the middle of COPY data`)
  }
}

const takesData = ({ statements }: Classified) => statements.some(({ copy }) => copy === 'in')
