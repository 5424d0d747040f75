import { type Dialect, type Driver, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler } from 'kysely'
import { BlockingConnection } from './blocking.ts'

/** SQLite, in the thread that asks. */
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
  #connection: BlockingConnection | null = null
  #free: Promise<void> = Promise.resolve()
  #release: () => void = () => undefined

  constructor(file: string) {
    this.#file = file
  }

  async init(): Promise<void> {
    this.#connection = new BlockingConnection(this.#file)
  }

  async acquireConnection(): Promise<BlockingConnection> {
    const mine = Promise.withResolvers<void>()
    const before = this.#free
    this.#free = mine.promise
    await before
    this.#release = mine.resolve
    return this.#opened()
  }

  async beginTransaction(connection: BlockingConnection): Promise<void> {
    connection.begin()
  }

  async commitTransaction(connection: BlockingConnection): Promise<void> {
    await connection.end('commit')
  }

  async rollbackTransaction(connection: BlockingConnection): Promise<void> {
    await connection.end('rollback')
  }

  async releaseConnection(): Promise<void> {
    this.#release()
  }

  async destroy(): Promise<void> {
    await this.#connection?.close()
  }

  #opened(): BlockingConnection {
    if (!this.#connection) throw new Error('the driver is used before init')
    return this.#connection
  }
}
