import { ProtocolError } from '@countersign/wire/postgres/error'
import type { FrontendMessage } from '@countersign/wire/postgres/frontend-message'
import { Batch } from './batch.ts'
import type { Cancellable } from './cancels.ts'
import { Extended } from './extended.ts'
import { Guard } from './fence/guard.ts'
import { type CopyMessage, isCopy } from './inbox.ts'
import { Judging } from './judging.ts'
import type { Waiting } from './outgoing.ts'
import { Refusing } from './refusing.ts'
import type { Sides } from './sides.ts'
import { Simple } from './simple.ts'

/**
 * The client's side of a connection: takes its messages one at a time, each in its turn, lets each action be judged, and forwards what was allowed.
 */
export class Relay implements Cancellable {
  readonly #sides: Sides
  readonly #batch: Batch
  readonly #judging: Judging
  readonly #guard: Guard | null
  readonly #simple: Simple
  readonly #extended: Extended

  constructor(sides: Sides) {
    this.#sides = sides
    this.#batch = new Batch(sides.target, sides.upstream, sides.replies)
    this.#judging = new Judging(sides, this.#batch)
    this.#guard = sides.fencing && new Guard(sides.fencing, this.#batch, sides.replies, sides.session)
    const desk = { sides, batch: this.#batch, judging: this.#judging, refusing: new Refusing(sides, this.#batch), guard: this.#guard }
    this.#simple = new Simple(desk)
    this.#extended = new Extended(desk)
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
      this.#extended.drop()
      this.#judging.dropApproved()
    }
  }

  /** Rejects with a Cut when the session must end, because rights could not be taken back. */
  get over(): Promise<never> | null {
    return this.#guard?.fence.over ?? null
  }

  /** A cancel request withdraws what is held, and reaches exactly the query that runs now: of what is held, that is a question of the gateway's own. */
  cancel(): void {
    this.#judging.endHold('withdrawn')
    this.#batch.cancel()
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
    const isCopying = replies.copyIn !== null || replies.awaitsCopy || isCopy(message)
    const isNext = this.#batch.isQuiet && this.#guard?.fence.isQuiet !== false && !replies.synced && !isCopying
    return isNext ? this.#takeNow(message) : this.#takeInTurn(message)
  }

  async #takeInTurn(message: FrontendMessage): Promise<void> {
    await this.#batch.cancelled()
    if (isCopy(message)) return this.#copy(message)
    if (this.#sides.replies.awaitsCopy) await this.#whetherItCopies()
    if (this.#sides.replies.copyIn?.open && !(await this.#copyFailsBefore(message))) return undefined
    if (this.#guard?.fence.isQuiet === false) await this.#batch.outgoing.settle() // of a COPY the server says only then what became of it
    await this.#guard?.fence.settled()
    if (this.#sides.replies.synced) await this.#batch.settle()
    return this.#takeNow(message)
  }

  #takeNow(message: FrontendMessage): Waiting {
    if (this.#sides.replies.failed) this.#batch.discarding = true
    return this.#batch.discarding && message.kind !== 'sync' ? undefined : this.#judge(message)
  }

  #judge(message: FrontendMessage): Waiting {
    if (this.#extended.isWaiting) return this.#extended.take(message)
    if (message.kind === 'query') return this.#simple.query(message)
    if (message.kind === 'functionCall') return this.#simple.functionCall(message)
    return this.#extended.take(message)
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

  /** A COPY was executed, and has failed or takes data when this resolves. */
  async #whetherItCopies(): Promise<void> {
    await this.#batch.outgoing.write()
    await this.#sides.replies.settled()
  }

  /**
   * A server that copies ignores Flush and Sync; anything else would break it. A Sync that was sent with the COPY is kept back until data comes: true when the COPY fails before, because then the
   * server would answer it.
   */
  async #copyFailsBefore({ kind }: FrontendMessage): Promise<boolean> {
    const { inbox, replies } = this.#sides
    if (kind !== 'flush' && kind !== 'sync') throw new ProtocolError('unexpected', `a ${kind} was sent in the middle of COPY data`)
    if (kind === 'flush' || !replies.copyIn?.isEmpty) return false
    const answered = new AbortController()
    const failed = replies.answered().finally(() => answered.abort())
    await Promise.race([failed, inbox.ahead(0, answered.signal)])
    return !replies.copyIn?.open
  }
}
