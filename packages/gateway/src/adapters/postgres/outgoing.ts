import type { Duplex } from 'node:stream'
import { flush } from '@countersign/wire/postgres/encode'
import { ProtocolError } from '@countersign/wire/postgres/error'
import type { Expected } from './expected.ts'
import type { Replies } from './replies.ts'

/** What may pile up of judged messages before they are sent. */
const MAX_BYTES = 64 * 1024
/** How many answers a server may owe. A client that pipelines and reads none of them waits then, instead of the gateway remembering what each was about. */
const MAX_OWED = 4096

/** There is something to wait for, or nothing: most messages go on at once, and a promise for each would cost more than it does. */
export type Waiting = Promise<void> | undefined

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

  /** Nothing waits to be sent. */
  get isEmpty(): boolean {
    return this.#bytes === 0
  }

  /** Queues a message and the answer that it will get; sends what has piled up. */
  forward(raw: Uint8Array, expected: Expected): Waiting {
    if (!this.#replies.expect(expected)) return undefined
    this.push(raw)
    if (this.#replies.owed >= MAX_OWED) return this.settle()
    return this.#bytes > MAX_BYTES ? this.write() : undefined
  }

  forwardNow(raw: Uint8Array, expected: Expected): Waiting {
    if (!this.#replies.expect(expected)) return undefined
    return this.send(raw)
  }

  /** A message that the server does not answer. */
  push(raw: Uint8Array): void {
    this.#waiting.push(raw)
    this.#bytes += raw.length
  }

  send(raw: Uint8Array): Waiting {
    this.push(raw)
    return this.write()
  }

  /** Waiting for the drain is the back-pressure on the client. */
  write(): Waiting {
    if (this.#bytes === 0 || this.#stopped) return undefined
    const bytes = inOne(this.#waiting, this.#bytes)
    this.#waiting = []
    this.#bytes = 0
    return this.#server.write(bytes) ? undefined : drained(this.#server)
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

/** Messages that came in one chunk, one behind the other, are one piece already. */
function inOne(messages: readonly Uint8Array[], size: number): Uint8Array {
  const [first] = messages
  if (!first || messages.length === 1) return first ?? new Uint8Array(0)
  let end = first.byteOffset
  for (const { buffer, byteOffset, length } of messages) {
    if (buffer !== first.buffer || byteOffset !== end) return Buffer.concat(messages, size)
    end += length
  }
  return new Uint8Array(first.buffer, first.byteOffset, size)
}

/** What the gateway answers by itself. A client that does not read it is not read either, or its answers would pile up here. */
export async function answer(client: Duplex, ...messages: readonly Uint8Array[]): Promise<void> {
  if (!client.write(Buffer.concat(messages)) && !client.destroyed) await drained(client)
}

/** Resolves when the stream takes more again, or never will. */
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
