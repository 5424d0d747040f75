import type { Client } from '@countersign/contract/client'
import type { Entry } from '@countersign/ledger/entry'
import pg from 'pg'
import { type GatewayOptions, type GatewayProcess, startGateway } from './gateway.ts'
import { told } from './ledger.ts'
import { type PostgresServer, startPostgres } from './postgres.ts'
import { type Psql, psql } from './psql.ts'

const USERS = {
  'alice@example.com': { groups: ['engineering'] },
  'bob@example.com': { groups: ['dba'] },
  'carol@example.com': { groups: ['dba', 'security'] },
  'dave@example.com': { groups: ['security'] },
  'erin@example.com': { groups: ['engineering', 'dba'], admin: true, auditor: true },
  'frank@example.com': { groups: [], admin: true }, // who has no token until a test makes him one
}

/** One of the people of USERS, with a token that may review. */
export interface Person {
  readonly user: string
  readonly token: string
  readonly api: Client
  psql(resource?: string, options?: readonly string[], env?: Readonly<Record<string, string>>): Psql
}

/** A target, a gateway before it, and the people who meet there: what most end-to-end tests need. */
export interface Stage {
  readonly target: PostgresServer
  readonly gateway: GatewayProcess
  readonly alice: Person
  readonly bob: Person
  readonly carol: Person
  readonly dave: Person
  readonly erin: Person
  /** Straight to the target, past the gateway: the values of the first column. */
  ask(sql: string, values?: readonly unknown[]): Promise<readonly unknown[]>
  /** How often a statement that writes to `orders` has run, rolled back or not. */
  runs(): Promise<number>
  /** True while the target runs a statement of this session. */
  isBusy(session: string): Promise<boolean>
  /** The gateway's ledger so far, and that of each of its workers, as an admin reads it; the newest entries may still be on their way. */
  ledger(): Promise<readonly Entry[]>
  close(): Promise<void>
}

export interface StageOptions extends Pick<
  GatewayOptions,
  'policy' | 'hold' | 'session' | 'store' | 'env' | 'workers' | 'exports' | 'witness' | 'data' | 'recordings' | 'identity'
> {
  /** What is said of each resource besides how it is reached; all of them are the same target. */
  readonly resources?: Readonly<Record<string, object>>
  /** People beside those of USERS. */
  readonly users?: GatewayOptions['users']
  /** More SQL for the target, after `orders` was made. */
  readonly seed?: string
  /** Of the target; 18 where nothing is said. */
  readonly version?: 15 | 18
}

/** Counts statements in a sequence, because a sequence forgets nothing when its transaction is rolled back. */
const SEED = `
  CREATE TABLE orders (id int PRIMARY KEY, status text NOT NULL);
  INSERT INTO orders SELECT id, 'new' FROM generate_series(1, 20) AS id;
  CREATE SEQUENCE runs;
  CREATE FUNCTION count_run() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM nextval('runs'); RETURN NULL; END $$;
  CREATE TRIGGER count_run BEFORE INSERT OR UPDATE OR DELETE ON orders FOR EACH STATEMENT EXECUTE FUNCTION count_run();
`

/** Without the gateway's own question on that connection, where the session stands. */
const ACTIVE = "SELECT pid FROM pg_stat_activity WHERE state = 'active' AND application_name LIKE $1 AND query NOT LIKE 'SELECT current_user::pg_catalog.%'"

export async function openStage({ resources = { db: {} }, seed = '', version = 18, env = {}, users = {}, ...options }: StageOptions): Promise<Stage> {
  await using opened = new AsyncDisposableStack() // whatever fails below leaves no server behind
  const target = await startPostgres({ version })
  opened.defer(() => target.stop())
  const direct = new pg.Pool({ connectionString: target.url('postgres'), max: 1 })
  opened.defer(() => direct.end())
  direct.on('error', () => undefined) // the target may stop before it has hung up
  await direct.query(SEED + seed)
  const reached = {
    protocol: 'postgres',
    url: `postgres://${target.host}:${target.port}/postgres`,
    credential: { username: target.superuser, password: { env: 'TARGET_PASSWORD' } },
  }
  const gateway = await startGateway({
    ...options,
    users: { ...USERS, ...users },
    resources: Object.fromEntries(Object.entries(resources).map(([name, said]) => [name, { ...reached, ...said }])),
    env: { ...env, TARGET_PASSWORD: target.password },
  })
  opened.defer(async () => void (await gateway.stop()))
  const ask = async (sql: string, values: readonly unknown[] = []) => {
    const { rows } = await direct.query<unknown[]>({ text: sql, values: [...values], rowMode: 'array' })
    return rows.map(([first]) => first)
  }
  const people = await gather(gateway)
  const closing = opened.move()
  return {
    target,
    gateway,
    ...people,
    ask,
    runs: async () => Number((await ask('SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM runs'))[0]),
    isBusy: async (session) => (await ask(ACTIVE, [`%:${session}`])).length > 0,
    ledger: () => ledgerOf(people.erin.api),
    close: () => closing.disposeAsync(),
  }
}

async function ledgerOf(api: Client): Promise<readonly Entry[]> {
  const chains = await Promise.all((await api.ledgerHeads()).map(({ gateway }) => api.ledger({ gateway })))
  return chains.flat().flatMap(({ line }) => told(line))
}

async function gather(gateway: GatewayProcess): Promise<Pick<Stage, 'alice' | 'bob' | 'carol' | 'dave' | 'erin'>> {
  const come = async (user: keyof typeof USERS): Promise<Person> => {
    const token = await gateway.token(user, { mayReview: true })
    return { user, token, api: gateway.api(token), psql: (resource = 'db', options = [], env = {}) => psql(gateway, user, token, resource, options, env) }
  }
  return {
    alice: await come('alice@example.com'),
    bob: await come('bob@example.com'),
    carol: await come('carol@example.com'),
    dave: await come('dave@example.com'),
    erin: await come('erin@example.com'),
  }
}

/** The id of the request that psql was told it waits for; the next one at each call. */
export async function held(session: Psql): Promise<string> {
  const [, id] = await session.next(/NOTICE: .*\bheld (req-\w+):/)
  if (id === undefined) throw new Error('the notice names no request')
  return id
}

/** The id of the session that psql is in: it is part of the name that the target knows the connection by. */
export async function sessionOf(session: Psql): Promise<string> {
  session.type('SHOW application_name;')
  const [, id] = await session.next(/^countersign:\S+:(ses-\w+)$/m)
  if (id === undefined) throw new Error('the target knows of no session')
  return id
}
