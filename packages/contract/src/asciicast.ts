import type { RecordingLine } from './schemas/recording.ts'
import { pieceOf } from './transcript.ts'

/** Longer lines are wrapped by the player; so much of a statement fits on one. */
const COLUMNS = 120
const ROWS = 40

/**
 * A recording as an asciicast of version 2 (docs.asciinema.org/manual/asciicast/v2), line by line: a header, then `[seconds, "o", text]`.
 * asciinema-player, asciinema and agg read it. A terminal obeys a carriage return, so each line has one; it obeys nothing else of what somebody typed, as
 * a transcript is disarmed.
 */
export async function* asciicast(title: string, lines: AsyncIterable<RecordingLine> | Iterable<RecordingLine>): AsyncGenerator<string> {
  let start: number | null = null
  for await (const line of lines) {
    const { at, lines: shown } = pieceOf(line)
    if (start === null) {
      start = at
      yield JSON.stringify({ version: 2, width: COLUMNS, height: ROWS, timestamp: Math.floor(at / 1000), title })
    }
    yield JSON.stringify([Math.max(at - start, 0) / 1000, 'o', shown.map((each) => `${each}\r\n`).join('')])
  }
}
