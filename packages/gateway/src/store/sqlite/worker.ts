import type { SQLInputValue, SQLOutputValue } from 'node:sqlite'
import { parentPort, workerData } from 'node:worker_threads'
import { connect } from './file.ts'

/** Asked of the worker: one statement. */
export interface Question {
  readonly id: number
  readonly sql: string
  readonly parameters: readonly SQLInputValue[]
}

/** `error` is SQLite's message. */
export type Answer = { readonly id: number } & (
  | { readonly rows: readonly Readonly<Record<string, SQLOutputValue>>[]; readonly changes: number | bigint }
  | { readonly error: string }
)

const database = connect(String(workerData))

parentPort?.on('message', (question: Question) => parentPort?.postMessage(answer(question)))

function answer({ id, sql, parameters }: Question): Answer {
  try {
    // SQLite rolls back by itself after some errors (a full disk), and then has nothing to roll back.
    if (sql === 'rollback' && !database.isTransaction) return { id, rows: [], changes: 0 }
    const statement = database.prepare(sql)
    if (statement.columns().length > 0) return { id, rows: statement.all(...parameters), changes: 0 }
    return { id, rows: [], changes: statement.run(...parameters).changes }
  } catch (error) {
    return { id, error: error instanceof Error ? error.message : String(error) }
  }
}
