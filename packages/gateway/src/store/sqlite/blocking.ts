import type { CompiledQuery, DatabaseConnection, QueryResult } from 'kysely'
import type { DatabaseSync, SQLInputValue } from 'node:sqlite'
import { StoreUnavailable } from '../store.ts'
import { connect } from './file.ts'
import { Statements } from './statements.ts'

/** A connection in the thread that asks, for one that has nothing else to do and may be blocked. */
export class BlockingConnection implements DatabaseConnection {
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

  /** A transaction begins with the next statement. */
  begin(): void {
    this.#begins = true
  }

  /** Ends it; SQLite is not asked where it had no statement. */
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

function toInput(value: unknown): SQLInputValue {
  if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint') return value
  throw new TypeError(`SQLite takes no ${typeof value}`)
}
