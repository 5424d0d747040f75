import { ClientError } from './client-error.ts'
import { eventData } from './events.ts'
import { chunks } from './read.ts'
import { RecordingLine, Watched } from './schemas/recording.ts'

/** A statement of a megabyte, and as much of parameters, escaped. */
const LONGEST_LINE = 16 * 1024 * 1024

/** The lines of a recording as they come. A kind of line that this version does not know is an error: what was done must not be passed over. */
export async function* recordingLines(open: () => Promise<Response>): AsyncGenerator<RecordingLine, void, undefined> {
  let rest = ''
  let last: RecordingLine | null = null
  for await (const piece of chunks(await open())) {
    const lines = (rest + piece).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      last = parse(RecordingLine, line)
      yield last
    }
    if (rest.length > LONGEST_LINE) throw new ClientError('unexpected-answer', 'a line of this recording is longer than any that a gateway sends')
  }
  if (last?.line !== 'end' || rest !== '') throw new ClientError('unexpected-answer', 'the recording was cut off before its end: it is not what was recorded')
}

/** The lines of a session while it runs. */
export async function* watchedLines(
  open: (init: { readonly method: 'GET'; readonly signal?: AbortSignal }) => Promise<Response>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Watched, void, undefined> {
  try {
    const response = await open({ method: 'GET', ...(signal ? { signal } : {}) })
    for await (const data of eventData(chunks(response))) yield parse(Watched, data)
  } catch (error) {
    if (signal?.aborted !== true) throw error
  }
}

function parse<T>(schema: { parse(value: unknown): T }, line: string): T {
  try {
    return schema.parse(JSON.parse(line))
  } catch (cause) {
    throw new ClientError('unexpected-answer', 'a line of this recording is not what this version expects; are both the same version?', { cause })
  }
}
