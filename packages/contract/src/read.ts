import { ClientError } from './client-error.ts'

/** More than any honest answer: 10,000 ledger entries, or a hundred requests with the longest action there can be. */
const LONGEST_ANSWER = 256 * 1024 * 1024

/** The pieces of a body as text. The gateway controls its length and its pace. */
export async function* chunks(response: Response): AsyncGenerator<string, void, undefined> {
  if (response.body === null) return
  const reader = response.body.getReader()
  const decoder = new TextDecoder()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) break
      yield decoder.decode(value, { stream: true })
    }
    yield decoder.decode()
  } catch (cause) {
    throw new ClientError('unreachable', 'the connection to the gateway broke', { cause })
  } finally {
    reader.cancel().catch(() => undefined)
  }
}

/** The whole body as bytes, of an answer that is one short file. Throws `unexpected-answer` when it is longer. */
export async function readBytes(response: Response, longest: number): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  let length = 0
  try {
    for await (const piece of response.body ?? []) {
      length += piece.length
      if (length > longest) throw new ClientError('unexpected-answer', 'the answer is longer than any that a gateway gives')
      pieces.push(piece)
    }
  } catch (cause) {
    if (cause instanceof ClientError) throw cause
    throw new ClientError('unreachable', 'the connection to the gateway broke', { cause })
  }
  const whole = new Uint8Array(length)
  let at = 0
  for (const piece of pieces) {
    whole.set(piece, at)
    at += piece.length
  }
  return whole
}

/** The whole body. Throws `unexpected-answer` when it is longer than any honest one. */
export async function readText(response: Response): Promise<string> {
  const pieces: string[] = []
  let length = 0
  for await (const piece of chunks(response)) {
    length += piece.length
    if (length > LONGEST_ANSWER) throw new ClientError('unexpected-answer', 'the answer is longer than any that a gateway gives')
    pieces.push(piece)
  }
  return pieces.join('')
}
