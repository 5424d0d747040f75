import { eventData } from './events.ts'
import { jsonLines, parse } from './json-lines.ts'
import { chunks } from './read.ts'
import { RecordingLine, Watched } from './schemas/recording.ts'

const WORDS = {
  /** A statement of a megabyte, and as much of parameters, escaped. */
  longest: 16 * 1024 * 1024,
  what: 'this recording',
  cutOff: 'the recording was cut off before its end: it is not what was recorded',
}

/** The lines of a recording as they come. */
export async function* recordingLines(open: () => Promise<Response>): AsyncGenerator<RecordingLine, void, undefined> {
  yield* jsonLines(await open(), RecordingLine, ({ line }) => line === 'end', WORDS)
}

/** The lines of a session while it runs. */
export async function* watchedLines(
  open: (init: { readonly method: 'GET'; readonly signal?: AbortSignal }) => Promise<Response>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Watched, void, undefined> {
  try {
    const response = await open({ method: 'GET', ...(signal ? { signal } : {}) })
    for await (const data of eventData(chunks(response))) yield parse(Watched, data, WORDS)
  } catch (error) {
    if (signal?.aborted !== true) throw error
  }
}
