import type { Column, TransactionStatus } from './backend-message.ts'
import type { Bind, FunctionCall, Target } from './frontend-message.ts'
import { CANCEL_REQUEST, SSL_REQUEST } from './startup.ts'
import { MessageWriter } from './writer.ts'

// Every encoder returns one whole message (PostgreSQL documentation, section 54.7), and throws ProtocolError for a
// string with a NUL byte or a number that does not fit its field, rather than emit a corrupt frame.

// What a client sends.

export function startup(minor: number, parameters: Iterable<readonly [name: string, value: string]>): Uint8Array {
  const writer = new MessageWriter().int16(3).int16(minor)
  for (const [name, value] of parameters) writer.string(name).string(value)
  return writer.byte(0).finish()
}

export function sslRequest(): Uint8Array {
  return new MessageWriter().int32(SSL_REQUEST).finish()
}

export function cancelRequest(processId: number, secretKey: Uint8Array): Uint8Array {
  return new MessageWriter().int32(CANCEL_REQUEST).int32(processId).bytes(secretKey).finish()
}

/** In clear, or what `md5Answer` made of it. */
export function password(text: string): Uint8Array {
  return new MessageWriter('p').string(text).finish()
}

export function saslInitial(mechanism: string, data: Uint8Array): Uint8Array {
  return new MessageWriter('p').string(mechanism).nullable(data).finish()
}

export function saslResponse(data: Uint8Array): Uint8Array {
  return new MessageWriter('p').bytes(data).finish()
}

export function query(text: string): Uint8Array {
  return new MessageWriter('Q').string(text).finish()
}

/** `types` are parameter type OIDs; 0 or a missing one is left to the server. */
export function parse(name: string, text: string, types: readonly number[] = []): Uint8Array {
  const writer = new MessageWriter('P').string(name).string(text)
  return writer.list(types, (oid) => writer.int32(oid)).finish()
}

export function bind(message: Omit<Bind, 'kind'>): Uint8Array {
  const writer = new MessageWriter('B').string(message.portal).string(message.statement)
  writer.list(message.formats, (format) => writer.int16(format))
  writer.list(message.values, (value) => writer.nullable(value))
  writer.list(message.resultFormats, (format) => writer.int16(format))
  return writer.finish()
}

export function describe(target: Target, name: string): Uint8Array {
  return new MessageWriter('D').byte(target.charCodeAt(0)).string(name).finish()
}

export function close(target: Target, name: string): Uint8Array {
  return new MessageWriter('C').byte(target.charCodeAt(0)).string(name).finish()
}

/** `maxRows` 0 is all of them. */
export function execute(portal: string, maxRows = 0): Uint8Array {
  return new MessageWriter('E').string(portal).int32(maxRows).finish()
}

export function flush(): Uint8Array {
  return new MessageWriter('H').finish()
}

export function sync(): Uint8Array {
  return new MessageWriter('S').finish()
}

export function terminate(): Uint8Array {
  return new MessageWriter('X').finish()
}

/** Sent by either side. */
export function copyData(data: Uint8Array): Uint8Array {
  return new MessageWriter('d').bytes(data).finish()
}

/** Sent by either side. */
export function copyDone(): Uint8Array {
  return new MessageWriter('c').finish()
}

export function copyFail(reason: string): Uint8Array {
  return new MessageWriter('f').string(reason).finish()
}

export function functionCall(message: Omit<FunctionCall, 'kind'>): Uint8Array {
  const writer = new MessageWriter('F').int32(message.functionOid)
  writer.list(message.formats, (format) => writer.int16(format))
  writer.list(message.values, (value) => writer.nullable(value))
  return writer.int16(message.resultFormat).finish()
}

// What a server sends.

export function authenticationOk(): Uint8Array {
  return new MessageWriter('R').int32(0).finish()
}

export function authenticationCleartext(): Uint8Array {
  return new MessageWriter('R').int32(3).finish()
}

