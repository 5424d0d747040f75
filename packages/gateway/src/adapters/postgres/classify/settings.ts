import { constant, list, text, tree, type Tree, unwrap } from './tree.ts'

/** One SET or RESET. `name` is lower case; `value` is null for RESET, DEFAULT and what is no plain constant. */
export interface Setting {
  readonly name: string
  readonly value: string | null
  /** SET LOCAL: until the transaction ends. */
  readonly local: boolean
}

/**
 * Settings that a session may change by itself: how values are shown, how long it waits, what its transactions promise, and what
 * psql, JDBC, DBeaver, pgAdmin, node-postgres, psycopg and pg_dump set at start. None of them decides whose rights hold, which
 * object a name means, or where a literal ends; which day one is, an approval is bound to (`Snapshot.literals`).
 */
export const SESSION_SETTINGS: ReadonlySet<string> = new Set([
  'application_name',
  'bytea_output',
  'client_min_messages',
  'countersign.reason',
  'countersign.ticket',
  'datestyle',
  'default_transaction_deferrable',
  'default_transaction_isolation',
  'default_transaction_read_only',
  'extra_float_digits',
  'idle_in_transaction_session_timeout',
  'idle_session_timeout',
  'intervalstyle',
  'jit',
  'lock_timeout',
  'plan_cache_mode',
  'statement_timeout',
  'synchronize_seqscans',
  'timezone',
  'transaction_deferrable',
  'transaction_isolation',
  'transaction_read_only',
  'transaction_timeout',
  'xmloption',
])

/** Settings that only one value of is harmless: with any other the server reads another text than the parser does. */
const ONLY: Readonly<Record<string, (value: string) => boolean>> = {
  client_encoding: (value) => ['utf8', 'unicode'].includes(value.toLowerCase().replace(/[^a-z0-9]/g, '')),
  standard_conforming_strings: (value) => ['on', 'true', 'yes', '1'].includes(value.toLowerCase()),
}

/** True when this SET or RESET (value null) comes with `connect`; anything else is `sql:admin`. */
export function isSessionSetting(name: string, value: string | null): boolean {
  const only = Object.hasOwn(ONLY, name) ? ONLY[name] : undefined
  return only ? value !== null && only(value) : SESSION_SETTINGS.has(name)
}

/** The setting of a VariableSetStmt; null for SET TRANSACTION, SET SESSION CHARACTERISTICS and RESET ALL, which name none. */
export function settingOf(node: Tree): Setting | null {
  const name = text(node.name)
  if (name === null || node.kind === 'VAR_SET_MULTI') return null
  return { name: name.toLowerCase(), value: node.kind === 'VAR_SET_VALUE' ? valueOf(list(node.args)) : null, local: node.is_local === true }
}

/** SET TRANSACTION and SET SESSION CHARACTERISTICS AS TRANSACTION promise something about transactions and nothing else. */
export function isSessionSet(node: Tree): boolean {
  if (node.kind === 'VAR_SET_MULTI') return true
  const setting = settingOf(node)
  return setting !== null && isSessionSetting(setting.name, setting.value)
}

/** A list is joined as the server joins it. `INTERVAL '…'` of SET TIME ZONE is the one value that is a cast. */
function valueOf(args: readonly unknown[]): string | null {
  const values = args.map((arg) => constant(arg) ?? constant(tree(unwrap(arg)?.node).arg))
  return values.includes(null) ? null : values.join(', ')
}
