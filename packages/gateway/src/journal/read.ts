import { createReadStream } from 'node:fs'
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
