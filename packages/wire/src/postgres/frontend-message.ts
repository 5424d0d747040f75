import { ProtocolError } from './error.ts'
import { HEADER_BYTES, typeName } from './frame.ts'
import { BodyReader } from './reader.ts'
import { strictText } from './text.ts'

/** `raw` is the entire message as it came, to be forwarded as it is. Byte fields are views of it. */
interface Framed {
  readonly raw: Uint8Array
}

/** A statement: null when it is not valid UTF-8, so nothing can be judged and the caller treats it as unknown. */
type StatementText = string | null

/**
 * Every message of section 54.7 that a client sends after startup. Counts of formats against values are left to the
 * server, which answers a wrong one with an ordinary error. Statement and portal names must be UTF-8.
 */
export type FrontendMessage =
  | (Framed & { readonly kind: 'query'; readonly text: StatementText })
  | (Framed & { readonly kind: 'parse'; readonly name: string; readonly text: StatementText; readonly types: readonly number[] })
  | (Framed & Bind)
  | (Framed & { readonly kind: 'describe' | 'close'; readonly target: Target; readonly name: string })
  | (Framed & { readonly kind: 'execute'; readonly portal: string; readonly maxRows: number })
  | (Framed & { readonly kind: 'flush' | 'sync' | 'terminate' | 'copyDone' })
  | (Framed & { readonly kind: 'copyData'; readonly data: Uint8Array })
  | (Framed & { readonly kind: 'copyFail'; readonly reason: string })
  | (Framed & FunctionCall)
  /** A password or a step of SASL: which one follows from what was asked. See `password`, `saslInitial`; a SASLResponse is `body`. */
  | (Framed & { readonly kind: 'password'; readonly body: Uint8Array })

/** S is a prepared statement, P a portal. */
export type Target = 'S' | 'P'

export interface Bind {
  readonly kind: 'bind'
  readonly portal: string
  readonly statement: string
  /** 0 text, 1 binary; none means all text, one means all alike. */
  readonly formats: readonly number[]
  readonly values: readonly (Uint8Array | null)[]
  readonly resultFormats: readonly number[]
}

/** Calls a function by its OID, outside of any statement. */
export interface FunctionCall {
  readonly kind: 'functionCall'
  readonly functionOid: number
  /** As in Bind. */
  readonly formats: readonly number[]
  readonly values: readonly (Uint8Array | null)[]
  /** 0 text, 1 binary. */
  readonly resultFormat: number
}

/** Decodes one whole message with its header. Throws ProtocolError. */
export function decodeFrontend(raw: Uint8Array): FrontendMessage {
  const body = raw.subarray(HEADER_BYTES)
  const code = raw[0] ?? 0
  switch (String.fromCharCode(code)) {
    case 'Q':
      return query(raw, new BodyReader(body, 'a Query'))
    case 'P':
      return parse(raw, new BodyReader(body, 'a Parse'))
    case 'B':
      return bind(raw, new BodyReader(body, 'a Bind'))
    case 'D':
      return named(raw, 'describe', new BodyReader(body, 'a Describe'))
    case 'C':
      return named(raw, 'close', new BodyReader(body, 'a Close'))
    case 'E':
      return execute(raw, new BodyReader(body, 'an Execute'))
    case 'H':
      return bare(raw, 'flush', new BodyReader(body, 'a Flush'))
    case 'S':
      return bare(raw, 'sync', new BodyReader(body, 'a Sync'))
    case 'X':
      return bare(raw, 'terminate', new BodyReader(body, 'a Terminate'))
    case 'c':
      return bare(raw, 'copyDone', new BodyReader(body, 'a CopyDone'))
    case 'd':
      return { kind: 'copyData', raw, data: body }
    case 'f':
      return copyFail(raw, new BodyReader(body, 'a CopyFail'))
    case 'F':
      return functionCall(raw, new BodyReader(body, 'a FunctionCall'))
    case 'p':
      return { kind: 'password', raw, body }
    default:
      throw new ProtocolError('unexpected', `no client message has the type ${typeName(code)}`)
  }
}

/** The body of a PasswordMessage. */
export function decodePassword(body: Uint8Array): string {
  const reader = new BodyReader(body, 'a PasswordMessage')
  const text = reader.string()
  reader.end()
  return text
}

/** The body of a SASLInitialResponse. `data` is null when the client sent none. */
export function decodeSaslInitial(body: Uint8Array): { readonly mechanism: string; readonly data: Uint8Array | null } {
  const reader = new BodyReader(body, 'a SASLInitialResponse')
  const mechanism = reader.string()
  const data = reader.nullable()
  reader.end()
  return { mechanism, data }
}

function query(raw: Uint8Array, reader: BodyReader): FrontendMessage {
  const text = strictText(reader.terminated())
  reader.end()
  return { kind: 'query', raw, text }
}

function parse(raw: Uint8Array, reader: BodyReader): FrontendMessage {
  const name = reader.string()
  const text = strictText(reader.terminated())
  const types = list(reader, () => reader.uint32())
  reader.end()
  return { kind: 'parse', raw, name, text, types }
}

function bind(raw: Uint8Array, reader: BodyReader): FrontendMessage {
  const portal = reader.string()
  const statement = reader.string()
  const formats = list(reader, () => reader.uint16())
  const values = list(reader, () => reader.nullable())
  const resultFormats = list(reader, () => reader.uint16())
  reader.end()
  return { kind: 'bind', raw, portal, statement, formats, values, resultFormats }
}

function named(raw: Uint8Array, kind: 'describe' | 'close', reader: BodyReader): FrontendMessage {
  const target = String.fromCharCode(reader.byte())
  if (target !== 'S' && target !== 'P') throw new ProtocolError('malformed', `a ${kind} names neither a statement (S) nor a portal (P)`)
  const name = reader.string()
  reader.end()
  return { kind, raw, target, name }
}

function execute(raw: Uint8Array, reader: BodyReader): FrontendMessage {
  const portal = reader.string()
  const maxRows = reader.int32()
  reader.end()
  return { kind: 'execute', raw, portal, maxRows }
}

function bare(raw: Uint8Array, kind: 'flush' | 'sync' | 'terminate' | 'copyDone', reader: BodyReader): FrontendMessage {
  reader.end()
  return { kind, raw }
}

function functionCall(raw: Uint8Array, reader: BodyReader): FrontendMessage {
  const functionOid = reader.uint32()
  const formats = list(reader, () => reader.uint16())
  const values = list(reader, () => reader.nullable())
  const resultFormat = reader.uint16()
  reader.end()
  return { kind: 'functionCall', raw, functionOid, formats, values, resultFormat }
}

function copyFail(raw: Uint8Array, reader: BodyReader): FrontendMessage {
  const reason = reader.shown()
  reader.end()
  return { kind: 'copyFail', raw, reason }
}

function list<T>(reader: BodyReader, read: () => T): T[] {
  const count = reader.uint16()
  const items: T[] = []
  while (items.length < count) items.push(read())
  return items
}
