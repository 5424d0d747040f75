import { type Dialect, type Driver, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler } from 'kysely'
import { SqliteConnection, type TransactionalConnection } from './connection.ts'

type Connect = (file: string) => TransactionalConnection

const inThread: Connect = (file) => new SqliteConnection(file)

/** SQLite, in a worker thread unless `connect` says otherwise. */
export function sqliteDialect(file: string, connect = inThread): Dialect {
  return {
    createAdapter: () => new TransactionalAdapter(),
    createDriver: () => new SqliteDriver(() => connect(file)),
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
  readonly #connect: () => TransactionalConnection
  #connection: TransactionalConnection | null = null
  #free: Promise<void> = Promise.resolve()
  #release: () => void = () => undefined

  constructor(connect: () => TransactionalConnection) {
    this.#connect = connect
  }

  async init(): Promise<void> {
    this.#connection = this.#connect()
  }

  async acquireConnection(): Promise<TransactionalConnection> {
    const mine = Promise.withResolvers<void>()
    const before = this.#free
    this.#free = mine.promise
    await before
    this.#release = mine.resolve
    return this.#opened()
  }

  async beginTransaction(connection: TransactionalConnection): Promise<void> {
    connection.begin()
  }

  async commitTransaction(connection: TransactionalConnection): Promise<void> {
    await connection.end('commit')
  }

  async rollbackTransaction(connection: TransactionalConnection): Promise<void> {
    await connection.end('rollback')
  }

  async releaseConnection(): Promise<void> {
    this.#release()
  }

  async destroy(): Promise<void> {
    await this.#connection?.close()
  }

  #opened(): TransactionalConnection {
    if (!this.#connection) throw new Error('the driver is used before init')
    return this.#connection
  }
}
