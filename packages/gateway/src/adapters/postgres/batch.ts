import type { Parameter } from '@countersign/core/action'
import { sync } from '@countersign/wire/postgres/encode'
import { Skipped, type Target } from '../adapter.ts'
import { cancelUpstream } from './cancels.ts'
import { rowsOf } from './beside.ts'
import { Outgoing } from './outgoing.ts'
import type { Replies } from './replies.ts'
import { ask, askSnapshot, type Question, type Snapshot } from './state.ts'
import type { Upstream } from './upstream.ts'

/** What has been sent to the server since the last Sync, and what has become of it. */
export class Batch {
  readonly outgoing: Outgoing
  /** A Bind was forwarded, so the server is in a transaction at least implicitly. */
  bound = false
  /** It was refused or has failed: everything up to its Sync is dropped. */
  discarding = false
  readonly #target: Target
  readonly #upstream: Upstream
  readonly #replies: Replies
  /** The cancel requests on their way; null when none is. */
  #cancelling: Promise<void> | null = null
  /** Statements of the gateway's own are running, and no client cancels those. */
  #owning = false

  constructor(target: Target, upstream: Upstream, replies: Replies) {
    this.outgoing = new Outgoing(upstream.stream, replies)
    this.#target = target
    this.#upstream = upstream
    this.#replies = replies
  }

  /** Something has failed since the last Sync, and the client has seen why. */
  get failed(): boolean {
    return this.#replies.failed
  }

  get inTransaction(): boolean {
    return this.#replies.status !== 'I' || this.bound
  }

  /** Cancels exactly what runs now: nothing is sent until the target has taken note. */
  cancel(): void {
    if (this.#replies.idle || this.#owning) return
    const cancelling = Promise.all([this.#cancelling, cancelUpstream(this.#target, this.#upstream)]).then(noop, noop)
    this.#cancelling = cancelling
    void cancelling.then(() => {
      if (this.#cancelling === cancelling) this.#cancelling = null
    })
  }

  /** True when no cancel request is under way. */
  get isQuiet(): boolean {
    return this.#cancelling === null
  }

  /** Resolves when no cancel request is under way. */
  async cancelled(): Promise<void> {
    await this.#cancelling
  }

  /** `settle` has nothing to wait for. */
  get isSettled(): boolean {
    return this.#cancelling === null && this.outgoing.isEmpty && this.#replies.idle && !this.#replies.failed && this.#replies.copyIn === null
  }

  /** Everything judged so far has been sent and answered; a batch that failed is dropped from here on. */
  async settle(): Promise<void> {
    await this.outgoing.settle()
    await this.#cancelling // it came for what has just been answered
    if (this.#replies.failed) this.discarding = true
  }

  /**
   * What the server says of its session. Everything before has been answered when this resolves, so it is what the next
   * action will meet. Null: the server could not answer, and the client has seen why.
   */
  async snapshot(): Promise<Snapshot | null> {
    return this.#snapshot([])
  }

  /** The same, from when on nothing is run as it was prepared before: the server finds all names again, of casts too, whose change alone makes it do so for nothing. */
  async snapshotAnew(): Promise<Snapshot | null> {
    return this.#snapshot([ask('DISCARD PLANS', [], noop)])
  }

  async #snapshot(before: readonly Question[]): Promise<Snapshot | null> {
    let snapshot: Snapshot | null = null
    const questions = [...before, askSnapshot((taken) => (snapshot = taken))]
    await this.#put({ messages: questions.flatMap(({ messages }) => messages), expected: questions.flatMap(({ expected }) => expected) })
    return snapshot
  }

  /** The rows of a question of ours on the session's own connection, in its transaction. An error ends that, and the client sees it. */
  async ask(text: string, parameters: readonly Parameter[]): Promise<ReturnType<typeof rowsOf>> {
    const rows = await this.question(text, parameters)
    if (rows === null) throw new Skipped()
    return rows
  }

  /** The same, and null when the server could not answer, and the client has seen why. */
  async question(text: string, parameters: readonly Parameter[]): Promise<ReturnType<typeof rowsOf> | null> {
    let rows: ReturnType<typeof rowsOf> | null = null
    await this.#put(ask(text, parameters, (bytes) => (rows = rowsOf(bytes))))
    return rows
  }

  /**
   * Statements of the gateway's own behind everything that was sent, in the session's transaction, of which the client sees nothing: the first value that each
   * answers. Null: the transaction has failed, and the server takes none. Rejects when one of them fails: then so has the transaction, and an implicit one is over.
   */
  async own(texts: readonly string[]): Promise<readonly (string | null | undefined)[] | null> {
    await this.outgoing.settle()
    await this.#cancelling // it came for what has just been answered, and must not hit these
    if (this.#replies.status === 'E' || this.#replies.failed) return null
    this.#owning = true
    try {
      return await this.#askUnseen(texts)
    } finally {
      this.#owning = false
    }
  }

  async #askUnseen(texts: readonly string[]): Promise<readonly (string | null | undefined)[]> {
    const answers: (string | null | undefined)[] = []
    const refusals: string[] = []
    for (const text of texts) {
      const { messages, expected } = ask(text, [], (bytes) => answers.push(rowsOf(bytes)[0]?.[0]))
      for (const message of messages) this.outgoing.push(message)
      for (const each of expected) this.#replies.expect({ ...each, onRefused: (message) => refusals.push(message) })
    }
    await (this.inTransaction ? this.outgoing.settle() : this.#syncUnseen())
    if (answers.length === texts.length) return answers
    if (this.#replies.failed) await this.#syncUnseen() // until then it would skip whatever is sent, a Query too
    throw new Error(refusals[0] ?? 'the server did not answer')
  }

  async #syncUnseen(): Promise<void> {
    this.bound = false
    await this.outgoing.forwardNow(sync(), { kind: 'sync', hidden: true })
    await this.outgoing.settle()
  }

  async #put({ messages, expected }: Question): Promise<void> {
    if (this.#replies.status === 'E') throw new Skipped() // the server would refuse our question too
    await this.settle()
    if (this.discarding) throw new Skipped()
    for (const message of messages) this.outgoing.push(message)
    for (const each of expected) this.#replies.expect(each)
    // Outside a transaction the server must not be left inside one by our question.
    await (this.inTransaction ? this.outgoing.settle() : this.#syncUnseen())
  }
}

function noop(): void {
  // whatever became of the cancel request, what it was for goes on
}
