import { mkdtemp, rm } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { type Client, createClient, type FetchLike } from '@countersign/contract/client'
import type { Finding } from '@countersign/contract/schemas/finding'
import { type Action, NO_FACTS, type SqlType } from '@countersign/core/action'
import { type Decision, NO_OBLIGATIONS } from '@countersign/core/obligations'
import { pino } from 'pino'
import { expect } from 'vitest'
import { LoginCookie } from '../../src/api/cookie.ts'
import { serveAdminSocket, serveApi } from '../../src/api/listen.ts'
import { createApi } from '../../src/api/server.ts'
import type { ApiServices } from '../../src/api/services.ts'
import type { Config } from '../../src/config/config.ts'
import { Erasures } from '../../src/erasure/erasures.ts'
import { Desk } from '../../src/identity/desk.ts'
import { Devices } from '../../src/identity/devices.ts'
import { Directory } from '../../src/identity/directory.ts'
import { Overviews } from '../../src/evidence/overview.ts'
import { readEntries } from '../../src/evidence/entries.ts'
import { makeReport } from '../../src/evidence/report.ts'
import { Pages } from '../../src/export/pages.ts'
import { LedgerSearch } from '../../src/export/search.ts'
import { NotificationDesk } from '../../src/notify/desk.ts'
import { PushChannel } from '../../src/notify/push/push.ts'
import { openPushKey } from '../../src/notify/push/vapid.ts'
import { Leaving } from '../../src/identity/leaving.ts'
import { Logins } from '../../src/identity/logins.ts'
import { RefreshTokens } from '../../src/identity/oidc/refresh-tokens.ts'
import { OidcSignIn } from '../../src/identity/oidc/sign-in.ts'
import { People } from '../../src/identity/people.ts'
import { Tokens } from '../../src/identity/tokens.ts'
import { type LocalJournal, openJournal } from '../../src/journal/open.ts'
import { vouch } from '../../src/ledger/vouching.ts'
import { openChallengeKey } from '../../src/passkeys/challenges.ts'
import { LeftPasskeys } from '../../src/passkeys/left-passkeys.ts'
import { OpenInvites } from '../../src/passkeys/open-invites.ts'
import { openPasskeys } from '../../src/passkeys/open.ts'
import { Queries } from '../../src/query/queries.ts'
import { QueryTokens } from '../../src/query/tokens.ts'
import { openRecordings } from '../../src/recordings/open.ts'
import type { PolicyEngine, Question } from '../../src/policy/engine.ts'
import { withinScope } from '../../src/policy/within-scope.ts'
import { systemClock } from '../../src/clock.ts'
import { runsOf } from '../../src/receipts/runs.ts'
import { openStore } from '../../src/store/open.ts'
import type { Store } from '../../src/store/store.ts'
import { aUser } from '../policy/fixture.ts'
import { Owed } from '../../src/journal/owed.ts'
import { WorkflowService } from '../../src/workflow/service.ts'
import { WorkflowError } from '../../src/workflow/workflow.ts'

export const CANARY = 'cst_canary_that_must_never_be_logged'

const USERS = {
  alice: aUser({ groups: ['engineering'] }),
  bob: aUser({ groups: ['dba'] }),
  carol: aUser({ groups: ['sales'] }),
  olga: aUser({ auditor: true }),
  root: aUser({ admin: true }),
}
export type Person = keyof typeof USERS

export interface Bed {
  readonly url: string
  readonly socketPath: string
  readonly services: ApiServices
  readonly logins: Logins
  readonly store: Store
  readonly journal: LocalJournal
  /** Everything that was logged. */
  readonly logged: string[]
  /** What is wrong with every target; a test says what. */
  readonly findings: Finding[]
  /** How many event streams are open. */
  readers(): number
  readonly secrets: Readonly<Record<Person, string>>
  client(person: Person): Client
  readonly admin: Client
  /** A raw request, as `person` or as nobody. */
  ask(path: string, init?: RequestInit & { readonly as?: Person }): Promise<Response>
  close(): Promise<void>
}

/**
 * The API over the real workflow, store, journal and tokens, on a loopback port and an admin socket; only policy and grammar are made up. With `recordings` it has
 * those that a test puts there; it makes none.
 */
