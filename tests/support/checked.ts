import pg from 'pg'
import type { Target } from '../../packages/gateway/src/adapters/adapter.ts'
import { checkTarget, type Limits, type Report } from '../../packages/gateway/src/adapters/postgres/check/run.ts'
import type { Accounts, Resource } from '../../packages/gateway/src/config/config.ts'
import { targetOf } from '../../packages/gateway/src/net/dial.ts'
import { type PostgresOptions, type PostgresServer, startPostgres } from './postgres.ts'

export const SHARED: Accounts = { mode: 'shared' }
export const EPHEMERAL: Accounts = {
  mode: 'ephemeral',
  roles: { read: ['app_read'], write: ['app_write'], ddl: ['App; "ddl"'] },
  owner: 'app_owner',
}

/** As a managed service gives it: an administrator who makes roles and owns the databases, and is no superuser. */
const SEED = `
  CREATE ROLE admin LOGIN CREATEROLE PASSWORD 'only-in-tests';
  CREATE ROLE app_read; CREATE ROLE app_write; CREATE ROLE "App; ""ddl"""; CREATE ROLE app_owner;
  GRANT app_read, app_write, "App; ""ddl""", app_owner TO admin WITH ADMIN OPTION;
  REVOKE CONNECT, TEMPORARY ON DATABASE postgres, template1 FROM PUBLIC;
`
const IN_EACH = 'CREATE TABLE things (id int); GRANT CREATE ON SCHEMA public TO app_owner, "App; ""ddl"""'

/** A server of which nothing is wrong, with the databases `orders` and `Bill "s"`, and what is found on it. */
export interface Checked {
  readonly server: PostgresServer
  /** As superuser. */
  run(database: string, sql: string): Promise<unknown>
  target(accounts: Accounts, over?: Partial<Resource>): Target
  /** As superuser in `postgres`: the values of the first column. */
  ask(sql: string): Promise<readonly unknown[]>
  check(accounts: Accounts, over?: Partial<Resource>, limits?: Limits): Promise<Report>
  close(): Promise<void>
}

export async function openChecked(options: PostgresOptions): Promise<Checked> {
  const server = await startPostgres({ ...options, settings: { max_connections: '30', ...options.settings } })
  process.env['CHECKED_PASSWORD'] = server.password
  const run = async (database: string, sql: string) => {
    const client = new pg.Client(server.url(database))
    await client.connect()
    const { rows } = await client.query<unknown[]>({ text: sql, rowMode: 'array' })
    await client.end()
    return (rows ?? []).map(([first]) => first)
  }
  await run('postgres', SEED)
  for (const database of ['orders', 'Bill "s"']) {
    await run('postgres', `CREATE DATABASE ${pg.escapeIdentifier(database)} OWNER admin`)
    await run('postgres', `REVOKE TEMPORARY ON DATABASE ${pg.escapeIdentifier(database)} FROM PUBLIC`)
    await run(database, IN_EACH)
  }
  const target = (accounts: Accounts, over: Partial<Resource> = {}) =>
    targetOf({ hold: { connectMs: 0, inTransactionMs: 0, reminderMs: 0 } }, { ...resourceOf(server), accounts, ...over }, null)
  return {
    server,
    run,
    ask: (sql) => run('postgres', sql),
    target,
    check: (accounts, over, limits) => checkTarget(target(accounts, over), new AbortController().signal, limits),
    close: () => server.stop(),
  }
}

function resourceOf({ host, port }: PostgresServer): Resource {
  return {
    name: 'orders-db',
    protocol: 'postgres',
    host,
    port,
    database: 'orders',
    credential: { username: 'admin', password: { env: 'CHECKED_PASSWORD' } },
    tls: { mode: 'disable', ca: null, cert: null, key: null },
    labels: {},
    mode: 'enforce',
    onHold: 'wait',
    durability: 'process',
    functions: { trusted: [], extensions: [] },
    catalog: { maxAgeMs: 1_000 },
    accounts: SHARED,
    impact: { maxCost: 0 },
    recording: { parameters: 'withhold' },
  }
}
