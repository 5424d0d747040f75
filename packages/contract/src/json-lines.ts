import { ClientError } from './client-error.ts'
import { chunks } from './read.ts'

interface Words {
  /** UTF-16 units of the longest line that a gateway sends. */
  readonly longest: number
  /** What is read, for the words of an error: `this recording`. */
  readonly what: string
  /** What is said where it ends without its `end`. */
  readonly cutOff: string
}

/** The lines of a body, each parsed by `schema`, as they come; the last of them has to be one that `isEnd`. Throws ClientError. */
export async function* jsonLines<T>(
  response: Response,
  schema: { parse(value: unknown): T },
  isEnd: (line: T) => boolean,
  words: Words,
): AsyncGenerator<T, void, undefined> {
  let begun: string[] = []
  let length = 0
  let ended = false
  for await (const chunk of chunks(response)) {
    const [first = '', ...others] = chunk.split('\n')
    begun.push(first)
    length += first.length
    for (const next of others) {
      const line = parse(schema, begun.join(''), words)
      ended = isEnd(line)
      yield line
      begun = [next]
      length = next.length
    }
    if (length > words.longest) throw new ClientError('unexpected-answer', `a line of ${words.what} is longer than any that a gateway sends`)
  }
  if (!ended || length > 0) throw new ClientError('unexpected-answer', words.cutOff)
}

/** A kind of line that this version does not know is an error: what was done must not be passed over. */
export function parse<T>(schema: { parse(value: unknown): T }, line: string, { what }: Pick<Words, 'what'>): T {
  try {
    return schema.parse(JSON.parse(line))
  } catch (cause) {
    throw new ClientError('unexpected-answer', `a line of ${what} is not what this version expects; are both the same version?`, { cause })
  }
}