/** `salt` is four bytes. */
export function authenticationMd5(salt: Uint8Array): Uint8Array {
  return new MessageWriter('R').int32(5).bytes(salt).finish()
}

export function authenticationSasl(mechanisms: readonly string[]): Uint8Array {
  const writer = new MessageWriter('R').int32(10)
  for (const mechanism of mechanisms) writer.string(mechanism)
  return writer.byte(0).finish()
}

export function authenticationSaslContinue(data: Uint8Array): Uint8Array {
  return new MessageWriter('R').int32(11).bytes(data).finish()
}

export function authenticationSaslFinal(data: Uint8Array): Uint8Array {
  return new MessageWriter('R').int32(12).bytes(data).finish()
}

export function parameterStatus(name: string, value: string): Uint8Array {
  return new MessageWriter('S').string(name).string(value).finish()
}

export function backendKeyData(processId: number, secretKey: Uint8Array): Uint8Array {
  return new MessageWriter('K').int32(processId).bytes(secretKey).finish()
}

export function readyForQuery(status: TransactionStatus): Uint8Array {
  return new MessageWriter('Z').byte(status.charCodeAt(0)).finish()
}

/** What a person reads, by psql's labels. `severity` is ERROR, FATAL or PANIC; or WARNING, NOTICE, INFO, LOG, DEBUG. `code` is the SQLSTATE. */
export interface Report {
  readonly severity: string
  readonly code: string
  readonly message: string
  readonly detail?: string
  readonly hint?: string
}

export function errorResponse(report: Report): Uint8Array {
  return fields('E', reportFields(report))
}

export function noticeResponse(report: Report): Uint8Array {
  return fields('N', reportFields(report))
}

/** An ErrorResponse (E) or NoticeResponse (N) from field letters, the inverse of `decodeFields`. */
export function fields(type: 'E' | 'N', entries: ReadonlyMap<string, string>): Uint8Array {
  const writer = new MessageWriter(type)
  for (const [letter, text] of entries) writer.byte(letter.charCodeAt(0)).string(text)
  return writer.byte(0).finish()
}

/** V is the severity that is never translated; drivers read it in preference to S. */
function reportFields(report: Report): ReadonlyMap<string, string> {
  const entries = new Map([
    ['S', report.severity],
    ['V', report.severity],
    ['C', report.code],
    ['M', report.message],
  ])
  if (report.detail !== undefined) entries.set('D', report.detail)
  if (report.hint !== undefined) entries.set('H', report.hint)
  return entries
}

export function rowDescription(columns: readonly Column[]): Uint8Array {
  const writer = new MessageWriter('T')
  return writer.list(columns, (column) => writeColumn(writer, column)).finish()
}

function writeColumn(writer: MessageWriter, column: Column): void {
  writer.string(column.name).int32(column.tableOid).int16(column.attribute)
  writer.int32(column.typeOid).int16(column.typeSize).int32(column.typeModifier).int16(column.format)
}

export function dataRow(values: readonly (Uint8Array | null)[]): Uint8Array {
  const writer = new MessageWriter('D')
  return writer.list(values, (value) => writer.nullable(value)).finish()
}

export function commandComplete(tag: string): Uint8Array {
  return new MessageWriter('C').string(tag).finish()
}

export function parseComplete(): Uint8Array {
  return new MessageWriter('1').finish()
}

export function emptyQueryResponse(): Uint8Array {
  return new MessageWriter('I').finish()
}

/** The newest 3.x that we speak and the `_pq_.` options that we do not know. The whole version number is sent, as PostgreSQL does. */
export function negotiateProtocolVersion(minor: number, unrecognized: readonly string[]): Uint8Array {
  const writer = new MessageWriter('v').int16(3).int16(minor).int32(unrecognized.length)
  for (const name of unrecognized) writer.string(name)
  return writer.finish()
}
