import { ProtocolError } from './error.ts'
import { frameSize, HEADER_BYTES, typeName } from './frame.ts'
import { Gather } from './gather.ts'
import { decodeFrontend, type FrontendMessage } from './frontend-message.ts'

/** PostgreSQL's own limits (libpq.h): messages that carry only names are small, and a password is no larger than a Kerberos token. */
const SMALL_BYTES = 10_000
const PASSWORD_BYTES = 65_535

export interface FrontendLimits {
  /** Largest Query, Parse, Bind, FunctionCall, CopyData or CopyFail, in bytes with its header. */
  readonly maxMessageBytes: number
}

/**
 * Splits what a client sends after its startup packet into messages. The bytes are the client's, and hostile.
 * Throws ProtocolError for anything that PostgreSQL would close the connection for, as soon as a header shows it; from
 * then on every push throws. Messages that lie whole in a chunk are views of it: do not write into a chunk that was pushed.
 */
export class FrontendDecoder {
  readonly #partial = new Gather()
  readonly #caps: readonly number[]
  #broken = false

  constructor(limits: FrontendLimits) {
    this.#caps = TABLES.get(limits.maxMessageBytes) ?? capByType(limits.maxMessageBytes)
  }

  /** Bytes of a message that is not whole yet. */
  get buffered(): number {
    return this.#partial.size
  }

  /** The messages that this chunk completes, in order. */
  push(chunk: Uint8Array): FrontendMessage[] {
    if (this.#broken) throw new ProtocolError('unexpected', 'this connection was refused already; close it')
    this.#broken = true // until this push ends well
    const messages: FrontendMessage[] = []
    let at = this.#resume(chunk, messages)
    while (chunk.length - at >= HEADER_BYTES) {
      const size = this.#sizeAt(chunk, at)
      if (chunk.length - at < size) break
      messages.push(decodeFrontend(chunk.subarray(at, at + size)))
      at += size
    }
    this.#partial.fill(chunk, at, Number.POSITIVE_INFINITY)
    this.#broken = false
    return messages
  }

  /** Completes the message that an earlier chunk began; returns where the next one starts. */
  #resume(chunk: Uint8Array, messages: FrontendMessage[]): number {
    if (this.#partial.size === 0) return 0
    let at = this.#partial.fill(chunk, 0, HEADER_BYTES)
    if (this.#partial.size < HEADER_BYTES) return at
    const size = this.#sizeAt(this.#partial.view, 0)
    at += this.#partial.fill(chunk, at, size)
    if (this.#partial.size === size) messages.push(decodeFrontend(this.#partial.take()))
    return at
  }

  #sizeAt(bytes: Uint8Array, at: number): number {
    const code = bytes[at] ?? 0
    const cap = this.#caps[code] ?? 0
    if (cap === 0) throw new ProtocolError('unexpected', `no client message has the type ${typeName(code)}`)
    return frameSize(bytes, at, cap)
  }
}

/** One table for all connections of a limit. */
const TABLES = new Map<number, readonly number[]>()

/** A table by type byte; 0 is a type that no client sends. */
function capByType(large: number): readonly number[] {
  const caps = Array.from({ length: 256 }, () => 0)
  for (const letter of 'QPBFdf') caps[letter.charCodeAt(0)] = large
  for (const letter of 'DECHSXc') caps[letter.charCodeAt(0)] = SMALL_BYTES
  caps['p'.charCodeAt(0)] = PASSWORD_BYTES
  TABLES.set(large, caps)
  return caps
}