export async function openBed({ recordings: kept = null }: Partial<Pick<Config, 'recordings'>> = {}): Promise<Bed> {
  const folder = await mkdtemp(join(tmpdir(), 'countersign-api-'))
  const config = configIn(folder)
  const store = await openStore(config)
  const journal = await openJournal({ directory: folder })
  const directory = new Directory(config, store, Date.now)
  await directory.start()
  const tokens = new Tokens(directory, store.tokens, Date.now)
  const logins = new Logins({ directory, store: store.logins, journal, clock: systemClock, config })
  const owed = new Owed({ store: store.owed, journal, directory: folder, onError: (error) => expect.unreachable(String(error)) })
  const context = {
    config,
    directory,
    store,
    journal,
    owed,
    clock: systemClock,
    policy: () => engine,
    plan: (resource: string, text: string) => Promise.resolve(plan(config, resource, text)),
  }
  const desk = new Desk(tokens, store.tokens, context, Object.keys(config.resources))
  const parts = { store, journal, clock: systemClock }
  const leaving = new Leaving({ context, desk, logins, invites: new OpenInvites(parts), passkeys: new LeftPasskeys(parts) })
  const keys = openPasskeys({ store, directory, leaving, journal, clock: systemClock, config, challengeKey: await openChallengeKey(store.challenges) })
  const queryTokens = new QueryTokens({
    desk,
    store,
    now: Date.now,
    maxMs: config.session.maxMs,
    onError: () => undefined,
  })
  const logged: string[] = []
  const log = pino({ level: 'debug' }, { write: (line: string) => void logged.push(line) })
  const recordings = await openRecordings({ config: { ...config, recordings: kept }, store, journal, local: journal, clock: systemClock, log }, false)
  const findings: Finding[] = []
  let readers = 0
  let http = { host: '127.0.0.1', port: 0 }
  const refreshTokens = new RefreshTokens(folder)
  const pushKey = await openPushKey(store.notifications)
  const services: ApiServices = {
    config,
    directory,
    gateway: { id: journal.gateway, version: '0.1.0', certificate: 'PEM' },
    addresses: () => ({ http, postgres: { host: '127.0.0.1', port: 7432 } }),
    workflow: new WorkflowService(context, keys.proofs),
    ...keys,
    tokens: desk,
    devices: new Devices({ store: store.devices, desk, journal, now: Date.now }),
    scim: null,
    logins,
    cookie: new LoginCookie(config),
    oidc: new OidcSignIn({
      config,
      directory,
      people: new People({ store: store.people, journal, clock: systemClock }),
      logins,
      leaving,
      tokens: refreshTokens,
      clock: systemClock,
      log: pino({ level: 'silent' }),
    }),
    store: {
      gateways: store.gateways,
      ledger: store.ledger,
      leases: store.leases,
      tree: store.tree,
      subscribe: (listener) => {
        readers++
        const unsubscribe = store.subscribe(listener)
        return () => {
          readers--
          unsubscribe()
        }
      },
    },
    erasures: new Erasures({ context, directory: folder, refreshTokens, forget: () => Promise.resolve(), onError: () => undefined }),
    pages: new Pages(store, '0.1.0'),
    search: new LedgerSearch(store),
    overviews: new Overviews({ config, store, users: () => directory.users(), policy: () => engine, now: Date.now }),
    ledgerTrouble: () => [],
    resourceNames: () => Object.keys(config.resources),
    report: (period) =>
      makeReport({ config, entries: (of) => readEntries(store.tree, of), users: () => directory.users(), policy: () => engine, now: Date.now }, period),
    notifications: new NotificationDesk({
      config,
      store: store.notifications,
      users: directory,
      clock: systemClock,
      key: pushKey,
      channels: { push: new PushChannel({ contact: 'mailto:ops@example.com', inside: [], ca: null }, store.notifications, pushKey, Date.now) },
    }),
    recordings: recordings?.library ?? null,
    queries: new Queries({
      tokens: queryTokens,
      address: () => ({ host: '127.0.0.1', port: 1 }),
      certificate: 'PEM',
      resources: Object.keys(config.resources),
    }),
    policy: () => engine,
    policies: () => ({ version: engine.version, files: [{ name: 'main.cedar', text: 'permit (principal, action, resource);' }], loadedAt: 1, refused: null }),
    classify: (resource, text) => Promise.resolve(plan(config, resource, text).statements.map((statement) => ({ ...statement, because: null }))),
    resources: () =>
      Promise.resolve(
        Object.values(config.resources).map((resource) => ({
          resource,
          summary: { connect: 'runs', read: 'runs', write: 'needs 1 of dba', ddl: 'never' },
          sessionMs: 28_800_000,
        })),
      ),
    checkResource: (name) =>
      Object.hasOwn(config.resources, name)
        ? Promise.resolve({ databases: ['orders'], findings })
        : Promise.reject(new WorkflowError('not-found', `there is no resource ${name}`)),
    vouch: (by, wish) => vouch(store.tree, journal, wish, by.principal),
    runs: (request) => runsOf({ store, data: folder, now: Date.now }, request),
    receipt: () => Promise.reject(new WorkflowError('unavailable', 'not under a signed checkpoint yet')),
    rotateSigningKey: () => Promise.resolve({ gateway: 'gw-1', key: 'the next', previous: 'the one before' }),
    console: null,
    readiness: () => Promise.resolve({ ready: false, checks: { store: 'ok', journal: 'no space left on /secret/disk' } }),
    metrics: () => Promise.resolve('countersign_sessions 0\n'),
    log,
  }
  const app = createApi(services)
  const socketPath = join(folder, 'admin.sock')
  const tcp = await serveApi({ app, address: http })
  http = tcp.address
  const local = await serveAdminSocket({ app, path: socketPath })
  const url = `http://127.0.0.1:${http.port}`
  const secrets = await mint(tokens)
  return {
    url,
    socketPath,
    services,
    logins,
    store,
    journal,
    logged,
    findings,
    readers: () => readers,
    secrets,
    client: (person) => createClient({ url, token: secrets[person] }),
    admin: createClient({ url: 'http://localhost', fetch: overSocket(socketPath) }),
    ask: (path, { as, ...init } = {}) =>
      fetch(url + path, { ...init, headers: { ...(as ? { authorization: `Bearer ${secrets[as]}` } : {}), ...(init.headers as Record<string, string>) } }),
    close: async () => {
      await Promise.all([tcp.close(), local.close()])
      await queryTokens.close()
      await recordings?.close()
      directory.close()
      await owed.stop()
      await journal.close()
      await store.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** `fetch` over a unix socket, as the CLI does it. */
export const overSocket =
  (socketPath: string): FetchLike =>
  (url, { method, headers, body, signal }) =>
    new Promise((resolve, reject) => {
      const { pathname, search } = new URL(url)
      const options = {
        socketPath,
        path: pathname + search,
        method: method ?? 'GET',
        headers: headers as Record<string, string>,
        ...(signal ? { signal } : {}),
      }
      request(options, (answer) => resolve(new Response(Readable.toWeb(answer) as ReadableStream<Uint8Array>, { status: answer.statusCode ?? 0 })))
        .once('error', reject)
        .end(typeof body === 'string' ? body : undefined)
    })

async function mint(tokens: Tokens): Promise<Record<Person, string>> {
  const wish = { agent: null, name: null, scope: null, mayReview: true, ttlMs: null }
  const make = async (user: Person) => (await tokens.create({ ...wish, user }, { user: 'local-admin', proven: false })).token
  return { alice: await make('alice'), bob: await make('bob'), carol: await make('carol'), olga: await make('olga'), root: await make('root') }
}

function plan({ resources }: Pick<Config, 'resources'>, resource: string, text: string): Action {
  if (!Object.hasOwn(resources, resource)) throw new WorkflowError('not-found', `there is no resource ${resource}`)
  const type: SqlType = /^select/i.test(text) ? 'sql:read' : /^(delete|update)/i.test(text) ? 'sql:write' : 'sql:ddl'
  return {
    type,
    text,
    parameters: [],
    state: null,
    statements: [{ type, fingerprint: `f-${type}`, facts: { ...NO_FACTS, tables: [/\bsigned\b/.test(text) ? 'signed' : 'orders'] } }],
  }
}

const decide = (question: Question) => withinScope(question, decideOf(question))

const engine: PolicyEngine = { version: 'a'.repeat(64), decide, readsRows: () => false, explain: (question) => ({ decision: decide(question), matched: [] }) }

function decideOf({ type, principal, facts }: Question): Decision {
  if (type === 'sql:ddl' || type === 'sql:admin' || type === 'sql:unknown')
    return { effect: 'deny', policies: ['no-ddl'], message: 'denied by no-ddl: nobody changes the schema' }
  if (!principal.groups.includes('engineering')) return { effect: 'deny', policies: [], message: 'no policy allows it' }
  if (type !== 'sql:write') return { effect: 'allow', policies: ['reads'], obligations: NO_OBLIGATIONS }
  const need = [[{ policy: 'writes', groups: ['dba'], quorum: 1 }]]
  return {
    effect: 'review',
    policies: ['writes'],
    obligations: { ...NO_OBLIGATIONS, sign: facts.tables.includes('signed'), ceiling: { kind: 'duration', ms: 1_800_000 } },
    need,
  }
}

function configIn(data: string): Config {
  return {
    file: join(data, 'countersign.yaml'),
    url: 'https://cs.example.com',
    listen: { http: { host: '127.0.0.1', port: 0 }, postgres: { host: '127.0.0.1', port: 0 } },
    store: { kind: 'sqlite' },
    recordings: null,
    data,
    tls: null,
    users: USERS,
    identity: { oidc: [], firstAdmin: null, refreshMs: 300_000, scim: null },
    groups: [],
    labels: [],
    resources: {
      'orders-db': {
        name: 'orders-db',
        protocol: 'postgres',
        host: '127.0.0.1',
        port: 5432,
        database: 'orders',
        credential: { username: 'app', password: null },
        tls: { mode: 'disable', ca: null, cert: null, key: null },
        labels: { env: 'production' },
        mode: 'enforce',
        onHold: 'wait',
        durability: 'process',
        functions: { trusted: [], extensions: [] },
        catalog: { maxAgeMs: 1_000 },
        accounts: { mode: 'shared' },
        impact: { maxCost: 25_000 },
        recording: { parameters: 'withhold' },
      },
    },
    hold: { connectMs: 20_000, inTransactionMs: 60_000, reminderMs: 30_000 },
    session: { maxMs: 28_800_000, idleMs: null, auth: 'scram' },
    login: { idleMs: 43_200_000, maxMs: 604_800_000 },
    policies: join(data, 'policies'),
    exports: [],
    workers: 1,
    witnesses: [],
    notify: {
      email: null,
      webhooks: [],
      push: { contact: 'mailto:ops@example.com', inside: ['push.internal'], ca: null },
      repeat: { everyMs: 600_000, times: 3 },
    },
  }
}
