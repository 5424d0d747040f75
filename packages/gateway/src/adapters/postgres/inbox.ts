import type { Duplex } from 'node:stream'
import { ProtocolError } from '@countersign/wire/postgres/error'
import { FrontendDecoder } from '@countersign/wire/postgres/frontend'
import type { FrontendMessage } from '@countersign/wire/postgres/frontend-message'

export type Message<Kind extends FrontendMessage['kind']> = FrontendMessage & { readonly kind: Kind }

export type CopyMessage = Message<'copyData' | 'copyDone' | 'copyFail'>

export function isCopy(message: FrontendMessage): message is CopyMessage {
  return message.kind === 'copyData' || message.kind === 'copyDone' || message.kind === 'copyFail'
}

/** The largest message a client may send: PostgreSQL's own limit is 1 GiB, and nobody reviews more than this. */
const MAX_MESSAGE_BYTES = 64 * 1024 * 1024
/** What a client may send ahead while it is held, before its socket is no longer read. */
const MAX_QUEUED_BYTES = 1024 * 1024

/**
 * A client's messages, one at a time, in order. It keeps reading while nobody asks, so that a client that goes away is
 * noticed while its statement is held; what it sends ahead is bounded.
 */
export class Inbox {
  readonly #stream: Duplex
  readonly #decoder = new FrontendDecoder({ maxMessageBytes: MAX_MESSAGE_BYTES })
  #queue: FrontendMessage[] = []
  #head = 0
  #queuedBytes = 0
  #waiting: { resolve: (message: FrontendMessage | null) => void; reject: (error: Error) => void } | null = null
  /** Whoever looks ahead for what has not come yet. */
  #arrived: () => void = noop
  #error: Error | null = null
  #closed = false
  readonly #onClosed: () => void

  /** `rest` are bytes that came behind the startup packet. `onClosed` is called once, when the client is gone or breaks the protocol. */
  constructor(stream: Duplex, rest: Uint8Array, onClosed: () => void) {
    this.#stream = stream
    this.#onClosed = onClosed
    stream.on('data', (chunk: Uint8Array) => this.#take(chunk))
    stream.on('end', () => this.#close(null))
    stream.on('close', () => this.#close(null))
    if (rest.length > 0) this.#take(rest)
    stream.resume() // it was paused behind its startup packet
  }

  /** True when the next message is here already. */
  get ready(): boolean {
    return this.#head < this.#queue.length
  }

  get closed(): boolean {
    return this.#closed
  }

  /** What `take` will return. */
  peek(): FrontendMessage | null {
    return this.#queue[this.#head] ?? null
  }

  /** The next message when it is here already, else null. */
  take(): FrontendMessage | null {
    return this.#shift()
  }

  /** Null when the client is gone. Rejects with ProtocolError when it broke the protocol. */
  next(): Promise<FrontendMessage | null> {
    const message = this.#shift()
    if (message) return Promise.resolve(message)
    if (this.#error) return Promise.reject(this.#error)
    if (this.#closed) return Promise.resolve(null)
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject }
    })
  }

  /** The message that comes behind `behind` others that nobody has taken yet; it stays. Null when the client is gone, or the signal is aborted, before it is there. */
  async ahead(behind: number, signal: AbortSignal): Promise<FrontendMessage | null> {
    for (;;) {
      const message = this.#queue[this.#head + behind]
      if (message || this.#closed || signal.aborted) return message ?? null
      await this.#arrival(signal)
    }
  }

  async #arrival(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#arrived = resolve
    const onAbort = () => resolve()
    signal.addEventListener('abort', onAbort)
    await promise
    signal.removeEventListener('abort', onAbort)
    this.#arrived = noop
  }

  #take(chunk: Uint8Array): void {
    if (this.#closed) return
    try {
      for (const message of this.#decoder.push(chunk)) this.#deliver(message)
    } catch (error) {
      this.#close(error instanceof ProtocolError ? error : new ProtocolError('malformed', 'the message could not be read'))
    }
    if (this.#queuedBytes > MAX_QUEUED_BYTES) this.#stream.pause()
    this.#arrived()
  }

  #deliver(message: FrontendMessage): void {
    const waiting = this.#waiting
    this.#waiting = null
    if (waiting) return waiting.resolve(message)
    this.#queue.push(message)
    this.#queuedBytes += message.raw.length
    return undefined
  }

  #shift(): FrontendMessage | null {
    const message = this.#queue[this.#head]
    if (!message) return null
    this.#head++
    this.#queuedBytes -= message.raw.length
    if (this.#head === this.#queue.length) {
      this.#queue = []
      this.#head = 0
    }
    if (this.#queuedBytes <= MAX_QUEUED_BYTES / 2 && this.#stream.isPaused()) this.#stream.resume()
    return message
  }

  #close(error: Error | null): void {
    if (this.#closed) return
    this.#closed = true
    this.#error = error
    const waiting = this.#waiting
    this.#waiting = null
    if (error) waiting?.reject(error)
    else waiting?.resolve(null)
    this.#arrived()
    this.#onClosed()
  }
}

function noop(): void {
  // nobody looks ahead
}
