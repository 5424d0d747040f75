import pg from 'pg'
import { type GatewayOptions, type GatewayProcess, startGateway } from './gateway.ts'
import { type PostgresServer, startPostgres } from './postgres.ts'
import { type Psql, psql } from './psql.ts'

/** One of the people, who may come through either gateway. */
export interface Visitor {
  readonly user: string
  readonly token: string
  psql(gateway: GatewayProcess, options?: readonly string[]): Psql
}

/** Two gateways before one target, with one PostgreSQL store between them. Target and store are one server. */
export interface Replicas {
  readonly server: PostgresServer
  readonly a: GatewayProcess
  readonly b: GatewayProcess
  readonly alice: Visitor
  readonly bob: Visitor
  readonly erin: Visitor
  /** The gateway's options, to start another, or the same again. */
  options(over?: Partial<GatewayOptions>): GatewayOptions
  /** Straight to the target: the rows. */
  target(sql: string): Promise<readonly unknown[][]>
  /** Straight to the store's database: the rows. */
  store(sql: string): Promise<readonly unknown[][]>
  close(): Promise<void>
}

const SEED = `
  CREATE TABLE orders (id int PRIMARY KEY, status text NOT NULL);
  INSERT INTO orders SELECT id, 'new' FROM generate_series(1, 20) AS id;
  CREATE TABLE ran (id serial PRIMARY KEY, what text NOT NULL);
`

export const POLICY = `
@id("reads") permit (principal in Group::"engineering", action in [Action::"connect", Action::"sql:read"], resource);
@id("writes") @review("dba") @expires("5m") permit (principal in Group::"engineering", action == Action::"sql:write", resource);
`

export async function openReplicas(over: Partial<GatewayOptions> = {}): Promise<Replicas> {
  const server = await startPostgres()
  const target = new pg.Pool({ connectionString: server.url('postgres'), max: 1 })
  await target.query(SEED)
  await target.query('CREATE DATABASE countersign')
  const store = new pg.Pool({ connectionString: server.url('countersign'), max: 1 })
  for (const pool of [target, store]) pool.on('error', () => undefined) // the server may stop before they have hung up
  const options = (more: Partial<GatewayOptions> = {}): GatewayOptions => ({
    users: {
      'alice@example.com': { groups: ['engineering'] },
      'bob@example.com': { groups: ['dba'] },
      'erin@example.com': { groups: [], admin: true },
    },
    resources: {
      db: {
        protocol: 'postgres',
        url: `postgres://${server.host}:${server.port}/postgres`,
        credential: { username: server.superuser, password: { env: 'TARGET_PASSWORD' } },
      },
    },
    policy: POLICY,
    store: { url: { env: 'STORE_URL' } },
    ...over,
    ...more,
    env: { TARGET_PASSWORD: server.password, STORE_URL: server.url('countersign'), ...over.env, ...more.env },
  })
  const [a, b] = await Promise.all([startGateway(options()), startGateway(options())])
  const visitor = async (user: string): Promise<Visitor> => {
    const token = await a.token(user, { mayReview: true })
    return { user, token, psql: (gateway, more = []) => psql(gateway, user, token, 'db', more) }
  }
  const rows = async (pool: pg.Pool, text: string) => (await pool.query<unknown[]>({ text, rowMode: 'array' })).rows
  return {
    server,
    a,
    b,
    alice: await visitor('alice@example.com'),
    bob: await visitor('bob@example.com'),
    erin: await visitor('erin@example.com'),
    options,
    target: (sql) => rows(target, sql),
    store: (sql) => rows(store, sql),
    close: async () => {
      await Promise.all([target.end(), store.end(), a.stop(), b.stop()])
      await server.stop()
    },
  }
}
