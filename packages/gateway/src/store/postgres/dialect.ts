import { type Dialect, type Driver, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler } from 'kysely'
import { Client, type ClientConfig, Pool } from 'pg'
import { PostgresConnection } from './connection.ts'

/** PostgreSQL through a pool. Kysely's own driver would put a connection back whose query timed out. */
export function postgresDialect(config: ClientConfig): Dialect {
  return {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new PostgresDriver(config),
    createIntrospector: (db) => new PostgresIntrospector(db),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  }
}

class PostgresDriver implements Driver {
  readonly #pool: Pool

  constructor(config: ClientConfig) {
    // The pool itself has no timeout: it would apply it to waiting for a free connection, too, and a queue is not silence.
    this.#pool = new Pool({
      Client: class extends Client {
        constructor() {
          super(config)
        }
      },
    })
    // A lost connection shows in the query that needed it; without these listeners Node would end the process.
    this.#pool.on('error', () => undefined)
    this.#pool.on('connect', (client) => client.on('error', () => undefined))
  }

  init(): Promise<void> {
    return Promise.resolve()
  }

  async acquireConnection(): Promise<PostgresConnection> {
    return new PostgresConnection(await this.#pool.connect())
  }

  async beginTransaction(connection: PostgresConnection): Promise<void> {
    await connection.executeQuery({ sql: 'begin', parameters: [] })
  }

  async commitTransaction(connection: PostgresConnection): Promise<void> {
    await connection.executeQuery({ sql: 'commit', parameters: [] })
  }

  async rollbackTransaction(connection: PostgresConnection): Promise<void> {
    await connection.executeQuery({ sql: 'rollback', parameters: [] })
  }

  releaseConnection(connection: PostgresConnection): Promise<void> {
    connection.release()
    return Promise.resolve()
  }

  destroy(): Promise<void> {
    return this.#pool.end()
  }
}
