import { ProtocolError } from './error.ts'
import { frameSize, HEADER_BYTES, typeName } from './frame.ts'
import { Gather } from './gather.ts'

/** A run of DataRow and CopyData bytes as they came: it may begin and end inside a message. `rows` is how many DataRows began in it. */
export interface Bulk {
  readonly code: 0
  readonly bytes: Uint8Array
  readonly body: null
  readonly rows: number
}

/** Any other message, whole. `code` is its type byte (see `Backend`), `bytes` the message with its header. */
export interface Whole {
  readonly code: number
  readonly bytes: Uint8Array
  readonly body: Uint8Array
  readonly rows: 0
}

/** Tell the two apart by `body === null`. */
export type Piece = Bulk | Whole

/** Type bytes of the messages that a server sends. */
export const Backend = {
  authentication: 0x52, // R
  backendKeyData: 0x4b, // K
  bindComplete: 0x32, // 2
  closeComplete: 0x33, // 3
  commandComplete: 0x43, // C
  copyBothResponse: 0x57, // W
  copyData: 0x64, // d
  copyDone: 0x63, // c
  copyInResponse: 0x47, // G
  copyOutResponse: 0x48, // H
  dataRow: 0x44, // D
  emptyQueryResponse: 0x49, // I
  errorResponse: 0x45, // E
  functionCallResponse: 0x56, // V
  negotiateProtocolVersion: 0x76, // v
  noData: 0x6e, // n
  noticeResponse: 0x4e, // N
  notificationResponse: 0x41, // A
  parameterDescription: 0x74, // t
  parameterStatus: 0x53, // S
  parseComplete: 0x31, // 1
  portalSuspended: 0x73, // s
  readyForQuery: 0x5a, // Z
  rowDescription: 0x54, // T
} as const

/** In bytes with the header. */
export interface BackendLimits {
  readonly maxMessageBytes: number
  /** For RowDescription, ErrorResponse, NoticeResponse and FunctionCallResponse, which grow with tables and data. */
  readonly maxLargeMessageBytes: number
}

export const BACKEND_LIMITS: BackendLimits = { maxMessageBytes: 1024 * 1024, maxLargeMessageBytes: 16 * 1024 * 1024 }

/** Rows and COPY data are streamed, so their size is bounded only by the length field. */
const BULK_BYTES = 2 ** 31

/**
 * Splits what a server sends into pieces, in order; their `bytes` put together are what was pushed, less what is still
 * incomplete. A row or COPY message is never buffered, whatever its size: at most a four-byte piece of its header is. The
 * server may be hostile too: throws ProtocolError for an impossible length or type, and every push after that throws.
 * Pieces are views of the chunk where they can be: do not write into a chunk that was pushed.
 */
export class BackendScanner {
  readonly #partial = new Gather()
  readonly #caps: readonly number[]
  #bulkLeft = 0
  #broken = false

  constructor(limits: BackendLimits = BACKEND_LIMITS) {
    this.#caps = limits === BACKEND_LIMITS ? CAPS : capByType(limits)
  }

  /** Bytes of a message that is not whole yet. */
  get buffered(): number {
    return this.#partial.size
  }

  /** True when the last byte fed ended a message, so that something of ours may be put in between. */
  get atBoundary(): boolean {
    return this.#bulkLeft === 0 && this.#partial.size === 0
  }

  push(chunk: Uint8Array): Piece[] {
    if (this.#broken) throw new ProtocolError('unexpected', 'this server was refused already; close the connection')
    this.#broken = true // until this push ends well
    const pieces: Piece[] = []
    const next = this.#scan(chunk, this.#resume(chunk, pieces), pieces)
    this.#partial.fill(chunk, next, Number.POSITIVE_INFINITY)
    this.#broken = false
    return pieces
  }

  /** Completes the header or message that an earlier chunk began; returns where the next bytes are. */
  #resume(chunk: Uint8Array, pieces: Piece[]): number {
    if (this.#partial.size === 0) return 0
    let at = this.#partial.fill(chunk, 0, HEADER_BYTES)
    if (this.#partial.size < HEADER_BYTES) return at
    const size = this.#sizeAt(this.#partial.view, 0)
    const code = this.#partial.view[0] ?? 0
    if (isBulk(code)) {
      this.#bulkLeft = size - HEADER_BYTES
      pieces.push(bulk(this.#partial.take(), code === Backend.dataRow ? 1 : 0))
      return at
    }
    at += this.#partial.fill(chunk, at, size)
    if (this.#partial.size === size) pieces.push(whole(this.#partial.take()))
    return at
  }

  /** Walks the headers in the chunk; returns where an incomplete header or message begins. */
  #scan(chunk: Uint8Array, start: number, pieces: Piece[]): number {
    let at = start
    let run = start // where the bulk bytes that are not in `pieces` yet begin
    let rows = 0
    for (;;) {
      const streamed = Math.min(this.#bulkLeft, chunk.length - at)
      this.#bulkLeft -= streamed
      at += streamed
      if (chunk.length - at < HEADER_BYTES) break
      const size = this.#sizeAt(chunk, at)
      const code = chunk[at] ?? 0
      if (isBulk(code)) {
        if (code === Backend.dataRow) rows++
        this.#bulkLeft = size - HEADER_BYTES
        at += HEADER_BYTES
        continue
      }
      if (chunk.length - at < size) break
      if (at > run) pieces.push(bulk(chunk.subarray(run, at), rows))
      pieces.push(whole(chunk.subarray(at, at + size)))
      at += size
      run = at
      rows = 0
    }
    if (at > run) pieces.push(bulk(chunk.subarray(run, at), rows))
    return at
  }

  #sizeAt(bytes: Uint8Array, at: number): number {
    const code = bytes[at] ?? 0
    const cap = this.#caps[code] ?? 0
    if (cap === 0) throw new ProtocolError('unexpected', `no server message has the type ${typeName(code)}`)
    return frameSize(bytes, at, cap)
  }
}

function isBulk(code: number): boolean {
  return code === Backend.dataRow || code === Backend.copyData
}

function bulk(bytes: Uint8Array, rows: number): Bulk {
  return { code: 0, bytes, body: null, rows }
}

function whole(bytes: Uint8Array): Whole {
  return { code: bytes[0] ?? 0, bytes, body: bytes.subarray(HEADER_BYTES), rows: 0 }
}

/** A table by type byte; 0 is a type that no server sends. */
function capByType(limits: BackendLimits): readonly number[] {
  const caps = Array.from({ length: 256 }, () => 0)
  for (const code of Object.values(Backend)) caps[code] = limits.maxMessageBytes
  for (const code of [Backend.rowDescription, Backend.errorResponse, Backend.noticeResponse, Backend.functionCallResponse])
    caps[code] = limits.maxLargeMessageBytes
  for (const code of [Backend.dataRow, Backend.copyData]) caps[code] = BULK_BYTES
  return caps
}

/** One table for all connections. */
const CAPS = capByType(BACKEND_LIMITS)
