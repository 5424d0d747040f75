import type { Duplex } from 'node:stream'
import { Backend, type Piece } from '@countersign/wire/postgres/backend'
import {
  decodeCommandComplete,
  decodeFields,
  decodeParameterStatus,
  decodeReadyForQuery,
  type TransactionStatus,
} from '@countersign/wire/postgres/backend-message'
import { ProtocolError } from '@countersign/wire/postgres/error'
import { type Outcome, SUSPENDED, UNANSWERED } from '../adapter.ts'
import { CopyIn } from './copy-in.ts'
import { asked, completes, type Expected } from './expected.ts'
import type { Names } from './names.ts'
import { OpenRuns } from './open-runs.ts'
import type { Upstream } from './upstream.ts'

/** Whoever has to know that names may mean something else now, and that the server is ready. */
export interface Watcher {
  /** These resolve when the client may be told of it, null at once. Neither rejects. */
  touched(): Promise<void> | null
  ready(status: TransactionStatus): Promise<void> | null
}

/** As much of an error's message as is recorded. */
const ERROR_CHARACTERS = 1_000

/** Settings that say how the server reads a text. */
const READING: ReadonlySet<string> = new Set(['standard_conforming_strings', 'client_encoding'])

/** What is known of the run that the server answers now. */
interface Answering {
  rows: number | null
  bytes: number
  error: string | null
  summary: string
  failed: boolean
}

/**
 * The server's side of a connection: passes its bytes on to the client untouched, keeps what they say about the session,
 * and knows which answers are still owed. The server may be hostile: an answer that nobody asked for ends the connection.
 */
export class Replies {
  readonly #client: Duplex
  readonly #upstream: Upstream
  readonly #names: Names
  readonly #runs: OpenRuns
  #expected: Expected[] = []
  /** The last that settles, until it is answered: nothing is ever sent behind it before. */
  #settling: Expected | null = null
  #waiting: { readonly ready: () => boolean; readonly resolve: () => void; readonly reject: (error: Error) => void }[] = []
  #answering: Answering = { rows: null, bytes: 0, error: null, summary: '', failed: false }
  #answeredAt = 0
  #gone: Error | null = null
  /** Between two messages, as the client has got them. */
  #atBoundary = true
  /** The server has said itself why it goes. */
  saidGoodbye = false
  status: TransactionStatus = 'I'
  /** Something failed since the last Sync, and the server skips everything up to the next. */
  failed = false
  /** Something may have changed a setting since the server last reported them. */
  stale = false
  /** It has reported, since it was outside a transaction, how it reads texts: the end of that takes it back, which is reported only with ReadyForQuery. */
  rereads = false
  copyIn: CopyIn | null = null
  /** What the client may not be told before. */
  #untold: Promise<void>[] = []
  /** An answer waits until it may be shown, and the server's next with it. */
  #holding = false
  watcher: Watcher | null = null

  constructor(client: Duplex, upstream: Upstream, names: Names, record: (outcome: Outcome) => void) {
    this.#client = client
    this.#upstream = upstream
    this.#names = names
    this.#runs = new OpenRuns(record)
    names.onPortalGone = (run) => this.#runs.closed(run)
  }

  /** Reads the server until it is gone; resolves with why. */
  relay(): Promise<string> {
    const { stream } = this.#upstream
    return new Promise((resolve) => {
      const end = (why: string) => {
        this.#close(why)
        resolve(why)
      }
      stream.on('data', (chunk: Uint8Array) => {
        try {
          this.#take(chunk)
        } catch (error) {
          stream.destroy()
          end(error instanceof Error ? error.message : String(error))
        }
      })
      stream.on('end', () => end('the server closed the connection'))
      stream.on('close', () => end('the connection to the server was lost'))
      // A client that is gone takes nothing more, and the server must not wait for it in the middle of an answer.
      for (const event of ['drain', 'close']) this.#client.on(event, () => this.#holding || stream.resume())
      stream.resume()
    })
  }

