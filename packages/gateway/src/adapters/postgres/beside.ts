import type { Parameter } from '@countersign/core/action'
import { Backend, type Piece } from '@countersign/wire/postgres/backend'
import { decodeDataRow, decodeFields, decodeParameterDescription } from '@countersign/wire/postgres/backend-message'
import { bind, describe, execute, parse, sync } from '@countersign/wire/postgres/encode'
import { int32At } from '@countersign/wire/postgres/reader'
import { shownText } from '@countersign/wire/postgres/text'
import type { Target } from '../adapter.ts'
import { closeUpstream, openUpstream, type Upstream, versionOf } from './upstream.ts'

/** Most answers are a few rows: a server that sends more than this is not believed. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024
const HEADER_BYTES = 5

/** The target refused one of our statements. `code` is the SQLSTATE, `detail` what it says besides. */
export class Refused extends Error {
  readonly code: string
  readonly detail: string | null

  constructor(code: string, message: string, detail: string | null = null) {
    super(message)
    this.name = 'Refused'
    this.code = code
    this.detail = detail
  }
}

/** What the target answered: rows of text, and the types of the parameters where they were asked for. */
interface Answer {
  readonly rows: readonly (readonly (string | null)[])[]
  readonly types: readonly number[]
}

/** A connection of the gateway's own to a target, for questions beside a session. Aborting the signal destroys it. */
export class Beside implements AsyncDisposable {
  readonly #upstream: Upstream
  readonly #signal: AbortSignal
  readonly #onAbort: () => void
  readonly #maxBytes: number
  #asked: Asked | null = null

  private constructor(upstream: Upstream, signal: AbortSignal, maxBytes: number) {
    this.#upstream = upstream
    this.#signal = signal
    this.#maxBytes = maxBytes
    this.#onAbort = () => upstream.stream.destroy()
    signal.addEventListener('abort', this.#onAbort)
    if (signal.aborted) this.#onAbort()
    // It is read also while nothing is asked, or nobody would notice that the target has gone.
    upstream.stream.on('data', (chunk: Uint8Array) => this.#take(chunk))
    upstream.stream.on('close', () => this.#asked?.reject(lost()))
    upstream.stream.resume()
  }

  /** `maxBytes` of one answer. Throws ConnectionRefused. */
  static async open(target: Target, settings: ReadonlyMap<string, string>, signal: AbortSignal, maxBytes = MAX_ANSWER_BYTES): Promise<Beside> {
    return new Beside(await openUpstream(target, settings, signal), signal, maxBytes)
  }

  /** False when the connection is lost. */
  get isOpen(): boolean {
    return !this.#upstream.stream.destroyed
  }

  /** The server's major version, 15 or 18; 0 where it does not say. */
  get version(): number {
    return versionOf(this.#upstream)
  }

  /** Several statements in one round trip, all of them or none. Throws as `ask` does. */
  async run(texts: readonly string[]): Promise<void> {
    await this.#send(
      texts.flatMap((text) => [parse('', text, []), bind({ portal: '', statement: '', formats: [], values: [], resultFormats: [] }), execute('')]),
    )
  }

  /** The rows of one statement, as text. Throws Refused, and an Error when the connection is lost. */
  async ask(text: string, parameters: readonly Parameter[] = []): Promise<Answer['rows']> {
    const values = parameters.map(({ value, format }) => (value === null ? null : Buffer.from(value, format === 'binary' ? 'hex' : 'utf8')))
    const formats = parameters.map(({ format }) => (format === 'binary' ? 1 : 0))
    const types = parameters.map(({ type }) => type)
    const { rows } = await this.#send([parse('', text, types), bind({ portal: '', statement: '', formats, values, resultFormats: [] }), execute('')])
    return rows
  }

  /** The types that the server gives to the parameters of a statement, where `types` leaves them open. Throws as `ask` does. */
  async parameterTypes(text: string, types: readonly number[]): Promise<readonly number[]> {
    return (await this.#send([parse('', text, types), describe('S', '')])).types
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#signal.removeEventListener('abort', this.#onAbort)
    closeUpstream(this.#upstream)
    return Promise.resolve()
  }

  #send(messages: readonly Uint8Array[]): Promise<Answer> {
    const { stream } = this.#upstream
    if (stream.destroyed) return Promise.reject(lost())
    const { promise, resolve, reject } = Promise.withResolvers<Answer>()
    this.#asked = { reading: new Reading(this.#maxBytes), resolve, reject }
    stream.write(Buffer.concat([...messages, sync()]))
    return promise.finally(() => (this.#asked = null))
  }

  #take(chunk: Uint8Array): void {
    try {
      for (const piece of this.#upstream.scanner.push(chunk)) {
        if (!this.#asked) ignore(piece)
        else if (this.#asked.reading.take(piece)) this.#asked.resolve(this.#asked.reading.answer())
      }
    } catch (error) {
      if (!this.#asked) this.#upstream.stream.destroy()
      this.#asked?.reject(error instanceof Error ? error : new Error(String(error)))
    }
  }
}

/** Who waits for the answer to what was asked last. */
interface Asked {
  readonly reading: Reading
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: Error) => void
}

const lost = () => new Error('the connection to the target was lost')

/** What a server says unasked: a notice or a setting is nothing to us, and anything else is its goodbye. */
function ignore({ code }: Piece): void {
  if (code !== Backend.noticeResponse && code !== Backend.parameterStatus) throw lost()
}

/** Gathers one answer up to its ReadyForQuery. */
class Reading {
  readonly #maxBytes: number
  readonly #bulk: Uint8Array[] = []
  #bytes = 0
  #types: readonly number[] = []
  #refused: Refused | null = null

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** True when the answer is whole. */
  take({ code, body, bytes }: Piece): boolean {
    if (body === null) this.#keep(bytes)
    else if (code === Backend.errorResponse) this.#refused ??= refusedBy(body)
    else if (code === Backend.parameterDescription) this.#types = decodeParameterDescription(body)
    return code === Backend.readyForQuery
  }

  /** Throws Refused. */
  answer(): Answer {
    if (this.#refused) throw this.#refused
    return { rows: rowsOf(Buffer.concat(this.#bulk)), types: this.#types }
  }

  #keep(bytes: Uint8Array): void {
    this.#bytes += bytes.length
    if (this.#bytes > this.#maxBytes) throw new Error('the target sent more than was asked for')
    this.#bulk.push(Uint8Array.from(bytes))
  }
}

function refusedBy(body: Uint8Array): Refused {
  const fields = decodeFields(body)
  return new Refused(fields.get('C') ?? 'XX000', fields.get('M') ?? 'no message', fields.get('D') ?? null)
}

/** Whole DataRow messages. */
export function rowsOf(bytes: Uint8Array): Answer['rows'] {
  const rows: (readonly (string | null)[])[] = []
  for (let at = 0; at < bytes.length;) {
    const end = at + 1 + int32At(bytes, at + 1)
    rows.push(decodeDataRow(bytes.subarray(at + HEADER_BYTES, end)).map((value) => (value === null ? null : shownText(value))))
    at = end
  }
  return rows
}
