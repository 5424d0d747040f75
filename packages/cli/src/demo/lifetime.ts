import { type ChildProcess, spawn, type SpawnOptions } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { constants } from 'node:os'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
/** After this a child that was asked to end is killed. */
const PATIENCE_MS = 10_000
/** When this process must exit at once, what it killed gets this long to write its last files. */
const LAST_MS = 300

/**
 * Everything that the demo starts and makes, ended in reverse whatever happens: the end of the story, an error in the
 * middle of it, a signal, or a reader of the output that went away.
 */
export class Lifetime {
  readonly #stop = new AbortController()
  readonly #undo: (() => Promise<void> | void)[] = []
  readonly #children = new Set<ChildProcess>()
  readonly #folders = new Set<string>()
  #endedBy: number | null = null
  #closing: Promise<void> | null = null

  constructor() {
    for (const name of SIGNALS) process.on(name, this.#onSignal)
    process.once('uncaughtException', this.#onError)
    process.once('exit', this.#abandon)
  }

  /** Aborts when it is over; nothing new starts then. */
  get signal(): AbortSignal {
    return this.#stop.signal
  }

  /** The number of the signal that ended it; null when none did. */
  get endedBy(): number | null {
    return this.#endedBy
  }

  /** Runs `undo` at the end. */
  onEnd(undo: () => Promise<void> | void): void {
    this.#undo.push(undo)
  }

  /** Removes the folder at the end, with all that is in it by then. */
  ownFolder(path: string): void {
    this.#folders.add(path)
    this.onEnd(() => {
      remove(path)
      this.#folders.delete(path)
    })
  }

  /** Starts a program, unless it is over. `endWith` is the signal that asks it to end in good order. */
  spawn(command: string, args: readonly string[], options: SpawnOptions, endWith?: NodeJS.Signals): ChildProcess {
    this.signal.throwIfAborted()
    return this.own(spawn(command, args, options), endWith)
  }

  /** Ends a child that runs already when all is over. */
  own(child: ChildProcess, endWith: NodeJS.Signals = 'SIGTERM'): ChildProcess {
    this.#children.add(child)
    child.once('exit', () => this.#children.delete(child))
    child.once('error', () => this.#children.delete(child))
    this.onEnd(() => this.#endChild(child, endWith))
    return child
  }

  /** Resolves when a signal comes, rejects when something broke beside the story. */
  async untilStopped(): Promise<void> {
    if (!this.signal.aborted) await once(this.signal, 'abort')
    if (this.#endedBy === null) throw this.signal.reason
  }

  /** Ends everything, once; later calls wait for the same end. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    this.#stop.abort()
    for (const undo of this.#undo.toReversed()) await undo()
    for (const name of SIGNALS) process.off(name, this.#onSignal)
    process.off('uncaughtException', this.#onError)
    process.off('exit', this.#abandon)
  }

  async #endChild(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
    if (!this.#children.has(child)) return
    const gone = once(child, 'exit')
    const impatient = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS)
    child.kill(signal)
    await gone
    clearTimeout(impatient)
  }

  /** What waits for a child or a connection hears of it when those end, so ending starts here and not where the story is. */
  readonly #onSignal = (name: NodeJS.Signals): void => {
    if (this.signal.aborted) return // a second Ctrl-C makes it no faster
    this.#endedBy = constants.signals[name]
    void this.close()
  }

  readonly #onError = (error: unknown): void => {
    this.#stop.abort(error)
  }

  /** Nothing asynchronous runs any more. */
  readonly #abandon = (): void => {
    for (const child of this.#children) child.kill('SIGQUIT') // PostgreSQL's immediate shutdown, which takes its own children along
    if (this.#children.size > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LAST_MS)
    for (const child of this.#children) child.kill('SIGKILL')
    for (const folder of this.#folders) remove(folder)
  }
}

/** A program that was killed may still be writing its last file. */
function remove(path: string): void {
  rmSync(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
}
