import type { Duplex } from 'node:stream'
import { parse, query, readyForQuery } from '@countersign/wire/postgres/encode'
import { ProtocolError } from '@countersign/wire/postgres/error'
import { type Session, UNANSWERED } from '../adapter.ts'
import type { Batch } from './batch.ts'
import { answer } from './outgoing.ts'
import type { Replies } from './replies.ts'

/** No SQL begins like this, so the server fails to parse it, and aborts its transaction for good. */
const POISON = 'countersign refused the statement'

/** Says no to a client in the middle of what it sends, so that it and the server go on from the same place. */
export class Refusing {
  readonly #client: Duplex
  readonly #replies: Replies
  readonly #session: Session
  readonly #batch: Batch

  constructor({ client, replies, session }: { readonly client: Duplex; readonly replies: Replies; readonly session: Session }, batch: Batch) {
    this.#client = client
    this.#replies = replies
    this.#session = session
    this.#batch = batch
  }

  /** One error and one ReadyForQuery with the true status: inside a transaction the server is made to fail too. */
  async query(error: Uint8Array): Promise<void> {
    if (!this.#batch.inTransaction) return answer(this.#client, error, readyForQuery('I'))
    await answer(this.#client, error)
    this.#batch.bound = false
    return this.#batch.outgoing.forwardNow(query(POISON), { kind: 'query', hidden: true, poison: true })
  }

  /** The client sees what came before, one error, and after its Sync the true status. */
  async batch(error: Uint8Array): Promise<void> {
    await this.#batch.settle()
    if (this.#batch.discarding) return
    if (this.#batch.inTransaction) {
      // Under a name that nobody has, since the client may still want its unnamed statement.
      await this.#batch.outgoing.forward(parse(POISON, POISON), { kind: 'parse', hidden: true, poison: true })
      await this.#batch.settle()
      if (!this.#replies.failed) throw new ProtocolError('unexpected', 'the server accepted what cannot be parsed')
    }
    await answer(this.#client, error)
    this.#batch.discarding = true
  }

  /** What was allowed while something before it failed: the server would skip it, so it is not sent. */
  drop(run: string): void {
    this.#batch.discarding = true
    this.#session.record({ run, result: 'failed', summary: 'skipped', ...UNANSWERED, sent: null })
  }
}
