import { Kysely } from 'kysely'
import { type ClientConfig, types } from 'pg'
import { Database, NO_EVENTS } from '../database.ts'
import { migrate } from '../migrate.ts'
import { StoreUnavailable } from '../store.ts'
import type { Tables } from '../tables.ts'
import { postgresDialect } from './dialect.ts'
import { PostgresEvents } from './events.ts'

const SCHEMA = 'countersign'
/** A server that is silent this long is as good as gone. */
const SILENT_MS = 2_000
/** The server gives up first, so that its own words are what is reported. */
const SERVER_MS = 1_800
/** A gateway that died in a transaction holds its locks no longer. */
const IDLE_IN_TRANSACTION_MS = 10_000

/** The schema `countersign` of the database that the URL names. */
export async function openPostgres(url: string): Promise<Database> {
  const db = connect(url)
  const events = new PostgresEvents(clientConfig(url))
  const database = new Database(db, events)
  try {
    await migrate(db, SCHEMA)
    await events.listen()
    return database
  } catch (error) {
    await database.close()
    throw error
  }
}

/** The same tables, without listening to changes, for a thread that makes none which anybody listens for. Its connections are made when it is used. */
export function openPostgresQuietly(url: string): Database {
  return new Database(connect(url), NO_EVENTS)
}

function connect(url: string): Kysely<Tables> {
  return new Kysely<Tables>({ dialect: postgresDialect(clientConfig(url)) }).withSchema(SCHEMA)
}

function clientConfig(url: string): ClientConfig {
  // No cause: the parser's error would carry the URL, and the URL a password.
  if (!URL.canParse(url))
    throw new StoreUnavailable("the store's URL cannot be read; it looks like postgres://user:password@host:5432/database?sslmode=verify-full")
  const libpq = new URL(url)
  // Without it pg takes sslmode=require for verify-full, unlike every other client of PostgreSQL.
  if (!libpq.searchParams.has('uselibpqcompat')) libpq.searchParams.set('uselibpqcompat', 'true')
  return {
    connectionString: libpq.href,
    application_name: 'countersign',
    connectionTimeoutMillis: SILENT_MS,
    query_timeout: SILENT_MS,
    statement_timeout: SERVER_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
    types: { getTypeParser: (type, format) => (type === types.builtins.INT8 ? toNumber : types.getTypeParser(type, format)) },
  }
}

/** Times, versions and sequences: a number that JavaScript cannot hold exactly was not written by a gateway. */
function toNumber(text: string): number {
  const number = Number(text)
  if (!Number.isSafeInteger(number)) throw new StoreUnavailable(`the store holds the number ${text}, which no gateway wrote`)
  return number
}
