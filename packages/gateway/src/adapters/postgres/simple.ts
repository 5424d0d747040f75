import type { Parameter } from '@countersign/core/action'
import { commandComplete, query as queryMessage, readyForQuery, sync } from '@countersign/wire/postgres/encode'
import type { Classified } from './classify.ts'
import type { Expected } from './expected.ts'
import type { Message } from './inbox.ts'
import { readCall } from './large-objects.ts'
import { TOO_MANY_NAMES } from './names.ts'
import { answer, type Waiting } from './outgoing.ts'
import { tooLong } from './purpose.ts'
import { changesOf, parametersOf, purposeOf, type Reading, setsOurs } from './readable.ts'
import { statementFailure } from './refuse.ts'
import type { Desk } from './sides.ts'

const NO_SUCH_CALL = 'the function call message may call functions of large objects only'

/** The simple protocol: a message is judged as a whole, runs by itself, and is answered up to a ReadyForQuery. */
export class Simple {
  readonly #desk: Desk

  constructor(desk: Desk) {
    this.#desk = desk
  }

  async query(message: Message<'query'>): Promise<void> {
    const { batch, judging, refusing, guard, sides } = this.#desk
    if (!batch.isSettled) await batch.settle()
    if (batch.discarding) return undefined
    if (message.text === null) return refusing.query(statementFailure('22021', 'the statement is not valid UTF-8'))
    const reading = judging.readNow(message.text) ?? (await judging.read(message.text))
    if (reading === 'failed') return this.#answered()
    const { classified } = reading
    if (setsOurs(classified)) return this.#setOurs(classified)
    if (sides.names.full && classified.statements.some(({ defines }) => defines !== null)) return refusing.query(statementFailure('53400', TOO_MANY_NAMES))
    const objection = guard?.refusal(classified)
    if (objection) return refusing.query(objection)
    return this.#run(classified.canonical === message.text ? message.raw : queryMessage(classified.canonical), reading, [])
  }

  /** A server answers it as it does a Query. */
  async functionCall(message: Message<'functionCall'>): Promise<void> {
    const { batch, judging, refusing } = this.#desk
    await batch.settle()
    if (batch.discarding) return undefined
    const called = readCall(message)
    if (called === null) return refusing.query(statementFailure('0A000', NO_SUCH_CALL, 'Call the function in a SELECT.'))
    const reading = await judging.explain({ classified: called.classified, definitions: [] })
    if (reading === 'failed') return this.#answered()
    return this.#run(message.raw, reading, parametersOf(message, called), { call: true })
  }

  /** Judged, and forwarded when it may be; everything before it has been answered. */
  async #run(raw: Uint8Array, reading: Reading, parameters: readonly Parameter[], kind: Pick<Expected, 'call'> = {}): Promise<void> {
    const { batch, judging, refusing, guard } = this.#desk
    const verdict = await judging.decide(reading, parameters)
    if (verdict === 'failed') return this.#answered()
    if (verdict.effect === 'refuse') return refusing.query(judging.errorFor(verdict, reading))
    const { classified } = reading
    const barred = guard ? await guard.openFor(classified, verdict) : null
    if (barred) return refusing.query(barred)
    batch.bound = false // its own ReadyForQuery says whether a transaction is left
    const sent = batch.outgoing.forwardNow(raw, {
      ...kind,
      kind: 'query',
      run: verdict.run,
      settles: true,
      touches: judging.touches(classified),
      taints: classified.type === 'sql:unknown',
      changes: changesOf(classified),
      partial: classified.statements.length > 1,
    })
    guard?.fence.close()
    return sent
  }

  /** The client has seen why it could not be judged, and waits for the server to be ready. */
  #answered(): Waiting {
    this.#desk.batch.bound = false
    return this.#desk.batch.outgoing.forwardNow(sync(), { kind: 'sync' })
  }

  /** A Query commits what came before it without a Sync. */
  async #endPipeline(): Promise<void> {
    const { batch } = this.#desk
    batch.bound = false
    await batch.outgoing.forwardNow(sync(), { kind: 'sync', hidden: true })
    await batch.outgoing.settle()
  }

  /** `SET countersign.reason = '…'` is for the gateway, and never goes upstream. */
  async #setOurs(classified: Classified): Promise<void> {
    const { batch, refusing, sides } = this.#desk
    if (classified.statements.length > 1) return refusing.query(statementFailure('42601', 'set what begins with countersign. in a statement of its own'))
    const purpose = purposeOf(classified)
    const long = tooLong(purpose)
    if (long !== null) return refusing.query(statementFailure('22001', long))
    sides.session.setPurpose(purpose)
    if (batch.bound) await this.#endPipeline()
    return answer(sides.client, commandComplete('SET'), readyForQuery(sides.replies.status))
  }
}
