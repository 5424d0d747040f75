import type { TLSSocket } from 'node:tls'
import type { QueryAsk, QueryLine } from '@countersign/contract/schemas/query'
import { Backend, type Piece } from '@countersign/wire/postgres/backend'
import { decodeCommandComplete, decodeFields, decodeRowDescription } from '@countersign/wire/postgres/backend-message'
import { copyFail, query, startup, terminate } from '@countersign/wire/postgres/encode'
import pg from 'pg'
import { piecesOf, TokenLogin } from './connection.ts'
import { RowReader } from './rows.ts'

const DEFAULT_ROWS = 1_000
const MAX_BYTES = 8 * 1024 * 1024
/** Of what a server says beside: a loop can say as much as it likes. What is about a request is always told. */
const MAX_NOTICES = 1_000

const TYPES = new Map(Object.entries(pg.types.builtins).map(([name, oid]): [number, string] => [oid, name.toLowerCase()]))

export interface Login {
  readonly user: string
  readonly secret: string
}

/** The first message of the connection, as that of any client. Throws ProtocolError for what cannot be said in it. */
export function opening({ resource, database, reason, ticket }: QueryAsk, user: string): Uint8Array {
  return startup(0, [
    ['user', user],
    ['database', database === undefined ? resource : `${resource}/${database}`],
    ['client_encoding', 'UTF8'],
    ...(reason === undefined ? [] : [['countersign.reason', reason] as const]),
    ...(ticket === undefined ? [] : [['countersign.ticket', ticket] as const]),
  ])
}

/** Logs in, runs the text once, and tells what becomes of it. Read as fast as it is asked for. Throws where the connection ends before the answer does. */
export async function* run(socket: TLSSocket, ask: QueryAsk, { user, secret }: Login): AsyncGenerator<QueryLine, void, undefined> {
  const login = new TokenLogin(socket, secret)
  const telling = new Telling(ask)
  let isAsked = false
  try {
    socket.write(opening(ask, user))
    for await (const piece of piecesOf(socket)) {
      if (piece.code === Backend.authentication) await login.answer(piece)
      else if (piece.code === Backend.copyInResponse) socket.write(copyFail('the query page has no data to send'))
      else if (piece.code === Backend.readyForQuery) {
        if (isAsked) return
        isAsked = true
        telling.begin()
        socket.write(query(ask.sql))
      } else {
        const line = telling.line(piece)
        if (line) yield line
        if (telling.isOver) return
      }
    }
    throw new Error('the connection ended before the answer did')
  } finally {
    socket.end(terminate())
    socket.destroySoon()
  }
}

/** Messages of a server as lines for who asked. */
class Telling {
  readonly #rows: RowReader
  #statement = 0
  #since = performance.now()
  #notices = 0
  #isOver = false

  constructor({ maxRows = DEFAULT_ROWS }: QueryAsk) {
    this.#rows = new RowReader(maxRows, MAX_BYTES)
  }

  /** True when the server says nothing more. */
  get isOver(): boolean {
    return this.#isOver
  }

  begin(): void {
    this.#since = performance.now()
  }

  line(piece: Piece): QueryLine | null {
    if (piece.body === null) return this.#values(piece.bytes)
    switch (piece.code) {
      case Backend.rowDescription:
        return this.#columns(decodeRowDescription(piece.body).map(({ name, typeOid }) => ({ name, type: TYPES.get(typeOid) ?? String(typeOid) })))
      case Backend.copyOutResponse:
        return this.#columns([{ name: 'COPY', type: 'text' }])
      case Backend.commandComplete:
        return this.#done(decodeCommandComplete(piece.body))
      case Backend.emptyQueryResponse:
        return this.#done({ tag: '', rows: 0 })
      case Backend.noticeResponse:
        return this.#notice(piece.body)
      case Backend.errorResponse:
        return this.#failed(piece.body)
      default:
        return null
    }
  }

  #columns(columns: readonly { readonly name: string; readonly type: string }[]): QueryLine {
    return { kind: 'columns', statement: this.#statement, columns: [...columns] }
  }

  #values(bytes: Uint8Array): QueryLine | null {
    const rows = this.#rows.push(bytes)
    return rows.length === 0 ? null : { kind: 'rows', statement: this.#statement, rows: rows.map((row) => [...row]) }
  }

  #done({ tag, rows }: { readonly tag: string; readonly rows: number | null }): QueryLine {
    const now = performance.now()
    const line = { kind: 'done', statement: this.#statement, tag, rows: rows ?? this.#rows.rows, more: this.#rows.more, ms: now - this.#since } as const
    this.#statement++
    this.#since = now
    this.#rows.next()
    return line
  }

  #notice(body: Uint8Array): QueryLine | null {
    const said = messageOf(body)
    if (said.request === null && ++this.#notices > MAX_NOTICES) return null
    const { severity, code, message, detail, hint, request } = said
    return { kind: 'notice', severity, code, message, detail, hint, request }
  }

  #failed(body: Uint8Array): QueryLine {
    const { severity, code, message, detail, hint, position, request } = messageOf(body)
    this.#isOver = severity !== 'ERROR'
    return { kind: 'failed', code, message, detail, hint, position, request }
  }
}

/** The gateway's own words for a request begin so. A server can say them too, and would lead to a request that is this person's own or not there for him. */
const REQUEST = /^(?:(?:still )?held )?(req-\w+)\b/

function messageOf(body: Uint8Array) {
  const fields = decodeFields(body)
  const message = fields.get('M') ?? ''
  const position = fields.get('P')
  return {
    severity: fields.get('V') ?? fields.get('S') ?? 'ERROR',
    code: fields.get('C') ?? '',
    message,
    detail: fields.get('D') ?? null,
    hint: fields.get('H') ?? null,
    position: position === undefined ? null : Number(position),
    request: REQUEST.exec(message)?.[1] ?? null,
  }
}
