import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import pg from 'pg'
import { CliError, systemCode } from './error.ts'
import type { StorePlace } from './verify-config.ts'

export type Row = Readonly<Record<string, unknown>>

/** The tables of a store as they are at one moment, whatever a gateway writes meanwhile. Nothing is changed in them. */
export interface StoredRows {
  /** A `?` in the text for each parameter. Numbers come as numbers, or as text that is one. Rejects with CliError. */
  all(sql: string, ...parameters: readonly (string | number)[]): Promise<readonly Row[]>
  close(): Promise<void>
}

const TABLES = ['ledger', 'ledger_heads', 'tree_runs', 'tiles', 'checkpoints']
const SCHEMA = 'countersign'

/** Null where there are no such tables: the store is another, or the gateway has never run on it. Rejects with CliError for one that cannot be read. */
export async function openStoredRows(data: string, place: StorePlace): Promise<StoredRows | null> {
  const rows = place.kind === 'sqlite' ? openSqlite(join(data, 'countersign.db')) : await openPostgres(place.url)
  if (!rows) return null
  const names =
    place.kind === 'sqlite' ? 'SELECT name FROM sqlite_master WHERE name' : `SELECT tablename FROM pg_tables WHERE schemaname = '${SCHEMA}' AND tablename`
  const there = await rows.all(`${names} IN (${TABLES.map(() => '?').join(', ')})`, ...TABLES)
  if (there.length === TABLES.length) return rows
  await rows.close()
  return null
}

function openSqlite(file: string): StoredRows | null {
  if (!existsSync(file)) return null
  const database = new DatabaseSync(file, { readOnly: true })
  database.exec('BEGIN') // a gateway may be writing: what is read is of one moment
  const ask = (sql: string, parameters: readonly (string | number)[]): readonly Row[] => {
    try {
      return database.prepare(sql).all(...parameters)
    } catch (cause) {
      const said = cause instanceof Error ? cause.message : String(cause)
      throw new CliError('failed', `the store in ${file} cannot be read: ${said}`, 'keep it as evidence, and restore it from a backup', { cause })
    }
  }
  return {
    all: (sql, ...parameters) => new Promise((resolve) => resolve(ask(sql, parameters))),
    close: () => Promise.resolve(database.close()),
  }
}

/** A server that is silent for so long is as good as gone. */
const SILENT_MS = 60_000
const CONNECT_MS = 10_000

async function openPostgres(url: string): Promise<StoredRows> {
  const client = new pg.Client({
    connectionString: libpq(url),
    application_name: 'countersign ledger verify',
    connectionTimeoutMillis: CONNECT_MS,
    query_timeout: SILENT_MS,
  })
  client.on('error', () => undefined) // what was asked then rejects
  const ask = (sql: string, parameters: readonly (string | number)[] = []) =>
    client.query<Row>(sql, [...parameters]).catch((error: unknown) => {
      throw unreadable(error)
    })
  const rows: StoredRows = {
    all: async (sql, ...parameters) => (await ask(numbered(sql), parameters)).rows,
    close: () => client.end(),
  }
  try {
    await client.connect().catch((error: unknown) => {
      throw unreadable(error)
    })
    await ask('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
    await ask(`SET LOCAL search_path = ${SCHEMA}`)
    return rows
  } catch (error) {
    await rows.close()
    throw error
  }
}

function numbered(sql: string): string {
  let count = 0
  return sql.replaceAll('?', () => `$${++count}`)
}

/** As the gateway reads it: without `uselibpqcompat` pg takes sslmode=require for verify-full, unlike every other client of PostgreSQL. */
function libpq(text: string): string {
  // The parser's own error would carry the address, and that a password.
  if (!URL.canParse(text)) throw new CliError('failed', "the store's address cannot be read", 'it looks like postgres://user@host:5432/database')
  const url = new URL(text)
  if (!url.searchParams.has('uselibpqcompat')) url.searchParams.set('uselibpqcompat', 'true')
  return url.href
}

const MAY_READ = `the role needs USAGE of the schema ${SCHEMA} and SELECT of its tables ${TABLES.join(', ')}`

function unreadable(error: unknown): CliError {
  const said = error instanceof Error && error.message !== '' ? error.message : (systemCode(error) ?? String(error))
  const advice =
    error instanceof pg.DatabaseError && error.code === '42501' ? MAY_READ : 'check the store in the configuration, and that this machine may reach it'
  return new CliError('failed', `the store in PostgreSQL cannot be read: ${said}`, advice, { cause: error })
}
