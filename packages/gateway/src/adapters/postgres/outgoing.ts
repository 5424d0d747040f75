import type { Duplex } from 'node:stream'
import { flush } from '@countersign/wire/postgres/encode'
import { ProtocolError } from '@countersign/wire/postgres/error'
import type { Expected, Replies } from './replies.ts'

/** What may pile up of judged messages before they are sent. */
const MAX_BYTES = 64 * 1024

/** Judged messages on their way to the server. They wait for the next Sync or Flush, so that a batch is one write. */
export class Outgoing {
  readonly #server: Duplex
  readonly #replies: Replies
  #waiting: Uint8Array[] = []
  #bytes = 0
  #stopped = false

  constructor(server: Duplex, replies: Replies) {
    this.#server = server
    this.#replies = replies
  }

  /** Nothing is sent any more, whatever was judged before. */
  stop(): void {
    this.#stopped = true
  }

  /** Queues a message and the answer that it will get; sends what has piled up. */
  async forward(raw: Uint8Array, expected: Expected): Promise<void> {
    if (!this.#replies.expect(expected)) return
    this.push(raw)
    if (this.#bytes > MAX_BYTES) await this.write()
  }

  async forwardNow(raw: Uint8Array, expected: Expected): Promise<void> {
    if (!this.#replies.expect(expected)) return
    this.push(raw)
    await this.write()
  }

  /** A message that the server does not answer. */
  push(raw: Uint8Array): void {
    this.#waiting.push(raw)
    this.#bytes += raw.length
  }

  async send(raw: Uint8Array): Promise<void> {
    this.push(raw)
    await this.write()
  }

  /** Waiting for the drain is the back-pressure on the client. */
  async write(): Promise<void> {
    if (this.#bytes === 0 || this.#stopped) return
    const [only] = this.#waiting
    const bytes = this.#waiting.length === 1 && only ? only : Buffer.concat(this.#waiting)
    this.#waiting = []
    this.#bytes = 0
    if (!this.#server.write(bytes)) await drained(this.#server)
  }

  /**
   * Sends, and resolves when everything was answered that will be: after a Sync, or a Flush of which this makes sure.
   * Throws ProtocolError where the server waits for COPY data instead.
   */
  async settle(): Promise<void> {
    const owed = this.#bytes > 0 || !this.#replies.idle
    if (owed && !this.#replies.synced) this.push(flush())
    await this.write()
    await this.#replies.settled()
    if (this.#replies.copyIn?.open) throw new ProtocolError('unexpected', 'something else was sent where the server waits for COPY data')
  }
}

function drained(stream: Duplex): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      stream.off('drain', done)
      stream.off('close', done)
      resolve()
    }
    stream.on('drain', done)
    stream.on('close', done)
  })
}
