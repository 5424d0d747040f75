import { type Dialect, type Driver, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler } from 'kysely'
import { SqliteConnection } from './connection.ts'

/** SQLite in a worker thread. */
export function sqliteDialect(file: string): Dialect {
  return {
    createAdapter: () => new TransactionalAdapter(),
    createDriver: () => new SqliteDriver(file),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  }
}

/** Kysely's own runs migrations outside transactions; in one they are all or nothing, and its write lock is the migration lock. */
class TransactionalAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true
  }
}

/** One connection, one holder at a time, in the order of asking. */
class SqliteDriver implements Driver {
  readonly #file: string
  #connection: SqliteConnection | null = null
  #free: Promise<void> = Promise.resolve()
  #release: () => void = () => undefined

  constructor(file: string) {
    this.#file = file
  }

  async init(): Promise<void> {
    this.#connection = new SqliteConnection(this.#file)
  }

  async acquireConnection(): Promise<SqliteConnection> {
    const mine = Promise.withResolvers<void>()
    const before = this.#free
    this.#free = mine.promise
    await before
    this.#release = mine.resolve
    return this.#opened()
  }

  async beginTransaction(connection: SqliteConnection): Promise<void> {
    connection.begin()
  }

  async commitTransaction(connection: SqliteConnection): Promise<void> {
    await connection.end('commit')
  }

  async rollbackTransaction(connection: SqliteConnection): Promise<void> {
    await connection.end('rollback')
  }

  async releaseConnection(): Promise<void> {
    this.#release()
  }

  async destroy(): Promise<void> {
    await this.#connection?.close()
  }

  #opened(): SqliteConnection {
    if (!this.#connection) throw new Error('the driver is used before init')
    return this.#connection
  }
}
