import type { DatabaseSync, SQLInputValue, SQLOutputValue, StatementSync } from 'node:sqlite'

/** One statement. */
export interface Asked {
  readonly sql: string
  readonly parameters: readonly SQLInputValue[]
  /** It is the first of a transaction. IMMEDIATE takes the write lock now: one that reads first could not get it later (SQLITE_BUSY_SNAPSHOT). */
  readonly begins: boolean
}

export interface Answered {
  readonly rows: readonly Readonly<Record<string, SQLOutputValue>>[]
  readonly changes: number | bigint
}

/** There are some dozens; lists of different lengths make more. */
const MAX_PREPARED = 200

/** Runs statements on a connection, in the thread that calls it, and keeps them prepared. */
export class Statements {
  readonly #database: DatabaseSync
  readonly #prepared = new Map<string, { readonly statement: StatementSync; readonly returns: boolean }>()

  constructor(database: DatabaseSync) {
    this.#database = database
  }

  /** Throws as SQLite does. */
  run({ sql, parameters, begins }: Asked): Answered {
    // SQLite rolls back by itself after some errors (a full disk), and then has nothing to roll back.
    if (sql === 'rollback' && !this.#database.isTransaction) return { rows: [], changes: 0 }
    if (begins) this.#database.exec('begin immediate')
    const { statement, returns } = this.#prepare(sql)
    if (returns) return { rows: statement.all(...parameters), changes: 0 }
    return { rows: [], changes: statement.run(...parameters).changes }
  }

  #prepare(sql: string) {
    const known = this.#prepared.get(sql)
    if (known) return known
    const statement = this.#database.prepare(sql)
    const made = { statement, returns: statement.columns().length > 0 }
    if (this.#prepared.size >= MAX_PREPARED) this.#prepared.clear()
    this.#prepared.set(sql, made)
    return made
  }
}
