import { setTimeout as sleep } from 'node:timers/promises'
import { type RecordingLine, RecordingLine as Line, type Watched } from '@countersign/contract/schemas/recording'
import type { Running } from './follower.ts'

/** How often what a session does is asked for: the recorder itself reads the journal no more often. */
const EVERY_MS = 500
/** Of what was done before the watching began so much is shown. */
const SHOWN = 500
/** Lines that are asked for at once. */
const PART = 500
/** A session that is over has its recording by then, or will have none. */
const PATIENCE_MS = 60_000

export interface Source {
  /** Null: not followed yet, or over. */
  running(first: number, most: number): Promise<Running | null>
  /** Whether there is a recording, so that nothing more comes to it. */
  isRecorded(): Promise<boolean>
  /** Lines of the recording, from the first. */
  recorded(): AsyncGenerator<RecordingLine>
  /** Whether the connection is there. */
  isLive(): Promise<boolean>
}

/**
 * What a session does, as it does it: `begin`, the last of what it did before, and what it does until its `end`. A batch without lines is given when nothing
 * happened for a moment. It is in the spool until the session is over, and after that the same lines, under the same numbers, are in its recording.
 */
export async function* watch(source: Source, signal: AbortSignal): AsyncGenerator<readonly Watched[], void, undefined> {
  let next = 0
  let idleMs = 0
  while (!signal.aborted) {
    const running = await source.running(next, next === 0 ? 1 : PART)
    if (running && running.lines.length > 0) {
      yield running.lines.map((text, at) => ({ index: next + at, line: Line.parse(JSON.parse(text)) }))
      next = next === 0 ? Math.max(1, running.size - SHOWN) : next + running.lines.length
      continue
    }
    if (!running && (await source.isRecorded())) return yield* rest(source, next)
    if (!running && idleMs > PATIENCE_MS && !(await source.isLive())) return
    yield []
    idleMs = running ? 0 : idleMs + EVERY_MS
    await sleep(EVERY_MS, undefined, { signal }).catch(() => undefined)
  }
}

/** From line `next` on. */
async function* rest(source: Source, next: number): AsyncGenerator<readonly Watched[], void, undefined> {
  let index = 0
  for await (const line of source.recorded()) {
    if (index >= next) yield [{ index, line }]
    index += 1
  }
}
