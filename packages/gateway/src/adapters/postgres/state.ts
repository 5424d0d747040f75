import { randomUUID } from 'node:crypto'
import type { Parameter, SessionState } from '@countersign/core/action'
import { decodeDataRow } from '@countersign/wire/postgres/backend-message'
import { bind, close, execute, parse } from '@countersign/wire/postgres/encode'
import { ProtocolError } from '@countersign/wire/postgres/error'
import { shownText } from '@countersign/wire/postgres/text'
import type { Target } from '../adapter.ts'
import type { Expected } from './expected.ts'

/**
 * Our own statement on the session's connection: a name that no client can have taken, closed as soon as it has answered. When it fails or is cancelled half-way, the
 * server skips that, so the next closes it first; a Close of what is not there is no error.
 */
const NAME = `countersign_${randomUUID()}`

const TIMEOUT = (name: string) => `(SELECT setting FROM pg_catalog.pg_settings WHERE name OPERATOR(pg_catalog.=) '${name}')`

const SETTING = (name: string) => `pg_catalog.current_setting('${name}')`

const ELAPSED = `(pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-) pg_catalog.transaction_timestamp()) OPERATOR(pg_catalog.*) 1000)::pg_catalog.int8`

/** What a client sets as it likes, and what says which day '01/02/2026' is, which moment a time of day, and which interval '-1 2:00'. */
const LITERALS = `pg_catalog.concat_ws('; ', ${['DateStyle', 'TimeZone', 'IntervalStyle'].map(SETTING).join(', ')})`

/** The last are the schemas as the server finds them, JSON, its process, how long its transaction may take and has taken, and how it reads literals. */
const QUERY = `SELECT current_user::pg_catalog.text, ${SETTING('search_path')}, ${SETTING('standard_conforming_strings')}, ${SETTING('client_encoding')}, ${TIMEOUT('idle_in_transaction_session_timeout')}, ${TIMEOUT('idle_session_timeout')}, pg_catalog.to_json(pg_catalog.current_schemas(true)), pg_catalog.pg_backend_pid(), ${TIMEOUT('transaction_timeout')}, ${ELAPSED}, ${LITERALS}`

/** What a session's own connection says of itself. Timeouts are milliseconds, 0 for none. */
export interface Snapshot {
  readonly role: string
  readonly searchPath: string
  /** Where names are looked up, in this order: what there is of searchPath, with pg_catalog and the session's own pg_temp in their places. */
  readonly schemas: readonly string[]
  readonly standardConformingStrings: string
  readonly clientEncoding: string
  readonly idleInTransactionMs: number
  readonly idleMs: number
  /** Of a whole transaction, from 17 on. */
  readonly transactionMs: number
  /** Since the transaction began in which it was asked. */
  readonly elapsedMs: number
  /** How it reads dates, times and intervals: the same text is the same only where this is. */
  readonly literals: string
  /** The session's own process on the target, also where something that pools connections is between. */
  readonly processId: number
}

/** The messages that ask for a snapshot, and the answers that they will get; a Flush or a Sync must follow. */
export function askSnapshot(done: (snapshot: Snapshot) => void): Question {
  return ask(QUERY, [], (rows) => done(decodeSnapshot(rows)))
}

export interface Question {
  readonly messages: readonly Uint8Array[]
  readonly expected: readonly Expected[]
}

/** One statement of ours on the session's connection. `done` gets its rows, as whole messages, when the server has answered it. */
export function ask(text: string, parameters: readonly Parameter[], done: (rows: Uint8Array) => void): Question {
  const rows: Uint8Array[] = []
  const values = parameters.map(({ value }) => (value === null ? null : Buffer.from(value)))
  return {
    messages: [
      close('S', NAME),
      parse(NAME, text),
      bind({ portal: NAME, statement: NAME, formats: [], values, resultFormats: [] }),
      execute(NAME),
      close('P', NAME),
      close('S', NAME),
    ],
    expected: [
      { kind: 'close', hidden: true },
      { kind: 'parse', hidden: true },
      { kind: 'bind', hidden: true },
      { kind: 'execute', hidden: true, capture: (bytes) => void rows.push(Uint8Array.from(bytes)) },
      { kind: 'close', hidden: true, onAnswer: () => done(Buffer.concat(rows)) },
      { kind: 'close', hidden: true },
    ],
  }
}

function decodeSnapshot(row: Uint8Array): Snapshot {
  const values = decodeDataRow(row.subarray(5)).map((value) => (value === null ? '' : shownText(value)))
  const [
    role,
    searchPath,
    standardConformingStrings = '',
    clientEncoding = '',
    idleInTransaction,
    idle,
    schemas = '',
    processId,
    transaction,
    elapsed,
    literals = '',
  ] = values
  if (!role || searchPath === undefined) throw new ProtocolError('malformed', 'the server did not say who and where the session is')
  const timeouts = {
    idleInTransactionMs: milliseconds(idleInTransaction),
    idleMs: milliseconds(idle),
    transactionMs: milliseconds(transaction),
    elapsedMs: milliseconds(elapsed),
  }
  return { role, searchPath, schemas: namesIn(schemas), standardConformingStrings, clientEncoding, processId: Number(processId), literals, ...timeouts }
}

function namesIn(json: string): readonly string[] {
  const names: unknown = JSON.parse(json)
  if (!Array.isArray(names) || names.length === 0) throw new ProtocolError('malformed', 'the server did not say where it looks names up')
  return names.map(String)
}

/** `pg_settings.setting` is in the setting's base unit, which is milliseconds for both. */
const milliseconds = (text: string | undefined) => (text && /^\d+$/.test(text) ? Number(text) : 0)

/** What stands for the session's own account, which is another in each session: what was approved in one must be found in the next. No role can have a name as long. */
export const OWN_ACCOUNT = "an account of the session's own, which has rights only while they are needed"

/** What a statement means there. `account` is the session's own on the target, or null. */
export function sessionState({ database }: Pick<Target, 'database'>, account: string | null, snapshot: Snapshot): SessionState {
  const { role, searchPath, standardConformingStrings, clientEncoding } = snapshot
  return { database, role: role === account ? OWN_ACCOUNT : role, searchPath, standardConformingStrings, clientEncoding }
}

/** How long before the server's own timeout a hold ends. */
const MARGIN_MS = 1_000

/** Milliseconds that a hold may last, null for ever: `inTransactionMs` inside a transaction, and less than the server's own timeouts wherever it has any. */
export function holdLimit(snapshot: Snapshot, inTransaction: boolean, inTransactionMs: number): number | null {
  const { idleInTransactionMs, idleMs, transactionMs, elapsedMs } = snapshot
  const server = inTransaction ? [before(idleInTransactionMs), before(transactionMs, elapsedMs)] : [before(idleMs)]
  const limit = Math.min(...server, inTransaction ? inTransactionMs : Infinity)
  return limit === Infinity ? null : limit
}

/** What is left of one of the server's timeouts, 0 for none, with room for the answer. */
function before(timeoutMs: number, elapsedMs = 0): number {
  const left = Math.max(0, timeoutMs - elapsedMs)
  return timeoutMs === 0 ? Infinity : Math.max(left - MARGIN_MS, left / 2)
}
