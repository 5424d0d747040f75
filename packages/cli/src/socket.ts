import { type IncomingMessage, request as httpRequest } from 'node:http'
import { Readable } from 'node:stream'

/** Statuses that have no body; `Response` refuses one for them (Fetch standard, "null body status"). */
const NO_BODY = [204, 205, 304]

/** `fetch` that reaches one server on its unix socket, whatever host the address names. Streams the answer, so events work too. */
export function socketFetch(socketPath: string): typeof fetch {
  return async (input, init) => {
    const asked = new Request(input, init)
    const body = Buffer.from(await asked.arrayBuffer())
    const answer = await send(socketPath, asked, body)
    const status = answer.statusCode ?? 502
    const stream = NO_BODY.includes(status) ? null : (Readable.toWeb(answer) as ReadableStream<Uint8Array<ArrayBuffer>>)
    return new Response(stream, { status, headers: headersOf(answer) })
  }
}

function send(socketPath: string, asked: Request, body: Buffer): Promise<IncomingMessage> {
  const { pathname, search } = new URL(asked.url)
  const headers = { ...Object.fromEntries(asked.headers), host: 'localhost', 'content-length': String(body.length) }
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest({ socketPath, method: asked.method, path: pathname + search, headers, signal: asked.signal, agent: false }, resolve)
    outgoing.once('error', reject)
    outgoing.end(body)
  })
}

function headersOf(answer: IncomingMessage): Headers {
  const headers = new Headers()
  for (const [name, values] of Object.entries(answer.headersDistinct)) {
    for (const value of values ?? []) headers.append(name, value)
  }
  return headers
}