  get parameters(): ReadonlyMap<string, string> {
    return this.#upstream.parameters
  }

  /** True when something of ours may be put between the server's messages. */
  get atBoundary(): boolean {
    return this.#atBoundary
  }

  get idle(): boolean {
    return this.#expected.length === 0 && !this.#holding
  }

  /** Some of its portal was read, and more may be. */
  hasBegun(run: string): boolean {
    return this.#runs.hasBegun(run)
  }

  /** Answers that have not come yet. */
  get owed(): number {
    return this.#expected.length
  }

  /** A Sync is on its way, and nothing behind it is judged before it was answered. */
  get synced(): boolean {
    return this.#expected.at(-1)?.kind === 'sync'
  }

  get mustSettle(): boolean {
    return this.#settling !== null || this.#holding
  }

  /** A COPY was executed that takes data, and the server has not answered it. */
  get awaitsCopy(): boolean {
    return this.#settling?.copies === true && this.copyIn === null
  }

  /** False when the server has gone, or would skip it because something before it has failed: then nothing is owed, and nothing need be sent. */
  expect(expected: Expected): boolean {
    if (this.isGone || (this.failed && expected.kind !== 'sync')) {
      this.#skip([expected])
      this.#names.discardProposed() // what it was to give is not sent, and a name keeps what the server knows by it
      return false
    }
    if (expected.run !== undefined) expected.sentAt = performance.now()
    this.#expected.push(expected)
    if (expected.settles) this.#settling = expected
    return true
  }

  /** Resolves when the server owes nothing any more, or waits for COPY data (`copyIn.open`). Rejects when it is gone. */
  settled(): Promise<void> {
    return this.#when(() => this.copyIn?.open === true || this.idle)
  }

  /** Resolves when the server owes nothing any more, whatever the client has to send before. Rejects when it is gone. */
  answered(): Promise<void> {
    return this.#when(() => this.idle)
  }

  get isGone(): boolean {
    return this.#gone !== null
  }

  #when(ready: () => boolean): Promise<void> {
    if (this.#gone) return Promise.reject(this.#gone)
    if (ready()) return Promise.resolve()
    return new Promise((resolve, reject) => this.#waiting.push({ ready, resolve, reject }))
  }

  #take(chunk: Uint8Array): void {
    const { scanner } = this.#upstream
    const carried = scanner.buffered > 0 // then the pieces begin with bytes that are not in this chunk, and may still be as many
    const pieces = scanner.push(chunk)
    const shown: Piece[] = []
    let bytes = 0
    for (const piece of pieces) {
      if (!this.#see(piece)) continue
      shown.push(piece)
      bytes += piece.bytes.length
    }
    const whole = !carried && bytes === chunk.length
    if (this.#untold.length > 0) void this.#showLater(whole ? [{ bytes: chunk }] : shown)
    else this.#show(whole ? this.#client.write(chunk) : this.#writeAll(shown))
  }

  /** `passed` false: the client has enough for now. */
  #show(passed: boolean): void {
    const { atBoundary, buffered } = this.#upstream.scanner
    this.#atBoundary = atBoundary || buffered > 0 // what is buffered, the client has not seen
    if (!passed && !this.#client.destroyed) this.#upstream.stream.pause() // until the client has taken it
    if (this.#waiting.length > 0) this.#wake()
  }

  /** Whoever acts on an answer must find that everybody else has heard of it. */
  async #showLater(pieces: readonly Pick<Piece, 'bytes'>[]): Promise<void> {
    this.#holding = true
    this.#upstream.stream.pause()
    await Promise.all(this.#untold.splice(0))
    this.#holding = false
    const passed = !this.#client.writable || this.#writeAll(pieces) // the session may have been cut meanwhile
    if (passed) this.#upstream.stream.resume()
    this.#show(passed)
  }

  #tell(told: Promise<void> | null | undefined): void {
    if (told) this.#untold.push(told)
  }

  #writeAll(pieces: readonly Pick<Piece, 'bytes'>[]): boolean {
    this.#client.cork()
    let passed = true
    for (const piece of pieces) passed = this.#client.write(piece.bytes)
    this.#client.uncork()
    return passed
  }

  /** Takes note of one piece; true when the client shall see it. */
  #see(piece: Piece): boolean {
    const head = this.#expected[0]
    if (piece.body === null) return this.#seeRows(head, piece)
    switch (piece.code) {
      case Backend.parameterStatus: {
        const { name, value } = decodeParameterStatus(piece.body)
        this.#upstream.parameters.set(name, value)
        this.rereads ||= READING.has(name)
        return true
      }
      case Backend.noticeResponse:
      case Backend.notificationResponse:
        return true
      case Backend.errorResponse:
        return this.#seeError(head, piece.body)
      case Backend.readyForQuery:
        return this.#seeReady(head, piece.body)
      case Backend.functionCallResponse:
        if (!head?.call) throw new ProtocolError('unexpected', 'the server answered a function call that nobody made')
        this.#answering.summary = 'function call'
        return true
      case Backend.copyInResponse:
        return this.#seeCopyIn(head)
      case Backend.rowDescription:
      case Backend.copyOutResponse:
      case Backend.copyDone:
      case Backend.parameterDescription:
      case Backend.noData:
      case Backend.parseComplete:
      case Backend.bindComplete:
      case Backend.closeComplete:
      case Backend.commandComplete:
      case Backend.emptyQueryResponse:
      case Backend.portalSuspended:
        return this.#seeAnswer(asked(head), piece.code, piece.body)
      default:
        throw new ProtocolError('unexpected', 'the server sent a message that has no place here')
    }
  }

