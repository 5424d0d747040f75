import { LedgerError } from './error.ts'

/** The longest entry that a bundle can hold: its length is a uint16 (C2SP tlog-tiles, "Log entries"). */
export const MAX_BUNDLED_BYTES = 0xffff

const LENGTH_BYTES = 2
const NEWLINE = Buffer.from('\n')

/** Entries as tlog-tiles serves them, each behind its length. Throws LedgerError `too-long`: then only `encodeLines` can carry them. */
export function encodeBundle(entries: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(
    entries.flatMap((entry) => {
      if (entry.length > MAX_BUNDLED_BYTES) throw new LedgerError('too-long', `an entry of ${entry.length} bytes does not fit into a bundle of tlog-tiles`)
      const length = Buffer.alloc(LENGTH_BYTES)
      length.writeUInt16BE(entry.length)
      return [length, entry]
    }),
  )
}

/** The entries of a bundle of `width`. Throws LedgerError `unreadable` when it has not exactly so many. */
export function decodeBundle(bytes: Uint8Array, width: number): Uint8Array[] {
  const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const entries: Uint8Array[] = []
  let at = 0
  while (entries.length < width && at + LENGTH_BYTES <= data.length) {
    const end = at + LENGTH_BYTES + data.readUInt16BE(at)
    if (end > data.length) break
    entries.push(data.subarray(at + LENGTH_BYTES, end))
    at = end
  }
  if (entries.length !== width || at !== data.length) throw new LedgerError('unreadable', `a bundle that is not ${width} entries behind their lengths`)
  return entries
}

/** The same entries, each with a newline behind it, whatever their length: an entry is canonical JSON, and has no newline in it. */
export const encodeLines = (entries: readonly Uint8Array[]): Uint8Array => Buffer.concat(entries.flatMap((entry) => [entry, NEWLINE]))

/** The entries of such lines. Throws LedgerError `unreadable` when they are not `width`, or the last has no end. */
export function decodeLines(bytes: Uint8Array, width: number): Uint8Array[] {
  const entries: Uint8Array[] = []
  let start = 0
  for (let end = bytes.indexOf(0x0a); end !== -1 && entries.length < width; end = bytes.indexOf(0x0a, start)) {
    entries.push(bytes.subarray(start, end))
    start = end + 1
  }
  if (entries.length !== width || start !== bytes.length) throw new LedgerError('unreadable', `not ${width} lines`)
  return entries
}
