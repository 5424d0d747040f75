import type { CompiledQuery, DatabaseConnection, QueryResult } from 'kysely'
import type { DatabaseSync } from 'node:sqlite'
import { StoreUnavailable } from '../store.ts'
import { toInput, type TransactionalConnection } from './connection.ts'
import { connect } from './file.ts'
import { Statements } from './statements.ts'

/** A connection in the thread that asks, for one that has nothing else to do and may be blocked: what it reads is not copied. */
export class BlockingConnection implements TransactionalConnection, DatabaseConnection {
  readonly #database: DatabaseSync
  readonly #statements: Statements
  #begins = false

  /** The process has the file open already, its tables made. */
  constructor(file: string) {
    this.#database = connect(file)
    this.#statements = new Statements(this.#database)
  }

  async executeQuery<R>({ sql, parameters }: Pick<CompiledQuery, 'sql' | 'parameters'>): Promise<QueryResult<R>> {
    const begins = this.#begins
    this.#begins = false
    const { rows, changes } = this.#statements.run({ sql, parameters: parameters.map(toInput), begins })
    return { rows: rows as R[], numAffectedRows: BigInt(changes) }
  }

  begin(): void {
    this.#begins = true
  }

  async end(how: 'commit' | 'rollback'): Promise<void> {
    if (!this.#begins) await this.executeQuery({ sql: how, parameters: [] })
    this.#begins = false
  }

  /** Nothing here streams, and the interface wants a way to say so. */
  streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new StoreUnavailable('the embedded store does not stream')
  }

  async close(): Promise<void> {
    this.#database.close()
  }
}
