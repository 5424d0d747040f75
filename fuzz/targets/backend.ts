import { Backend, BackendScanner, type Piece } from '@countersign/wire/postgres/backend'
import * as decode from '@countersign/wire/postgres/backend-message'
import { ProtocolError } from '@countersign/wire/postgres/error'
import { Finding, type Target } from '../fuzzer.ts'
import { chunksOf, sessions } from './streams.ts'

const LIMITS = { maxMessageBytes: 32 * 1024, maxLargeMessageBytes: 64 * 1024 }

/** What a server may send: cut in any way it must come to the same messages at the same places, and every byte passes once. */
export const backend: Target = {
  name: 'postgres: from a server',
  seeds: sessions('server'),
  attempt(input, random) {
    const whole = scan([input])
    const cut = scan(chunksOf(input, random))
    if (whole.refused !== cut.refused) throw new Finding(`refused: ${whole.refused} in one chunk, ${cut.refused} in several`)
    if (!whole.refused && whole.seen !== cut.seen) throw new Finding(`in one chunk: ${whole.seen}; in several: ${cut.seen}`)
    if (Buffer.compare(cut.passed, input.subarray(0, cut.passed.length)) !== 0) throw new Finding('what passed is not what came')
    if (!cut.refused && cut.passed.length + cut.buffered !== input.length)
      throw new Finding(`${cut.passed.length} bytes passed, ${cut.buffered} wait, ${input.length} came`)
    return cut.messages
  },
}

interface Scanned {
  readonly seen: string
  readonly passed: Uint8Array
  readonly buffered: number
  readonly messages: number
  readonly refused: boolean
}

function scan(chunks: Iterable<Uint8Array>): Scanned {
  const scanner = new BackendScanner(LIMITS)
  const noted = new Noted()
  let refused = false
  try {
    for (const chunk of chunks) {
      for (const piece of scanner.push(chunk)) noted.add(piece)
      if (scanner.buffered > LIMITS.maxLargeMessageBytes) throw new Finding(`${scanner.buffered} bytes are buffered`)
    }
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error
    refused = true
  }
  return { ...noted.sum(), buffered: scanner.buffered, refused }
}

/** Runs of rows may come in more pieces or fewer, so only their sum is compared. */
class Noted {
  readonly #parts: Uint8Array[] = []
  readonly #wholes: string[] = []
  #bytes = 0
  #rows = 0

  add(piece: Piece): void {
    this.#parts.push(Uint8Array.from(piece.bytes))
    if (piece.body !== null) {
      this.#wholes.push(`${piece.code}@${this.#bytes}`)
      attemptDecode(piece.code, piece.body)
    }
    this.#bytes += piece.bytes.length
    this.#rows += piece.rows
  }

  sum(): Pick<Scanned, 'seen' | 'passed' | 'messages'> {
    return { seen: `${this.#rows} rows, ${this.#wholes.join(' ')}`, passed: Buffer.concat(this.#parts), messages: this.#rows + this.#wholes.length }
  }
}

const DECODERS: Readonly<Record<number, (body: Uint8Array) => unknown>> = {
  [Backend.authentication]: decode.decodeAuthentication,
  [Backend.backendKeyData]: decode.decodeBackendKeyData,
  [Backend.commandComplete]: decode.decodeCommandComplete,
  [Backend.errorResponse]: decode.decodeFields,
  [Backend.noticeResponse]: decode.decodeFields,
  [Backend.negotiateProtocolVersion]: decode.decodeNegotiateProtocolVersion,
  [Backend.parameterDescription]: decode.decodeParameterDescription,
  [Backend.parameterStatus]: decode.decodeParameterStatus,
  [Backend.readyForQuery]: decode.decodeReadyForQuery,
  [Backend.rowDescription]: decode.decodeRowDescription,
  [Backend.functionCallResponse]: decode.decodeDataRow,
}

/** A body that does not decode is refused by its reader, and by nothing else. */
function attemptDecode(code: number, body: Uint8Array): void {
  try {
    DECODERS[code]?.(body)
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error
  }
}
