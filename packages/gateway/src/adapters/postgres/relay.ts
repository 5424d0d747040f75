import type { Duplex } from 'node:stream'
import { commandComplete, parse as parseMessage, query as queryMessage, readyForQuery, sync } from '@countersign/wire/postgres/encode'
import { ProtocolError } from '@countersign/wire/postgres/error'
import type { FrontendMessage } from '@countersign/wire/postgres/frontend-message'
import type { Session, Target } from '../adapter.ts'
import { Batch } from './batch.ts'
import type { Cancellable } from './cancels.ts'
import type { LiveCatalog } from './catalog/live.ts'
import { type Classified, isLong } from './classify.ts'
import { type CopyMessage, type Inbox, isCopy, type Message } from './inbox.ts'
import { Judging } from './judging.ts'
import { readCall } from './large-objects.ts'
import type { Names, Portal } from './names.ts'
import type { Waiting } from './outgoing.ts'
import { changesOf, isJudgedAtParse, parametersOf, purposeOf, type Reading, resets, setsOurs, settles } from './readable.ts'
import { statementFailure } from './refuse.ts'
import type { Expected, Replies } from './replies.ts'
import type { Upstream } from './upstream.ts'

/** No SQL begins like this, so the server fails to parse it, and aborts its transaction for good. */
const POISON = 'countersign refused the statement'
const TOO_MANY_NAMES = 'this connection has given too many names to prepared statements and cursors, or to too much text'
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

  constructor(sides: Sides) {
    this.#sides = sides
    this.#batch = new Batch(sides.target, sides.upstream, sides.replies)
    this.#judging = new Judging(sides, this.#batch)
  }

  /** Resolves when the client has left. Rejects with ProtocolError, or when the server is gone. */
  async run(): Promise<void> {
    const { inbox } = this.#sides
    for (;;) {
      const message = inbox.take() ?? (await inbox.next())
      if (message === null || message.kind === 'terminate') return
      const waiting = this.#take(message)
      if (waiting !== undefined) await waiting
    }
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
    const isNext = this.#batch.isQuiet && !replies.synced && replies.copyIn === null && !isCopy(message)
    return isNext ? this.#takeNow(message) : this.#takeInTurn(message)
  }

  async #takeInTurn(message: FrontendMessage): Promise<void> {
    await this.#batch.cancelled()
    if (isCopy(message)) return this.#copy(message)
    if (this.#sides.replies.copyIn?.open) return this.#duringCopy(message)
    if (this.#sides.replies.synced) await this.#batch.settle()
    return this.#takeNow(message)
  }

  #takeNow(message: FrontendMessage): Waiting {
    if (this.#sides.replies.failed) this.#batch.discarding = true
    return this.#batch.discarding && message.kind !== 'sync' ? undefined : this.#judge(message)
  }

  #judge(message: FrontendMessage): Waiting {
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
    if (message.text === null) return this.#refuseQuery(statementFailure('22021', 'the statement is not valid UTF-8'))
    const reading = this.#judging.readNow(message.text) ?? (await this.#judging.read(message.text))
    if (reading === 'failed') return this.#batch.outgoing.forwardNow(sync(), { kind: 'sync' })
    if (setsOurs(reading.classified)) return this.#setOurs(reading.classified)
    if (this.#sides.names.full && reading.classified.statements.some(({ defines }) => defines !== null))
      return this.#refuseQuery(statementFailure('53400', TOO_MANY_NAMES))
    const verdict = await this.#judging.decide(reading, [])
    if (verdict === 'failed') return this.#batch.outgoing.forwardNow(sync(), { kind: 'sync' })
    if (verdict.effect === 'refuse') return this.#refuseQuery(this.#judging.errorFor(verdict, reading))
    const { classified } = reading
    const raw = classified.canonical === message.text ? message.raw : queryMessage(classified.canonical)
    this.#batch.bound = false // its own ReadyForQuery says whether a transaction is left
    return this.#batch.outgoing.forwardNow(raw, {
      kind: 'query',
      run: verdict.run,
      settles: true,
      touches: this.#judging.touches(classified),
      taints: classified.type === 'sql:unknown',
      changes: changesOf(classified),
      partial: classified.statements.length > 1,
    })
  }

  /** A server answers it as it does a Query. */
  async #functionCall(message: Message<'functionCall'>): Promise<void> {
    await this.#batch.settle()
    if (this.#batch.discarding) return undefined
    const called = readCall(message)
    if (called === null) return this.#refuseQuery(statementFailure('0A000', NO_SUCH_CALL, 'Call the function in a SELECT.'))
    const reading = await this.#judging.explain({ classified: called.classified, definitions: [] })
    if (reading === 'failed') return this.#batch.outgoing.forwardNow(sync(), { kind: 'sync' })
    const verdict = await this.#judging.decide(reading, parametersOf(message, called))
    if (verdict === 'failed') return this.#batch.outgoing.forwardNow(sync(), { kind: 'sync' })
    if (verdict.effect === 'refuse') return this.#refuseQuery(this.#judging.errorFor(verdict, reading))
    this.#batch.bound = false
    return this.#batch.outgoing.forwardNow(message.raw, { kind: 'query', call: true, run: verdict.run, settles: true })
  }

  /** One error and one ReadyForQuery with the true status: inside a transaction the server is made to fail too. */
  async #refuseQuery(error: Uint8Array): Promise<void> {
    const { client } = this.#sides
    client.write(error)
    if (!this.#batch.inTransaction) return void client.write(readyForQuery('I'))
    this.#batch.bound = false
    return this.#batch.outgoing.forwardNow(queryMessage(POISON), { kind: 'query', hidden: true, poison: true })
  }

  /** `SET countersign.reason = '…'` is for the gateway, and never goes upstream. */
  async #setOurs(classified: Classified): Promise<void> {
    const { client, replies } = this.#sides
    if (classified.statements.length > 1) return this.#refuseQuery(statementFailure('42601', 'set what begins with countersign. in a statement of its own'))
    this.#noteOurs(classified)
    client.write(commandComplete('SET'))
    client.write(readyForQuery(replies.status))
    return undefined
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
    return verdict.effect === 'refuse' ? this.#refuseBatch(this.#judging.errorFor(verdict, reading)) : this.#drop(verdict.run)
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
    const verdict = await this.#judging.decide(reading, parametersOf(message, prepared))
    if (verdict === 'failed') return void (this.#batch.discarding = true)
    if (verdict.effect === 'allow' && replies.failed) return this.#drop(verdict.run)
    if (verdict.effect === 'refuse') return this.#refuseBatch(this.#judging.errorFor(verdict, reading))
    const change = names.propose({ space: 'portal', name: message.portal, value: { run: verdict.run, ...reading } })
    this.#batch.bound = true
    return this.#batch.outgoing.forward(message.raw, { kind: 'bind', run: verdict.run, changes: [change] })
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
    const takesData = classified.statements.some(({ copy }) => copy === 'in')
    return takesData ? this.#batch.outgoing.forwardNow(message.raw, expected) : this.#batch.outgoing.forward(message.raw, expected)
  }

  #close(message: Message<'close' | 'describe'>): Waiting {
    const space = message.target === 'S' ? 'statement' : 'portal'
    const change = this.#sides.names.propose({ space, name: message.name, value: null })
    return this.#batch.outgoing.forward(message.raw, { kind: 'close', changes: [change] })
  }

  #sync({ raw }: FrontendMessage): Waiting {
    this.#batch.discarding = false
    this.#batch.bound = false
    return this.#batch.outgoing.forwardNow(raw, { kind: 'sync' })
  }

  #refuseFull(): Promise<void> {
    return this.#refuseExtended('53400', TOO_MANY_NAMES, 'Close those that are no longer needed: DEALLOCATE, CLOSE, or connect again.')
  }

  #refuseExtended(code: string, text: string, hint: string | null): Promise<void> {
    return this.#refuseBatch(statementFailure(code, text, hint))
  }

  /** The client sees what came before, one error, and after its Sync the true status. */
  async #refuseBatch(error: Uint8Array): Promise<void> {
    const { client, replies } = this.#sides
    await this.#batch.settle()
    if (this.#batch.discarding) return
    if (this.#batch.inTransaction) {
      // Under a name that nobody has, since the client may still want its unnamed statement.
      await this.#batch.outgoing.forward(parseMessage(POISON, POISON), { kind: 'parse', hidden: true, poison: true })
      await this.#batch.settle()
      if (!replies.failed) throw new ProtocolError('unexpected', 'the server accepted what cannot be parsed')
    }
    client.write(error)
    this.#batch.discarding = true
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

  /** What was allowed while something before it failed: the server would skip it, so it is not sent. */
  #drop(run: string): void {
    this.#batch.discarding = true
    this.#sides.session.record({ run, result: 'failed', summary: 'skipped', rows: null, sent: null })
  }
}
