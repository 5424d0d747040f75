import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { makeVerifier } from '@countersign/wire/postgres/scram'
import pg from 'pg'
import type { Attempted, Gate, Outcome, RightsChanged, Session, Target } from '../../packages/gateway/src/adapters/adapter.ts'
import { Catalogs } from '../../packages/gateway/src/adapters/postgres/catalog/catalogs.ts'
import { loadGrammar } from '../../packages/gateway/src/adapters/postgres/classify.ts'
import type { Fencing } from '../../packages/gateway/src/adapters/postgres/fence/fencing.ts'
import { Beside } from '../../packages/gateway/src/adapters/postgres/beside.ts'
import { PostgresAdapter } from '../../packages/gateway/src/adapters/postgres/serve.ts'
import { scramParameters } from '../../packages/gateway/src/identity/tokens.ts'
import { type PostgresServer, startPostgres } from './postgres.ts'
import { type Place, RawClient } from './wire.ts'

const USER = 'alice@example.com'
const TOKEN = 'a token'
const PASSWORD = 'only-in-tests'
/** As hostile as a name may be. */
const ROLE = `cs \\ session's "1"`

/** What a session did to its rights and what its statements came to, in order. */
export type Fact = ({ readonly fact: 'rights' } & RightsChanged) | ({ readonly fact: 'outcome' } & Outcome)

/** Each in two words: `granted app_write`, `revoked app_write`, `UPDATE 1`, `42501`. */
export const told = (facts: readonly Fact[]) => facts.map((each) => (each.fact === 'rights' ? `${each.effect} ${each.roles.join(',')}` : each.summary))

/** The PostgreSQL adapter before a real server, with an account of its own for the session, made by an administrator who is no superuser. Every review approves at once. */
export interface Fenced {
  readonly target: PostgresServer
  readonly facts: Fact[]
  /** Said before each statement of the administrator: what it throws, the statement throws, and it is not sent. */
  beforeAdmin: (sql: string) => void | Promise<void>
  /** Nobody who comes then reaches the target before the function that it returns is called. */
  closeWay: () => () => void
  /** The types that policy does not allow by itself. */
  reviewed: ReadonlySet<string>
  /** Whoever reviews a statement approves all of its pipeline. */
  together: boolean
  login(): Promise<RawClient>
  /** Where the adapter listens. */
  readonly place: Place
  /** The session's role, quoted. */
  readonly quoted: string
  /** As a driver would come. */
  url(): string
  /** Straight to the target as superuser: the values of the first column. */
  ask(sql: string): Promise<readonly unknown[]>
  /** What its session logs in with, past the gateway. */
  readonly account: { readonly user: string; readonly password: string; readonly database: string }
  /** As the administrator. */
  give(role: string): Promise<void>
  take(role: string): Promise<void>
  /** Direct memberships of the session's role. */
  memberships(): Promise<readonly unknown[]>
  close(): Promise<void>
}

export interface FencedOptions {
  readonly version: 15 | 18
  readonly seed?: string
  readonly standing?: readonly string[]
  readonly owner?: string | null
  readonly trusted?: readonly string[]
}

const SEED = `
  REVOKE TEMP ON DATABASE postgres FROM PUBLIC;
  CREATE ROLE app_read; CREATE ROLE app_write; CREATE ROLE app_temp; CREATE ROLE app_owner;
  CREATE ROLE keeper LOGIN CREATEROLE PASSWORD '${PASSWORD}';
  GRANT app_read, app_write, app_temp, app_owner TO keeper WITH ADMIN OPTION;
  GRANT CREATE ON SCHEMA public TO app_owner; GRANT CREATE ON DATABASE postgres TO app_owner; GRANT TEMP ON DATABASE postgres TO app_temp;
  CREATE TABLE orders (id int PRIMARY KEY, status text NOT NULL DEFAULT 'new');
  INSERT INTO orders SELECT id, 'new' FROM generate_series(1, 20) AS id;
  ALTER TABLE orders OWNER TO app_owner;
  ALTER DEFAULT PRIVILEGES FOR ROLE app_owner GRANT SELECT ON TABLES TO app_read;
  GRANT SELECT ON orders TO app_read; GRANT SELECT, INSERT, UPDATE, DELETE ON orders TO app_write;
`

const QUOTED = `"${ROLE.replaceAll('"', '""')}"`

const giving = (version: number, role: string) => `GRANT ${role} TO ${QUOTED}${version >= 16 ? ' WITH INHERIT TRUE, SET FALSE' : ''}`

/** The administrator makes it, as accounts of sessions are made. */
const makeRole = (version: number, standing: readonly string[]) => [
  `CREATE ROLE ${QUOTED} LOGIN PASSWORD '${PASSWORD}'`,
  ...standing.map((role) => giving(version, role)),
]

const ROLES: Readonly<Record<string, readonly string[]>> = {
  'sql:read': ['app_read'],
  'sql:write': ['app_write'],
  'sql:ddl': ['app_temp'],
  'sql:unknown': ['app_write'],
}

