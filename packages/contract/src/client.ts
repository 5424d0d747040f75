import type { z } from 'zod'
import { ClientError } from './client-error.ts'
import { events } from './events.ts'
import { queryLines } from './query.ts'
import { readBytes, readText } from './read.ts'
import { recordingLines, watchedLines } from './recording.ts'
import { type Route, type Routes, routes } from './routes.ts'
import { queryRoute, recordingRoute, watchRoute } from './streams.ts'
import type { Change } from './schemas/change.ts'
import type { QueryAsk, QueryLine } from './schemas/query.ts'
import type { RecordingLine, Watched } from './schemas/recording.ts'
import { Problem } from './schemas/problem.ts'

/** 256 entries of the longest there can be. */
const LONGEST_FILE = 512 * 1024 * 1024

export type FetchLike = (url: string, init: RequestInit) => Promise<Response>

export interface ClientOptions {
  /** The gateway's URL. Over its admin socket: `http://localhost`, with a `fetch` that dials the socket. */
  readonly url: string
  readonly token?: string | undefined
  readonly fetch?: FetchLike | undefined
}

type Sent = Omit<RequestInit, 'headers'> & { readonly headers?: Readonly<Record<string, string>> }

type Params<R> = R extends { request: { params: infer S extends z.ZodType } } ? z.input<S> : unknown
type Query<R> = R extends { request: { query: infer S extends z.ZodType } } ? z.input<S> : unknown
type Body<R> = R extends { request: { body: { content: { 'application/json': { schema: infer S extends z.ZodType } } } } }
  ? z.input<S> extends Record<string, never>
    ? unknown
    : z.input<S>
  : unknown
type Input<R> = Params<R> & Query<R> & Body<R>
type Output<R> = R extends { responses: { 200: { content: { 'application/json': { schema: infer S extends z.ZodType } } } } } ? z.output<S> : never
type Call<R> =
  unknown extends Input<R>
    ? () => Promise<Output<R>>
    : Partial<Input<R>> extends Input<R>
      ? (input?: Input<R>) => Promise<Output<R>>
      : (input: Input<R>) => Promise<Output<R>>

/**
 * One method a route, named as in `routes`. Path parameters, query and body are one flat object:
 * `client.approve({ id, comment })`. Every answer is parsed by its schema. Everything throws ClientError.
 */
export type Client = { readonly [K in keyof Routes]: Call<Routes[K]> } & {
  /**
   * Changes as they happen, until `signal` aborts (ends quietly) or the gateway ends the stream (its token is revoked, it shuts down). From the moment of
   * `onOpen` on none is missed.
   */
  events(options?: { readonly signal?: AbortSignal; readonly onOpen?: () => void }): AsyncGenerator<Change, void, undefined>
  /** A file of the ledger's tree, by its path in C2SP tlog-tiles: `checkpoint`, `tile/0/x001/234`. */
  ledgerFile(path: string): Promise<Uint8Array>
  /** The recording of a session, line by line. Throws where the stream ends before the recording does. */
  recording(input: { readonly session: string }): AsyncGenerator<RecordingLine, void, undefined>
  /** What a session does, as it does it. Ends after its `end`, quietly when `signal` aborts, and early with the login or the gateway: then watch again. */
  watch(input: { readonly id: string; readonly signal?: AbortSignal }): AsyncGenerator<Watched, void, undefined>
  /** Runs SQL, and says what becomes of it as it does; for a browser whose cookie is a sign-in. Ends quietly when `signal` aborts, which ends the connection too. */
  query(input: z.input<typeof QueryAsk>, signal?: AbortSignal): AsyncGenerator<QueryLine, void, undefined>
}

export function createClient(options: ClientOptions): Client {
  const calls = Object.entries(routes).map(([name, route]) => [name, (input: Readonly<Record<string, unknown>> = {}) => call(options, route, input)] as const)
  return {
    ...Object.fromEntries(calls),
    events: (wish = {}) => events((init) => send(options, '/api/v1/events', init), wish),
    ledgerFile: async (path) => readBytes(await send(options, `/api/v1/ledger/${path}`, { method: 'GET' }), LONGEST_FILE),
    recording: ({ session }) => recordingLines(() => send(options, fill(recordingRoute.path, { session }).path, { method: 'GET' })),
    watch: ({ id, signal }) => watchedLines((init) => send(options, fill(watchRoute.path, { id }).path, init), signal),
    query: (input, signal) => queryLines(() => send(options, queryRoute.path, { ...asJson(queryRoute.method, input), ...(signal ? { signal } : {}) }), signal),
  } as Client
}

const asJson = (method: string, body: unknown): Sent => ({
  method: method.toUpperCase(),
  body: JSON.stringify(body),
  headers: { 'content-type': 'application/json' },
})

async function call(options: ClientOptions, route: Route, input: Readonly<Record<string, unknown>>): Promise<unknown> {
  const { path, rest } = fill(route.path, input)
  const response =
    route.method === 'post' || route.method === 'put'
      ? await send(options, path, asJson(route.method, rest))
      : await send(options, path + query(rest), { method: route.method.toUpperCase() })
  const answer = route.responses[200].content['application/json'].schema.safeParse(await readJson(response))
  if (answer.success) return answer.data
  const [issue] = answer.error.issues
  throw new ClientError(
    'unexpected-answer',
    `the gateway's answer to ${route.path} is not what this version expects (${issue?.path.join('.')}: ${issue?.message}); are both the same version?`,
  )
}

/** Sends with the token; anything but 200 is thrown as what the gateway said. */
async function send({ url, token, fetch = globalThis.fetch }: ClientOptions, path: string, init: Sent): Promise<Response> {
  const headers = {
    ...init.headers,
    accept: 'application/json, text/x-ndjson, text/event-stream',
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  }
  let response: Response
  try {
    // A redirect would carry the token to wherever it points.
    response = await fetch(new URL(path, url).href, { ...init, headers, redirect: 'error' })
  } catch (cause) {
    throw new ClientError('unreachable', `the gateway at ${url} does not answer (${reasonOf(cause)}); is it running?`, { cause })
  }
  if (response.status === 200) return response
  throw await problemOf(response)
}

async function problemOf(response: Response): Promise<ClientError> {
  const problem = Problem.safeParse(await readJson(response))
  if (!problem.success)
    return new ClientError('unexpected-answer', `HTTP ${response.status}, and not in the words of a Countersign gateway; is the address right?`)
  return new ClientError('refused', problem.data.message, { problem: problem.data, status: response.status })
}

async function readJson(response: Response): Promise<unknown> {
  const text = await readText(response)
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new ClientError('unexpected-answer', `HTTP ${response.status} with a body that is not JSON; is the address that of a Countersign gateway?`, { cause })
  }
}

/** Puts the parameters that `path` names into it; `rest` is what is left for query or body. */
function fill(path: string, input: Readonly<Record<string, unknown>>): { readonly path: string; readonly rest: Readonly<Record<string, unknown>> } {
  const rest = { ...input }
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = rest[name]
    delete rest[name]
    if (typeof value !== 'string' || value === '') throw new ClientError('usage', `${name} is missing`)
    return encodeURIComponent(value)
  })
  return { path: filled, rest }
}

function query(values: Readonly<Record<string, unknown>>): string {
  const said = Object.entries(values).filter(([, value]) => value !== undefined && value !== null)
  return said.length === 0 ? '' : `?${new URLSearchParams(said.map(([name, value]) => [name, String(value)])).toString()}`
}

/** `fetch` hides the system's own words in `cause`. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  return cause instanceof Error ? cause.message || cause.name : String(cause)
}
