import type { SQLInputValue, SQLOutputValue, StatementSync } from 'node:sqlite'
import { parentPort, workerData } from 'node:worker_threads'
import { connect } from './file.ts'

/** Asked of the worker: one statement. */
export interface Question {
  readonly id: number
  readonly sql: string
  readonly parameters: readonly SQLInputValue[]
  /** It is the first of a transaction. IMMEDIATE takes the write lock now: one that reads first could not get it later (SQLITE_BUSY_SNAPSHOT). */
  readonly begins: boolean
}

/** `error` is SQLite's message. */
export type Answer = { readonly id: number } & (
  | { readonly rows: readonly Readonly<Record<string, SQLOutputValue>>[]; readonly changes: number | bigint }
  | { readonly error: string }
)

/** There are some dozens; lists of different lengths make more. */
const MAX_PREPARED = 200

const database = connect(String(workerData))
const prepared = new Map<string, { readonly statement: StatementSync; readonly returns: boolean }>()

parentPort?.on('message', (question: Question) => parentPort?.postMessage(answer(question)))

function answer({ id, sql, parameters, begins }: Question): Answer {
  try {
    // SQLite rolls back by itself after some errors (a full disk), and then has nothing to roll back.
    if (sql === 'rollback' && !database.isTransaction) return { id, rows: [], changes: 0 }
    if (begins) database.exec('begin immediate')
    const { statement, returns } = prepare(sql)
    if (returns) return { id, rows: statement.all(...parameters), changes: 0 }
    return { id, rows: [], changes: statement.run(...parameters).changes }
  } catch (error) {
    return { id, error: error instanceof Error ? error.message : String(error) }
  }
}

function prepare(sql: string) {
  const known = prepared.get(sql)
  if (known) return known
  const statement = database.prepare(sql)
  const made = { statement, returns: statement.columns().length > 0 }
  if (prepared.size >= MAX_PREPARED) prepared.clear()
  prepared.set(sql, made)
  return made
}