  #seeRows(head: Expected | undefined, piece: Piece): boolean {
    const expected = asked(head)
    if (expected.capture) expected.capture(piece.bytes)
    this.#answering.rows = (this.#answering.rows ?? 0) + piece.rows
    this.#answering.bytes += piece.bytes.length
    return !expected.hidden
  }

  #seeAnswer(head: Expected, code: number, body: Uint8Array): boolean {
    const hidden = head.hidden === true
    if (head.poison) throw new ProtocolError('unexpected', 'the server accepted what cannot be parsed')
    if (code === Backend.commandComplete || code === Backend.emptyQueryResponse || code === Backend.portalSuspended) this.#noteCompletion(code, body)
    if (!completes(head, code)) return !hidden
    this.#expected.shift()
    for (const change of head.changes ?? []) this.#names.confirm(change)
    head.onAnswer?.()
    this.#finish(head)
    return !hidden
  }

  #noteCompletion(code: number, body: Uint8Array): void {
    if (code !== Backend.commandComplete) {
      this.#answering.summary = code === Backend.portalSuspended ? SUSPENDED : 'empty'
      return
    }
    const { tag, rows } = decodeCommandComplete(body)
    this.#answering.summary = tag
    this.#answering.rows = rows ?? this.#answering.rows
  }

  #seeCopyIn(head: Expected | undefined): boolean {
    asked(head)
    this.copyIn ??= new CopyIn() // a message may copy more than once
    this.copyIn.open = true
    // A Sync that came before the data is ignored by a server that copies, so nothing will answer it.
    this.#expected = this.#expected.filter(({ kind }, index) => index === 0 || kind !== 'sync')
    return true
  }

  #seeError(head: Expected | undefined, body: Uint8Array): boolean {
    const fields = decodeFields(body)
    this.saidGoodbye ||= !head || /^(FATAL|PANIC)$/.test(fields.get('V') ?? fields.get('S') ?? '')
    if (!head) return true
    this.#answering.failed = true
    this.#answering.summary = fields.get('C') ?? 'error'
    this.#answering.error = (fields.get('M') ?? '').slice(0, ERROR_CHARACTERS)
    if (head.kind === 'query') return !head.poison
    this.#finish(head)
    // The server skips the rest of the batch: what it was to answer will not be answered.
    const sync = this.#expected.findIndex(({ kind }) => kind === 'sync')
    this.#skip(this.#expected.slice(1, sync === -1 ? undefined : sync), head.run)
    this.#expected = sync === -1 ? [] : this.#expected.slice(sync)
    this.#settling = null // a batch that failed is not judged on, and nothing goes behind a Sync that is not answered
    this.#names.discardProposed()
    this.failed = true
    this.copyIn = null
    head.onRefused?.(fields.get('M') ?? 'no message')
    return !head.poison && !head.onRefused
  }

  #seeReady(head: Expected | undefined, body: Uint8Array): boolean {
    if (head?.kind !== 'query' && head?.kind !== 'sync') throw new ProtocolError('unexpected', 'the server was ready before it had answered')
    this.status = decodeReadyForQuery(body)
    const { failed } = this.#answering
    // A message that failed half-way may have given its names or not: then they mean nothing that is known.
    for (const change of head.changes ?? []) if (!failed || head.partial) this.#names.confirm(failed ? { ...change, value: null } : change)
    this.#finish(head)
    if (this.status === 'I') {
      this.#names.closePortals()
      this.rereads = false
    }
    this.failed = false
    this.stale = false
    this.#tell(this.watcher?.ready(this.status))
    this.#expected.shift()
    return !head.hidden || head.kind === 'query'
  }

  #finish(answered: Expected): void {
    const { kind, run, taints, resets, touches } = answered
    if (answered === this.#settling) this.#settling = null
    const { failed } = this.#answering
    if (resets) this.stale = true
    if (touches) this.#tell(this.watcher?.touched())
    if (run && kind === 'bind' && !failed) this.#runs.bound(run)
    else if (run && this.#runs.isAnsweredBy(answered)) this.#recordAnswered(run, answered.sentAt ?? 0)
    if (taints) this.#names.taint()
    this.#answering = { rows: null, bytes: 0, error: null, summary: '', failed: false }
    this.copyIn = null
  }

  #recordAnswered(run: string, sentAt: number): void {
    const { rows, bytes, error, summary, failed } = this.#answering
    const now = performance.now()
    const ms = Math.round((now - Math.max(sentAt, this.#answeredAt)) * 1000) / 1000
    this.#answeredAt = now
    this.#runs.record({ run, result: failed ? 'failed' : 'done', summary, rows, bytes, ms, error, sent: this.copyIn?.sum() ?? null })
  }

  /** What was to be bound behind a failure has not run, unless it is `failed` itself. A portal that was bound before may outlive the failure, and be executed yet. */
  #skip(behind: readonly Expected[], failed?: string): void {
    for (const { kind, run } of behind)
      if (run && kind !== 'execute' && run !== failed) this.#runs.record({ run, result: 'failed', summary: 'skipped', ...UNANSWERED, sent: null })
  }

  #wake(): void {
    const ready = this.#waiting.filter((waiter) => waiter.ready())
    this.#waiting = this.#waiting.filter((waiter) => !ready.includes(waiter))
    for (const waiter of ready) waiter.resolve()
  }

  /** What was under way when the server went is not known, and is recorded so. */
  #close(why: string): void {
    if (this.#gone) return
    this.#gone = new Error(why)
    const copying = this.#expected[0]?.run // what stands behind it has got no data yet
    const open = this.#expected.flatMap((each) => (each.run !== undefined && this.#runs.isAnsweredBy(each) ? [each.run] : []))
    for (const run of new Set(open))
      this.#runs.record({ run, result: 'unknown', summary: why, ...UNANSWERED, sent: run === copying ? (this.copyIn?.sum() ?? null) : null })
    this.#runs.closeAll()
    if (this.#expected.some(({ touches }) => touches)) void this.watcher?.touched()
    this.#expected = []
    for (const waiter of this.#waiting) waiter.reject(this.#gone)
    this.#waiting = []
  }
}
