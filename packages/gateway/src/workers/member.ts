import { type ChildProcess, fork } from 'node:child_process'
import type { Socket } from 'node:net'
import { type Report, REPORT_EVERY_MS, reportShape, type Start } from './messages.ts'
import { type Answers, Peer } from './peer.ts'

/**
 * A checkout runs worker.ts in the folder above; the published bundle has it as an entry of its own, `gateway-worker.js`
 * beside the bundle. A bundler cannot follow this URL: the packager names that entry.
 */
const PROGRAM = new URL(import.meta.url.endsWith('.ts') ? '../worker.ts' : './gateway-worker.js', import.meta.url)

/** A worker that has missed so many reports gets no new connections … */
const STALE_REPORTS = 6
/** … and one that has missed so many hangs: what was revoked is still connected there, so it is ended and replaced. */
const HUNG_REPORTS = 20

/** Thousands of policies take seconds to load, and a predecessor's journal may be locked for some. */
const START_MS = 60_000

/** How long a worker may take for what is asked of it in passing. */
const ANSWER_MS = 10_000

/** Longer than a worker gives its clients to hear of a shutdown. */
const STOP_MS = 8_000

/** One worker process, as its gateway sees it. */
export class Member {
  readonly number: number
  /** Resolves to how it ended. */
  readonly exited: Promise<string>
  readonly #child: ChildProcess
  readonly #peer: Peer
  readonly #onReport: () => void
  #report: Report = { seq: 0, broken: null, silence: null }
  /** Counted by this process's own ticks, and not by a clock: a gateway that was itself held up blames nobody. */
  #missed = 0
  #killed: string | null = null

  /** Starts the process; it does nothing before `start`. It may ask what `answers` has. `onReport` is called when it has said how it stands. */
  constructor(number: number, answers: Answers, onReport: () => void) {
    this.number = number
    this.#onReport = onReport
    this.#child = fork(PROGRAM, [String(number)], { serialization: 'json', stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    const send = (message: unknown) => void this.#child.send(message as object, () => undefined) // whoever waits for an answer is told that it is gone
    const all = new Map([...answers, ['report', (args: readonly unknown[]) => this.#heard(args)] as const])
    this.#peer = new Peer({ send, close: () => this.kill() }, all, () => undefined)
    this.#child.on('message', (message) => this.#peer.received(message))
    this.#child.on('error', () => this.kill())
    this.#child.on('disconnect', () => this.#peer.lost(`worker ${number} of this gateway has ended`))
    this.exited = new Promise((resolve) => this.#child.once('exit', (code, signal) => resolve(this.#killed ?? signal ?? `exit code ${code}`)))
    void this.exited.then(() => this.#peer.lost(`worker ${number} of this gateway has ended`))
  }

  get report(): Report {
    return this.#report
  }

  /** False while it says nothing: a connection that was given to it would wait. */
  get responds(): boolean {
    return this.#missed <= STALE_REPORTS
  }

  /** Null while all is well with it; else what is not. */
  get trouble(): string | null {
    if (!this.responds) return `worker ${this.number} has not answered for ${this.#silentSeconds} s`
    return this.#report.broken ?? this.#report.silence
  }

  /** Resolves when it can serve. Rejects with why it cannot. */
  async start(start: Start): Promise<void> {
    await this.ask('start', [start], START_MS)
    const watch = setInterval(() => this.#tick(), REPORT_EVERY_MS)
    void this.exited.then(() => clearInterval(watch))
  }

  /** Hands over a connection that nothing was read from. */
  serve(socket: Socket): void {
    this.#child.send({ serve: true }, socket, (error) => error && socket.destroy())
  }

  /** Rejects also when it takes too long. */
  async ask(call: string, args: readonly unknown[] = [], withinMs = ANSWER_MS): Promise<unknown> {
    const { promise, reject } = Promise.withResolvers<never>()
    const late = setTimeout(() => reject(new Error(`worker ${this.number} of this gateway did not answer within ${withinMs / 1000} s`)), withinMs)
    try {
      return await Promise.race([this.#peer.ask(call, args), promise])
    } finally {
      clearTimeout(late)
    }
  }

  /** It must hear of every change. One that cannot be told is ended: it would let live what was revoked. */
  changed(event: unknown): void {
    this.#peer.ask('changed', [event]).catch(() => this.kill())
  }

  /** Resolves when the process is gone. */
  async stop(): Promise<void> {
    const impatient = setTimeout(() => this.kill(), STOP_MS)
    await this.#peer.ask('stop').catch(() => undefined)
    if (this.#child.connected) this.#child.disconnect()
    await this.exited
    clearTimeout(impatient)
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }

  get #silentSeconds(): number {
    return Math.round((this.#missed * REPORT_EVERY_MS) / 1000)
  }

  #tick(): void {
    this.#missed++
    if (this.#missed < HUNG_REPORTS) return
    this.#killed ??= `it had not answered for ${this.#silentSeconds} s, and was killed`
    this.kill()
  }

  #heard(args: readonly unknown[]): void {
    ;[this.#report] = reportShape.parse(args)
    this.#missed = 0
    this.#onReport()
  }
}