export async function openFenced({ version, seed = '', standing = ['app_read'], owner = 'app_owner', trusted = [] }: FencedOptions): Promise<Fenced> {
  await loadGrammar()
  await using opened = new AsyncDisposableStack()
  const target = await startPostgres({ version })
  opened.defer(() => target.stop())
  const direct = new pg.Pool({ connectionString: target.url('postgres'), max: 1 })
  opened.defer(() => direct.end())
  direct.on('error', () => undefined)
  await direct.query(SEED + seed)
  let way = Promise.resolve()
  const targetOf = (username: string): Target => ({
    resource: 'db',
    server: `${target.host}:${target.port}`,
    database: 'postgres',
    username,
    accounts: null,
    tls: 'disable',
    trustedFunctions: trusted,
    trustedExtensions: [],
    catalogMaxAgeMs: 1_000,
    countUpToCost: 0,
    holdInTransactionMs: 60_000,
    password: () => Promise.resolve(PASSWORD),
    dial: async () => {
      await way
      const socket = connect({ host: target.host, port: target.port, noDelay: true })
      await once(socket, 'connect')
      return socket
    },
    startTls: () => Promise.reject(new Error('there is no TLS here')),
  })
  const keeper = await Beside.open(targetOf('keeper'), new Map(), new AbortController().signal)
  opened.defer(() => keeper[Symbol.asyncDispose]())
  for (const sql of makeRole(version, standing)) await keeper.ask(sql)
  const facts: Fact[] = []
  let isClosed = false
  let turn: Promise<unknown> = Promise.resolve()
  /** One at a time, or one would get the answer of another. */
  const asKeeper = (sql: string, before: () => void | Promise<void> = () => undefined) => {
    const answer = turn.then(async () => {
      await before()
      if (isClosed) throw new Error('the test is over')
      return keeper.ask(sql)
    })
    turn = answer.catch(() => undefined)
    return answer
  }
  const fencing: Fencing = {
    role: ROLE,
    rolesFor: (type) => ROLES[type] ?? [],
    owner,
    version,
    standing,
    run: (sql) => asKeeper(sql, () => fenced.beforeAdmin(sql)),
  }
  const verifier = await makeVerifier(TOKEN, scramParameters(USER).salt, scramParameters(USER).iterations)
  const gate: Gate = {
    verifiers: () => Promise.resolve({ ...scramParameters(USER), verifiers: [{ token: TOKEN, ...verifier }] }),
    tokenFor: () => Promise.resolve(TOKEN),
    connect: () => Promise.resolve({ effect: 'allow', session: sessionOf(fenced), target: { ...targetOf(ROLE), accounts: { roles: {}, owner } } }),
  }
  const catalogs = new Catalogs()
  opened.defer(() => catalogs.close())
  const adapter = new PostgresAdapter(gate, {
    auth: 'scram',
    catalogs,
    fitness: { assert: () => Promise.resolve() },
    cancelElsewhere: () => Promise.resolve(),
    refused: () => undefined,
    lessor: { lease: () => Promise.resolve({ account: { name: ROLE, password: PASSWORD, endsAt: 0, reads: standing.length > 0 }, end: () => undefined }) },
    fencingOf: () => fencing,
  })
  const server = createServer((stream) => {
    stream.on('error', () => stream.destroy())
    void adapter.serve({ stream, address: 'test', loopback: true, startTls: () => Promise.reject(new Error('there is no TLS here')) })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  opened.defer(() => void server.close())
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const place = { host: '127.0.0.1', port }
  const ask = async (sql: string) => (await direct.query<unknown[]>({ text: sql, rowMode: 'array' })).rows.map(([first]) => first)
  const closing = opened.move()
  const fenced: Fenced = {
    target,
    facts,
    beforeAdmin: () => undefined,
    closeWay: () => {
      const { promise, resolve } = Promise.withResolvers<void>()
      way = promise
      return resolve
    },
    reviewed: new Set(['sql:write', 'sql:ddl', 'sql:admin', 'sql:unknown']),
    together: false,
    place,
    quoted: QUOTED,
    login: () => RawClient.login(place, { user: USER, token: TOKEN }),
    url: () => `postgres://${encodeURIComponent(USER)}:${encodeURIComponent(TOKEN)}@127.0.0.1:${port}/db`,
    ask,
    account: { user: ROLE, password: PASSWORD, database: 'postgres' },
    give: async (role) => void (await asKeeper(giving(version, role))),
    take: async (role) => void (await asKeeper(`REVOKE ${role} FROM ${QUOTED}`)),
    memberships: () =>
      ask(
        `SELECT r.rolname::text FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.roleid JOIN pg_roles s ON s.oid = m.member WHERE s.rolname LIKE 'cs %' ORDER BY 1`,
      ),
    close: async () => {
      isClosed = true
      await turn
      await closing.disposeAsync()
    },
  }
  return fenced
}

function sessionOf(fenced: Fenced): Session {
  let runs = 0
  const allowance = (reviewed: boolean) => ({ effect: 'allow' as const, run: `ses.${++runs}`, reviewed })
  const verdict = (reviewed: boolean) => Promise.resolve(allowance(reviewed))
  const isReviewed = ({ statements }: Pick<Attempted['action'], 'statements'>) => statements.some(({ type }) => fenced.reviewed.has(type))
  return {
    id: 'ses',
    principal: USER,
    endsAt: Date.now() + 3_600_000,
    signal: new AbortController().signal,
    mayRead: true,
    setPurpose: () => undefined,
    forbids: () => false,
    allow: (action) => (isReviewed(action) ? null : verdict(false)),
    decide: async (attempted) => {
      if (isReviewed(attempted.action)) await attempted.state()
      const pipeline = fenced.together ? await attempted.pipeline?.() : undefined
      const [, ...behind] = pipeline?.action.statements ?? []
      const first = allowance(isReviewed(attempted.action))
      return behind.length === 0 ? first : { ...first, behind: behind.map((statement) => allowance(isReviewed({ statements: [statement] }))) }
    },
    record: (outcome) => void fenced.facts.push({ fact: 'outcome', ...outcome }),
    rights: (changed) => Promise.resolve(void fenced.facts.push({ fact: 'rights', ...changed })),
    end: () => Promise.resolve(),
  }
}
