import { closeSync, createReadStream, openSync, readSync } from 'node:fs'
import { parseEntry } from '@countersign/ledger/entry'
import { splitLines } from '@countersign/ledger/lines'
import { listSegments, type Segment, segmentPath } from './files.ts'

/** A gateway's own journal, line by line as it was written: for verifying, exporting and unsealing. */
export async function* readJournal(directory: string, gateway: string): AsyncGenerator<Uint8Array> {
  for (const segment of listSegments(directory, gateway)) yield* readSegment(directory, segment)
}

/** One segment's lines. `end` stops before that byte. */
export async function* readSegment(directory: string, segment: Segment, end = Infinity): AsyncGenerator<Uint8Array> {
  if (end > 0) yield* splitLines(createReadStream(segmentPath(directory, segment), { end: end - 1, highWaterMark: 256 * 1024 }))
}

/** A place in a journal: where the entry `seq` begins. */
export interface Cursor {
  readonly segment: Segment
  /** In bytes. */
  readonly offset: number
  readonly seq: number
}

/** One line with its sequence, and the place after it. */
export interface Placed {
  readonly seq: number
  readonly line: string
  readonly next: Cursor
}

/**
 * The lines from `cursor` to the entry `upTo`, which must be whole on disk: lines are counted and not parsed. It blocks its
 * thread, which therefore should have nothing else to do: a promise a line would cost more than the line does.
 */
export function* readFrom(directory: string, cursor: Cursor, upTo: number): Generator<Placed> {
  let { offset, seq } = cursor
  for (const segment of listSegments(directory, cursor.segment.gateway)) {
    if (segment.number < cursor.segment.number) continue
    if (segment.number > cursor.segment.number) offset = 0
    if (seq > upTo) return
    for (const bytes of linesFrom(segmentPath(directory, segment), offset)) {
      offset += bytes.length + 1
      seq += 1
      yield { seq: seq - 1, line: bytes.toString('utf8'), next: { segment, offset, seq } }
      if (seq > upTo) return
    }
  }
}

const CHUNK_BYTES = 256 * 1024

/** Whole lines without their line ends, each valid until the next is taken. */
function* linesFrom(path: string, offset: number): Generator<Buffer> {
  const fd = openSync(path, 'r')
  try {
    let chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES)
    let held = 0 // bytes of a line whose end was not read yet
    for (let at = offset; ;) {
      const read = readSync(fd, chunk, held, chunk.length - held, at)
      if (read === 0) return
      at += read
      const end = held + read
      let start = 0
      for (let newline = chunk.indexOf(NEWLINE, held); newline !== -1 && newline < end; newline = chunk.indexOf(NEWLINE, start)) {
        yield chunk.subarray(start, newline)
        start = newline + 1
      }
      held = end - start
      const next = held === chunk.length ? Buffer.allocUnsafeSlow(2 * chunk.length) : chunk
      chunk.copy(next, 0, start, end)
      chunk = next
    }
  } finally {
    closeSync(fd)
  }
}

const NEWLINE = 0x0a

/** Where to start reading for the entry `seq`: at the newest segment that begins at or before it. Null in an empty journal. */
export async function cursorBefore(directory: string, gateway: string, seq: number): Promise<Cursor | null> {
  for (const segment of listSegments(directory, gateway).toReversed()) {
    for await (const line of readSegment(directory, segment)) {
      const first = parseEntry(Buffer.from(line).toString('utf8')).seq
      if (first <= seq) return { segment, offset: 0, seq: first }
      break
    }
  }
  return null
}
