import { randomUUID } from 'node:crypto'
import type { SessionState } from '@countersign/core/action'
import { decodeDataRow } from '@countersign/wire/postgres/backend-message'
import { bind, close, execute, parse } from '@countersign/wire/postgres/encode'
import { ProtocolError } from '@countersign/wire/postgres/error'
import { shownText } from '@countersign/wire/postgres/text'
import type { Expected } from './replies.ts'

/** Our own statement on the session's connection: a name that no client can have taken, closed as soon as it has answered. */
const NAME = `countersign_${randomUUID()}`

const TIMEOUT = (name: string) => `(SELECT setting FROM pg_catalog.pg_settings WHERE name OPERATOR(pg_catalog.=) '${name}')`

const SETTING = (name: string) => `pg_catalog.current_setting('${name}')`

const QUERY = `SELECT current_user::pg_catalog.text, ${SETTING('search_path')}, ${SETTING('standard_conforming_strings')}, ${SETTING('client_encoding')}, ${TIMEOUT('idle_in_transaction_session_timeout')}, ${TIMEOUT('idle_session_timeout')}`

/** What a session's own connection says of itself. Timeouts are milliseconds, 0 for none. */
export interface Snapshot {
  readonly role: string
  readonly searchPath: string
  readonly standardConformingStrings: string
  readonly clientEncoding: string
  readonly idleInTransactionMs: number
  readonly idleMs: number
}

/** The messages that ask for a snapshot, and the answers that they will get; a Flush or a Sync must follow. */
export function askSnapshot(done: (snapshot: Snapshot) => void): { readonly messages: readonly Uint8Array[]; readonly expected: readonly Expected[] } {
  const rows: Uint8Array[] = []
  return {
    messages: [
      parse(NAME, QUERY),
      bind({ portal: NAME, statement: NAME, formats: [], values: [], resultFormats: [] }),
      execute(NAME),
      close('P', NAME),
      close('S', NAME),
    ],
    expected: [
      { kind: 'parse', hidden: true },
      { kind: 'bind', hidden: true },
      { kind: 'execute', hidden: true, capture: (bytes) => void rows.push(bytes) },
      { kind: 'close', hidden: true, onAnswer: () => done(decodeSnapshot(Buffer.concat(rows))) },
      { kind: 'close', hidden: true },
    ],
  }
}

function decodeSnapshot(row: Uint8Array): Snapshot {
  const [role, searchPath, standardConformingStrings = '', clientEncoding = '', idleInTransaction, idle] = decodeDataRow(row.subarray(5)).map((value) =>
    value === null ? '' : shownText(value),
  )
  if (!role || searchPath === undefined) throw new ProtocolError('malformed', 'the server did not say who and where the session is')
  return { role, searchPath, standardConformingStrings, clientEncoding, idleInTransactionMs: milliseconds(idleInTransaction), idleMs: milliseconds(idle) }
}

/** `pg_settings.setting` is in the setting's base unit, which is milliseconds for both. */
const milliseconds = (text: string | undefined) => (text && /^\d+$/.test(text) ? Number(text) : 0)

export function sessionState(database: string, { role, searchPath, standardConformingStrings, clientEncoding }: Snapshot): SessionState {
  return { database, role, searchPath, standardConformingStrings, clientEncoding }
}

/** How long before the server's own timeout a hold ends. */
const MARGIN_MS = 1_000

/** Milliseconds that a hold may last, null for ever: `inTransactionMs` inside a transaction, and less than the server's own timeouts wherever it has any. */
export function holdLimit({ idleInTransactionMs, idleMs }: Snapshot, inTransaction: boolean, inTransactionMs: number): number | null {
  const server = inTransaction ? idleInTransactionMs : idleMs
  const limits = [...(inTransaction ? [inTransactionMs] : []), ...(server > 0 ? [Math.max(server - MARGIN_MS, server / 2)] : [])]
  return limits.length > 0 ? Math.min(...limits) : null
}
