import type { CompiledQuery, DatabaseConnection, QueryResult } from 'kysely'
import { DatabaseError, type PoolClient } from 'pg'
import { StoreUnavailable } from '../store.ts'

/** One connection on loan from the pool. After anything but the server's own answer it is not used again, and not pooled again. */
export class PostgresConnection implements DatabaseConnection {
  readonly #client: PoolClient
  #broken: Error | null = null

  constructor(client: PoolClient) {
    this.#client = client
  }

  async executeQuery<R>({ sql, parameters }: Pick<CompiledQuery, 'sql' | 'parameters'>): Promise<QueryResult<R>> {
    if (this.#broken) throw this.#broken
    try {
      const { rows, rowCount } = await this.#client.query(sql, [...parameters])
      return { rows: rows as R[], numAffectedRows: BigInt(rowCount ?? 0) }
    } catch (error) {
      if (!isAnswer(error)) this.#broken = new StoreUnavailable('the connection to PostgreSQL was lost', { cause: error })
      throw error
    }
  }

  /** Nothing here streams, and the interface wants a way to say so. */
  streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new StoreUnavailable('the store does not stream')
  }

  /** A broken connection is closed at once: a query that timed out may still be running on it. */
  release(): void {
    this.#client.release(this.#broken ?? undefined)
  }
}

/** FATAL is the server's answer, too, but it hangs up with it. */
function isAnswer(error: unknown): boolean {
  return error instanceof DatabaseError && error.severity === 'ERROR'
}
