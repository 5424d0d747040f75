import { ProtocolError } from './error.ts'
import { BodyReader } from './reader.ts'

/** What the server asks for (PostgreSQL documentation, section 54.7, Authentication*). `other` is a method that is not spoken here. */
export type Authentication =
  | { readonly kind: 'ok' }
  | { readonly kind: 'cleartext' }
  | { readonly kind: 'md5'; readonly salt: Uint8Array }
  | { readonly kind: 'sasl'; readonly mechanisms: readonly string[] }
  | { readonly kind: 'saslContinue'; readonly data: Uint8Array }
  | { readonly kind: 'saslFinal'; readonly data: Uint8Array }
  | { readonly kind: 'other'; readonly method: number }

/** I idle, T in a transaction, E in a failed one. */
export type TransactionStatus = 'I' | 'T' | 'E'

export interface Column {
  readonly name: string
  readonly tableOid: number
  /** Attribute number in that table; both are 0 when the column is not simply one of a table's. */
  readonly attribute: number
  readonly typeOid: number
  readonly typeSize: number
  readonly typeModifier: number
  /** 0 text, 1 binary. */
  readonly format: number
}

// Each decoder takes the body of a whole message and throws ProtocolError. Text is for showing unless said otherwise.

export function decodeAuthentication(body: Uint8Array): Authentication {
  const reader = new BodyReader(body, 'an Authentication message')
  const method = reader.int32()
  const decoded = authentication(method, reader)
  reader.end()
  return decoded
}

function authentication(method: number, reader: BodyReader): Authentication {
  switch (method) {
    case 0:
      return { kind: 'ok' }
    case 3:
      return { kind: 'cleartext' }
    case 5:
      return { kind: 'md5', salt: reader.bytes(4) }
    case 10:
      return { kind: 'sasl', mechanisms: strings(reader) }
    case 11:
      return { kind: 'saslContinue', data: reader.rest() }
    case 12:
      return { kind: 'saslFinal', data: reader.rest() }
    default:
      reader.rest()
      return { kind: 'other', method }
  }
}

export function decodeReadyForQuery(body: Uint8Array): TransactionStatus {
  const reader = new BodyReader(body, 'a ReadyForQuery')
  const status = String.fromCharCode(reader.byte())
  reader.end()
  if (status !== 'I' && status !== 'T' && status !== 'E') throw new ProtocolError('malformed', 'a ReadyForQuery has an unknown transaction status')
  return status
}

export function decodeParameterStatus(body: Uint8Array): { readonly name: string; readonly value: string } {
  const reader = new BodyReader(body, 'a ParameterStatus')
  const name = reader.shown()
  const value = reader.shown()
  reader.end()
  return { name, value }
}

/** The key is 4 bytes in protocol 3.0 and up to 256 in 3.2. */
export function decodeBackendKeyData(body: Uint8Array): { readonly processId: number; readonly secretKey: Uint8Array } {
  const reader = new BodyReader(body, 'a BackendKeyData')
  const processId = reader.int32()
  const secretKey = reader.rest()
  if (secretKey.length < 4 || secretKey.length > 256) throw new ProtocolError('malformed', `a cancel key is 4 to 256 bytes, not ${secretKey.length}`)
  return { processId, secretKey }
}

/** `rows` is the count at the end of the tag, or null for commands that have none. */
export function decodeCommandComplete(body: Uint8Array): { readonly tag: string; readonly rows: number | null } {
  const reader = new BodyReader(body, 'a CommandComplete')
  const tag = reader.shown()
  reader.end()
  const count = / (\d+)$/.exec(tag)?.[1]
  return { tag, rows: count === undefined ? null : Number(count) }
}

/** ErrorResponse and NoticeResponse: field letter (section 54.8: S severity, C code, M message, …) to text, the first of each. */
export function decodeFields(body: Uint8Array): ReadonlyMap<string, string> {
  const reader = new BodyReader(body, 'an ErrorResponse or NoticeResponse')
  const fields = new Map<string, string>()
  for (let letter = reader.byte(); letter !== 0; letter = reader.byte()) {
    const key = String.fromCharCode(letter)
    const text = reader.shown()
    if (!fields.has(key)) fields.set(key, text)
  }
  reader.end()
  return fields
}

export function decodeRowDescription(body: Uint8Array): Column[] {
  const reader = new BodyReader(body, 'a RowDescription')
  const columns = Array.from({ length: reader.uint16() }, () => column(reader))
  reader.end()
  return columns
}

function column(reader: BodyReader): Column {
  return {
    name: reader.shown(),
    tableOid: reader.uint32(),
    attribute: reader.int16(),
    typeOid: reader.uint32(),
    typeSize: reader.int16(),
    typeModifier: reader.int32(),
    format: reader.uint16(),
  }
}

/** The type OID of each parameter of a statement. */
export function decodeParameterDescription(body: Uint8Array): number[] {
  const reader = new BodyReader(body, 'a ParameterDescription')
  const types = Array.from({ length: reader.uint16() }, () => reader.uint32())
  reader.end()
  return types
}

/** Values in the order of the columns, null for SQL NULL. */
export function decodeDataRow(body: Uint8Array): (Uint8Array | null)[] {
  const reader = new BodyReader(body, 'a DataRow')
  const values = Array.from({ length: reader.uint16() }, () => reader.nullable())
  reader.end()
  return values
}

/** The newest version that the server speaks, and the `_pq_.` options it did not know. */
export function decodeNegotiateProtocolVersion(body: Uint8Array): { readonly minor: number; readonly unrecognized: readonly string[] } {
  const reader = new BodyReader(body, 'a NegotiateProtocolVersion')
  const version = reader.uint32()
  const count = reader.uint32()
  if (version >>> 16 !== 3) throw new ProtocolError('version', `the server offers protocol ${version >>> 16}.${version & 0xffff}; 3.x is spoken here`)
  const unrecognized: string[] = []
  while (unrecognized.length < count) unrecognized.push(reader.shown())
  reader.end()
  return { minor: version & 0xffff, unrecognized }
}

/** Strings up to an empty one. */
function strings(reader: BodyReader): string[] {
  const found: string[] = []
  for (let text = reader.shown(); text !== ''; text = reader.shown()) found.push(text)
  return found
}
