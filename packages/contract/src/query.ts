import { jsonLines } from './json-lines.ts'
import { QueryLine } from './schemas/query.ts'

const WORDS = {
  /** One row of 8 MiB, of which every byte is escaped. */
  longest: 64 * 1024 * 1024,
  what: 'this answer',
  cutOff: 'the answer was cut off before its end: what ran may have done more than is shown here',
}

/** What became of a query, as it comes. Ends quietly when `signal` aborts, and throws where the answer does not come to its `end`. */
export async function* queryLines(open: () => Promise<Response>, signal: AbortSignal | undefined): AsyncGenerator<QueryLine, void, undefined> {
  try {
    yield* jsonLines(await open(), QueryLine, ({ kind }) => kind === 'end', WORDS)
  } catch (error) {
    if (signal?.aborted !== true) throw error
  }
}
