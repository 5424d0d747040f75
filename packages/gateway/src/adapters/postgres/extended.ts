import { close, execute, flush, parse as parseMessage } from '@countersign/wire/postgres/encode'
import { ProtocolError } from '@countersign/wire/postgres/error'
import type { FrontendMessage } from '@countersign/wire/postgres/frontend-message'
import { type Classified, isLong } from './classify.ts'
import type { Expected } from './expected.ts'
import type { Pass } from './fence/guard.ts'
import { Pending } from './fence/pending.ts'
import type { Inbox, Message } from './inbox.ts'
import { isTooLong, type Portal, TOO_MANY_NAMES } from './names.ts'
import type { Waiting } from './outgoing.ts'
import { tooLong } from './purpose.ts'
import { changesOf, isJudgedAtParse, parametersOf, purposeOf, type Reading, setsOurs } from './readable.ts'
import { statementFailure } from './refuse.ts'
import type { Desk } from './sides.ts'

const LONG_NAME = 'the name of a prepared statement or a portal is too long: the server keeps 63 bytes of it, and may take it for another'
const NOT_TOGETHER = 'the rights that it needs exist only while it runs, and it was bound without being executed'

/**
 * The extended protocol: judged at Bind, where text and values meet and planning may already run functions; what policy never allows is refused at Parse.
 * A Bind that needs rights which do not stand waits for its Execute.
 */
export class Extended {
  readonly #sides: Desk['sides']
  readonly #batch: Desk['batch']
  readonly #judging: Desk['judging']
  readonly #refusing: Desk['refusing']
  readonly #guard: Desk['guard']
  #pending: Pending | null = null

  constructor({ sides, batch, judging, refusing, guard }: Desk) {
    this.#sides = sides
    this.#batch = batch
    this.#judging = judging
    this.#refusing = refusing
    this.#guard = guard
  }

  /** A Bind waits for its Execute, and nothing else may come between them. */
  get isWaiting(): boolean {
    return this.#pending !== null
  }

  /** The client has left: what waits for its Execute will have none. */
  drop(): void {
    if (this.#pending) this.#refusing.drop(this.#pending.pass.run)
    this.#pending = null
  }

  take(message: FrontendMessage): Waiting {
    if (this.#pending) return this.#afterBind(this.#pending, message)
    if (namesTooLong(message)) return this.#refuseExtended('42622', LONG_NAME, 'Give it a name of 63 characters at most, or of 15 where they are not ASCII.')
    switch (message.kind) {
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
      case 'query':
      case 'functionCall':
      case 'copyData':
      case 'copyDone':
      case 'copyFail':
      case 'password':
      case 'terminate':
        throw new ProtocolError('unexpected', `a ${message.kind} has no place here`)
    }
  }

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
    const purpose = setsOurs(prepared.classified) ? purposeOf(prepared.classified) : {}
    const long = tooLong(purpose)
    if (long !== null) return this.#refuseExtended('22001', long, null)
    if (setsOurs(prepared.classified)) this.#sides.session.setPurpose(purpose)
    const reading = this.#judging.resolveNow(prepared) ?? (await this.#judging.resolve(prepared))
    if (reading === 'failed') this.#batch.discarding = true
    if (reading === 'failed' || this.#batch.discarding) return undefined
    const objection = this.#guard?.refusal(reading.classified)
    if (objection) return this.#refusing.batch(objection)
    const verdict = await this.#judging.decideBind(message, reading, parametersOf(message, prepared))
    if (verdict === 'failed') return void (this.#batch.discarding = true)
    if (verdict.effect === 'allow' && replies.failed) return this.#refusing.drop(verdict.run)
    if (verdict.effect === 'refuse') return this.#refusing.batch(this.#judging.errorFor(verdict, reading))
    const change = names.propose({
      space: 'portal',
      name: message.portal,
      value: { run: verdict.run, ...reading, types: prepared.types, turn: this.#judging.turn },
    })
    const expected: Expected = { kind: 'bind', run: verdict.run, changes: [change] }
    const pass = this.#guard?.needs(reading.classified, verdict)
    if (pass) return void (this.#pending = new Pending(message.portal, pass, message.raw, expected))
    this.#batch.bound = true
    return this.#batch.outgoing.forward(message.raw, expected)
  }

  // What needs rights that do not stand.

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
    await this.#executePortal(
      message.maxRows === 0 ? message : { ...message, maxRows: 0, raw: execute(name) },
      portal,
      this.#judging.meansTheSame(portal) !== false,
    )
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
    const means = this.#sides.replies.mustSettle || !portal ? null : this.#meansTheSame(portal)
    return !portal || means === null ? this.#executeInTurn(message) : this.#executePortal(message, portal, means)
  }

  /** What has been begun goes on as it was. */
  #meansTheSame(portal: Portal): boolean | null {
    return this.#sides.replies.hasBegun(portal.run) || this.#judging.meansTheSame(portal)
  }

  async #executeInTurn(message: Message<'execute'>): Promise<void> {
    if (this.#sides.replies.mustSettle) await this.#batch.settle()
    if (this.#batch.discarding) return undefined
    const portal = this.#sides.names.portal(message.portal)
    if (!portal)
      return this.#refuseExtended('34000', `portal "${message.portal}" is not known to the gateway`, 'Bind it on this connection, or use FETCH for a cursor.')
    const means = this.#meansTheSame(portal) ?? (await this.#judging.meansTheSameNow(portal))
    if (means === 'failed') return void (this.#batch.discarding = true)
    return this.#executePortal(message, portal, means)
  }

  #executePortal(message: Message<'execute'>, portal: Portal, meansTheSame: boolean): Waiting {
    if (!meansTheSame) return this.#refuseExtended('55000', `what portal "${message.portal}" refers to has changed since it was bound`, 'Bind it again.')
    const { classified, run } = portal
    const copies = takesData(classified)
    const expected: Expected = {
      kind: 'execute',
      run,
      copies,
      settles: this.#judging.settles(classified),
      resets: this.#judging.resets(classified),
      touches: this.#judging.touches(classified),
      taints: classified.type === 'sql:unknown',
      changes: changesOf(classified),
    }
    // A server that is to take data says so at once, and a client may wait for that without a Flush.
    return copies ? this.#batch.outgoing.forwardNow(message.raw, expected) : this.#batch.outgoing.forward(message.raw, expected)
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
}

function namesTooLong(message: FrontendMessage): boolean {
  if (message.kind === 'bind') return isTooLong(message.portal) || isTooLong(message.statement)
  if (message.kind === 'execute') return isTooLong(message.portal)
  return 'name' in message && isTooLong(message.name)
}

const takesData = ({ statements }: Classified) => statements.some(({ copy }) => copy === 'in')
