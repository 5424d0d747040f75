import { ClientError } from './client-error.ts'
import { chunks } from './read.ts'
import { Change } from './schemas/change.ts'

/** One event carries one request, whose action is a megabyte at most: escaped twice it is still shorter than this. */
const LONGEST_EVENT = 16 * 1024 * 1024

/** Opens the stream and parses it. Events of a kind that this version does not know are passed over. */
export async function* events(
  open: (init: { readonly method: 'GET'; readonly signal?: AbortSignal }) => Promise<Response>,
  { signal, onOpen }: { readonly signal?: AbortSignal; readonly onOpen?: () => void },
): AsyncGenerator<Change, void, undefined> {
  try {
    const response = await open({ method: 'GET', ...(signal ? { signal } : {}) })
    onOpen?.()
    for await (const data of eventData(chunks(response))) {
      const change = parse(data)
      if (change) yield change
    }
  } catch (error) {
    if (signal?.aborted !== true) throw error
  }
}

function parse(data: string): Change | null {
  let value: unknown
  try {
    value = JSON.parse(data)
  } catch (cause) {
    throw new ClientError('unexpected-answer', 'an event of the gateway is not JSON', { cause })
  }
  const change = Change.safeParse(value)
  if (change.success) return change.data
  if (isUnknownKind(value)) return null
  throw new ClientError('unexpected-answer', 'an event of the gateway is not what this version expects; are both the same version?')
}

const KINDS: readonly string[] = ['request', 'grant', 'session', 'run', 'people', 'resync']

const isUnknownKind = (value: unknown) =>
  typeof value === 'object' && value !== null && 'kind' in value && typeof value.kind === 'string' && !KINDS.includes(value.kind)

/** The data of each event (WHATWG HTML, section 9.2.6), whatever the pieces it arrives in. Comments and other fields are left out. */
export async function* eventData(pieces: AsyncIterable<string>): AsyncGenerator<string, void, undefined> {
  let rest = ''
  let data: string[] = []
  for await (const piece of pieces) {
    // A CR at the end may be half of a CRLF: it waits for the next piece.
    const lines = (rest + piece).split(/\r\n|\n|\r(?!$)/)
    rest = lines.pop() ?? ''
    for (const line of lines) {
      if (line === '' && data.length > 0) {
        yield data.join('\n')
        data = []
      } else if (line.startsWith('data:')) data.push(line.slice(line.startsWith('data: ') ? 6 : 5))
    }
    if (rest.length + data.reduce((sum, line) => sum + line.length, 0) > LONGEST_EVENT)
      throw new ClientError('unexpected-answer', 'an event is longer than any that a gateway sends')
  }
}
