import { z } from 'zod'
import { body, byId, refusals } from './answers.ts'
import { Change } from './schemas/change.ts'
import { QueryAsk, QueryLine } from './schemas/query.ts'
import { bySession, RecordingLine, Watched } from './schemas/recording.ts'

// What is answered with a stream or with bytes, and not with one JSON value.

/** Server-sent events (WHATWG HTML, section 9.2); the data of each is one `Change`. Comments keep the stream alive. It ends with the token. */
export const eventsRoute = {
  method: 'get',
  path: '/api/v1/events',
  summary: 'Changes of requests, grants, sessions and, for admins and auditors, people, as they happen',
  responses: { 200: { description: 'Each event is named by its `kind`', content: { 'text/event-stream': { schema: Change } } }, ...refusals },
} as const

const bytes = (type: string, description: string) => ({
  200: { description, content: { [type]: { schema: z.string().meta({ format: 'binary' }) } } },
  ...refusals,
})

/** The tree as files, C2SP tlog-tiles: what a client of such logs reads, under the prefix /api/v1/ledger. */
export const ledgerFileRoutes = {
  checkpoint: {
    method: 'get',
    path: '/api/v1/ledger/checkpoint',
    summary: 'The last signed checkpoint of the tree, with its cosignatures',
    responses: bytes('text/plain', 'A signed note'),
  },
  signedHeads: {
    method: 'get',
    path: '/api/v1/ledger/signed-heads',
    summary: "What each gateway's key says of its chain, as far as the checkpoint covers it, one JSON object a line; admins and auditors only",
    responses: bytes('application/jsonl', 'The last signed head of each chain'),
  },
  tile: {
    method: 'get',
    path: '/api/v1/ledger/tile/{path}',
    summary: 'A tile of hashes (`0/x001/234`), or a bundle of entries (`entries/x001/234`, `lines/…`), whole or as `.p/WIDTH`; admins and auditors only',
    request: { params: z.object({ path: z.string() }) },
    responses: bytes('application/octet-stream', 'It never changes'),
  },
} as const

/** JSON lines (RFC 8259, one a line). A stream that ends without an `end` was cut off, because the file is not what was recorded. */
export const recordingRoute = {
  method: 'get',
  path: '/api/v1/recordings/{session}',
  summary: 'The recording of a session; reading it is an entry in the ledger',
  request: { params: bySession },
  responses: { 200: { description: 'From `begin` to `end`', content: { 'text/x-ndjson': { schema: RecordingLine } } }, ...refusals },
} as const

/** Server-sent events; the data of each is one `Watched`. Comments keep the stream alive. It ends with the session, after the line `end`, or with the login. */
export const watchRoute = {
  method: 'get',
  path: '/api/v1/sessions/{id}/watch',
  summary: 'What a session does, as it does it: the last of what it did, then what it does; watching is an entry in the ledger',
  request: { params: byId },
  responses: { 200: { description: 'Lines of its recording, before it is one', content: { 'text/event-stream': { schema: Watched } } }, ...refusals },
} as const

/** JSON lines (RFC 8259, one a line), as they come. Ending the call ends the connection that it runs on: what is held then stays to be reviewed. */
export const queryRoute = {
  method: 'post',
  path: '/api/v1/query',
  summary:
    'Runs SQL as who is signed in, over the gateway’s own listener: the rules, holds and records are those of any client. With the cookie of a sign-in only',
  request: { body: body(QueryAsk) },
  responses: { 200: { description: 'What became of it, until `end`', content: { 'text/x-ndjson': { schema: QueryLine } } }, ...refusals },
} as const
