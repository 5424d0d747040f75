import { ProtocolError } from './error.ts'
import { int32At } from './reader.ts'

/** A type byte and an int32 length that counts itself (PostgreSQL documentation, section 54.1). */
export const HEADER_BYTES = 5

/** The whole size in bytes of the message whose header is at `at`, type byte included. Throws when its length is impossible or `cap` is passed. */
export function frameSize(bytes: Uint8Array, at: number, cap: number): number {
  const length = int32At(bytes, at + 1)
  const size = length + 1
  if (length < 4) throw new ProtocolError('length', `a message of type ${typeName(bytes[at] ?? 0)} announces ${length} bytes; the smallest possible is 4`)
  if (size > cap) throw new ProtocolError('too-large', `a message of type ${typeName(bytes[at] ?? 0)} announces ${size} bytes; ${cap} is the limit`)
  return size
}

/** How a message type is written in errors: its letter, or hex when it is none. */
export function typeName(code: number): string {
  return code > 0x20 && code < 0x7f ? `'${String.fromCharCode(code)}'` : `0x${code.toString(16).padStart(2, '0')}`
}
