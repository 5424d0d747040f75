import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ConfigError } from '../../src/config/error.ts'
import { loadConfig } from '../../src/config/load.ts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-config-'))
  mkdirSync(join(folder, 'policies'))
})

afterEach(() => rmSync(folder, { recursive: true }))

const ENV = { DB_PASSWORD: 'canary-from-env', STORE: 'postgres://gw:canary-store@db/countersign' }

function load(yaml: string, environment: Record<string, string> = ENV) {
  const file = join(folder, 'countersign.yaml')
  writeFileSync(file, yaml)
  return loadConfig(file, environment)
}

function problemsOf(yaml: string, environment: Record<string, string> = ENV): readonly string[] {
  try {
    load(yaml, environment)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.problems.map(({ line, column, key, message }) => `${line}:${column} ${key}: ${message}`)
  }
  throw new Error('this configuration should have been refused')
}

const resource = (...lines: readonly string[]) => ['resources:', '  db:', '    protocol: postgres', ...lines.map((line) => `    ${line}`)].join('\n')
const GOOD = ['url: postgres://db.internal/orders', 'credential: { username: app, password: { env: DB_PASSWORD } }']

describe('a configuration that can be used', () => {
  test('says everything that is left out', () => {
    expect(load('')).toEqual({
      file: join(folder, 'countersign.yaml'),
      url: 'http://127.0.0.1:7070',
      listen: { http: { host: '127.0.0.1', port: 7070 }, postgres: { host: '127.0.0.1', port: 7432 } },
      store: { kind: 'sqlite' },
      data: join(folder, 'countersign-data'),
      tls: null,
      users: {},
      groups: [],
      labels: [],
      resources: {},
      hold: { connectMs: 20_000, inTransactionMs: 60_000, reminderMs: 30_000 },
      session: { maxMs: 28_800_000, idleMs: null, auth: 'scram' },
      identity: { oidc: [], firstAdmin: null, refreshMs: 300_000, scim: null },
      login: { idleMs: 43_200_000, maxMs: 604_800_000 },
      policies: join(folder, 'policies'),
      exports: [],
      recordings: null,
      workers: expect.any(Number),
      witnesses: [],
      notify: { email: null, webhooks: [], push: null, repeat: { everyMs: 600_000, times: 3 } },
    })
  })

  test('names the witnesses that docs/configuration.md has', () => {
    const page = readFileSync(join(import.meta.dirname, '../../../../docs/configuration.md'), 'utf8')
    const [, example = ''] = /## Witnesses[^]*?```yaml\n([^]*?)```/.exec(page) ?? []
    expect(load(example, { ...ENV, WITNESS_SECRET: 'whsec_canary', S3_SECRET: 'canary' }).witnesses).toEqual([
      { kind: 'file', path: '/mnt/elsewhere/countersign-checkpoints.jsonl' },
      { kind: 'webhook', url: 'https://audit.example.com/countersign', secret: { env: 'WITNESS_SECRET' } },
      { kind: 'tlog', url: 'https://witness.example.com/', key: expect.stringMatching(/^witness\.example\.com\/w1\+/) },
      {
        kind: 's3',
        bucket: {
          endpoint: 'https://s3.eu-central-1.amazonaws.com',
          region: 'eu-central-1',
          bucket: 'audit-checkpoints',
          prefix: '',
          credential: { id: 'AKIAEXAMPLE', secret: { env: 'S3_SECRET' } },
        },
        retainMs: 3650 * 86_400_000,
      },
    ])
  })

  test('takes every key, and finds paths from its own folder', () => {
    for (const name of ['ca.pem', 'cert.pem', 'key.pem']) writeFileSync(join(folder, name), 'pem')
    const config = load(
      [
        'url: https://cs.example.com/',
        'listen: { http: "[::1]:0", postgres: 0.0.0.0:5432 }',
        'store: { url: { env: STORE } }',
        'data: ../elsewhere',
        'tls: { cert: cert.pem, key: key.pem }',
        'users: { alice@example.com: { groups: [engineering] }, bob@example.com: { admin: true } }',
        'groups: [security]',
        'labels: [team]',
        resource(
          ...GOOD,
          'tls: { mode: require, ca: ./ca.pem, cert: ./cert.pem, key: ./key.pem }',
          'labels: { env: production }',
          'mode: observe',
          'onHold: refuse',
          'durability: disk',
          'functions: { trusted: [public.total], extensions: [citext] }',
          'catalog: { maxAge: 0s }',
          'accounts: { mode: ephemeral, roles: { read: [app_read], write: [app_read, \'App "write"\'] }, owner: app_owner }',
          'impact: { maxCost: 100.5 }',
          'recording: { parameters: keep }',
        ),
        'hold: { connect: 500ms, inTransaction: 2m, reminder: 1h }',
        'session: { max: 40d, idle: 15m, auth: password }',
        'recordings: { s3: { endpoint: https://s3.example.com/, bucket: audit, prefix: a/b, credential: { id: AK, secret: { exec: [./secret] } } }, key: { file: key.pem }, retention: 400d }',
      ].join('\n'),
    )
    expect(config).toMatchObject({
      url: 'https://cs.example.com',
      listen: { http: { host: '::1', port: 0 }, postgres: { host: '0.0.0.0', port: 5432 } },
      store: { kind: 'postgres', url: ENV.STORE },
      data: join(folder, '../elsewhere'),
      tls: { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') },
      users: { 'alice@example.com': { groups: ['engineering'], admin: false }, 'bob@example.com': { groups: [], admin: true } },
      groups: ['security'],
      labels: ['team'],
      hold: { connectMs: 500, inTransactionMs: 120_000, reminderMs: 3_600_000 },
      session: { maxMs: 3_456_000_000, idleMs: 900_000, auth: 'password' },
      recordings: {
        place: {
          s3: {
            endpoint: 'https://s3.example.com',
            region: 'us-east-1',
            bucket: 'audit',
            prefix: 'a/b/',
            credential: { id: 'AK', secret: { exec: [join(folder, 'secret')] } },
          },
        },
        key: { file: join(folder, 'key.pem') },
        retentionMs: 34_560_000_000,
      },
    })
    expect(config.resources.db).toEqual({
      name: 'db',
      protocol: 'postgres',
      host: 'db.internal',
      port: 5432,
      database: 'orders',
      credential: { username: 'app', password: { env: 'DB_PASSWORD' } },
      tls: { mode: 'require', ca: join(folder, 'ca.pem'), cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') },
      labels: { env: 'production' },
      mode: 'observe',
      onHold: 'refuse',
      durability: 'disk',
      functions: { trusted: ['public.total'], extensions: ['citext'] },
      catalog: { maxAgeMs: 0 },
      accounts: { mode: 'ephemeral', roles: { read: ['app_read'], write: ['app_read', 'App "write"'] }, owner: 'app_owner' },
      impact: { maxCost: 100.5 },
      recording: { parameters: 'keep' },
    })
  })

  test.each([
    ['postgres://127.0.0.1:5433/orders', 'disable'],
    ['postgres://localhost/orders', 'disable'],
    ['postgresql://[::1]:5433/orders', 'disable'],
    ['postgres://localhost.example.com/orders', 'verify-full'],
    ['postgres://10.0.0.7/orders', 'verify-full'],
  ])('upstream TLS to %s is %s when nothing is said', (url, mode) => {
    expect(load(resource(`url: ${url}`, 'credential: { username: app }')).resources.db?.tls.mode).toBe(mode)
  })
})

describe('a configuration that cannot be used is refused with line, column and key', () => {
  test.each([
    ['malformed YAML', 'users: { alice: [', /^1:18 : (a closing|the indentation|not valid YAML)/],
    ['a tab as indentation', 'users:\n\talice: {}', /^2:1 : indent with spaces/],
    ['a key that is there twice', 'data: a\ndata: b', /^2:1 : this key is there twice$/],
    ['an unknown key', 'data: a\nlisten: { htttp: 127.0.0.1:1 }', /^2:11 listen\.htttp: unknown key; did you mean http\?$/],
    ['a witness of no known kind', 'witness: [{ fax: 123 }]', /^1:11 witness\.0: expected one of \{ file: PATH \}/],
    [
      'a witness whose secret is not there',
      'witness: [{ webhook: "https://a.example", secret: { env: NOWHERE } }]',
      /witness\.0\.secret\.env: environment variable NOWHERE is not set/,
    ],
    [
      'a witness with a key that was mistyped',
      'witness: [{ tlog: "https://a.example", key: "a.example+00000000+AAAA" }]',
      /witness\.0\.key: expected the key of a witness/,
    ],
    ['an unknown key at the top', '\nresorces: {}', /^2:1 resorces: unknown key; did you mean resources\?$/],
    ['a key of a later version', resource(...GOOD, 'masking: { columns: all }'), /^6:5 resources\.db\.masking: unknown key/],
    ['accounts without roles', resource(...GOOD, 'accounts: { mode: ephemeral }'), /^6:15 resources\.db\.accounts: mode: ephemeral needs roles, such as/],
    [
      'roles for a type that is none',
      resource(...GOOD, 'accounts: { mode: ephemeral, roles: { reed: [a] } }'),
      /^6:43 resources\.db\.accounts\.roles\.reed: unknown key; did you mean read\?$/,
    ],
    ['a role that is no list', resource(...GOOD, 'accounts: { mode: ephemeral, roles: { read: a } }'), /accounts\.roles\.read: expected a list of roles/],
    ['no role at all', resource(...GOOD, 'accounts: { mode: ephemeral, roles: { read: [] } }'), /accounts\.roles\.read: expected at least one role/],
    ['a role that everybody has', resource(...GOOD, 'accounts: { mode: ephemeral, roles: { read: [public] } }'), /roles\.read\.0: this is no role that/],
    [
      'a role whose name the server would cut off',
      resource(...GOOD, `accounts: { mode: ephemeral, roles: { read: [${'ä'.repeat(32)}] } }`),
      /roles\.read\.0: a role's name is 63 bytes at most$/,
    ],
    [
      'the rights of the credential for everybody',
      resource(...GOOD, 'accounts: { mode: ephemeral, roles: { write: [app] } }'),
      /^6:\d+ resources\.db\.accounts\.roles\.write: the credential's own role app may make and remove accounts/,
    ],
    [
      'roles that say nothing',
      resource(...GOOD, 'accounts: { roles: { read: [a] } }'),
      /^6:24 resources\.db\.accounts\.roles: roles says nothing with mode: shared/,
    ],
    [
      'a record that is to outlive the host on that host',
      resource(...GOOD, 'durability: store'),
      /^6:17 resources\.db\.durability: a record in SQLite goes with this host/,
    ],
    ['a durability that is none', resource(...GOOD, 'durability: ram'), /durability: expected process, disk or store/],
    ['a wrong type', 'users: { bob: { groups: dba } }', /^1:25 users\.bob\.groups: expected array/],
    ['a bad duration', 'hold: { connect: 20 seconds }', /^1:18 hold\.connect: expected a duration such as 90s/],
    ['a number as a duration', 'session: { max: 8 }', /^1:17 session\.max: expected a duration/],
    ['an address without a port', 'listen: { http: 127.0.0.1 }', /^1:17 listen\.http: expected host:port/],
    ['a port that is none', 'listen: { postgres: 127.0.0.1:65536 }', /^1:21 listen\.postgres: expected host:port/],
    ['a store that is none', 'store: mysql://x', /^1:8 store: expected sqlite, postgres:\/\//],
    [
      'a protocol of later',
      'resources: { db: { protocol: ssh, url: "ssh://h", credential: { username: u } } }',
      /^1:30 resources\.db\.protocol: expected postgres/,
    ],
    ['a resource without credential', 'resources: { db: { protocol: postgres, url: postgres://h/d } }', /^1:18 resources\.db\.credential: expected object/],
    ['a number as a label', resource(...GOOD, 'labels: { env: 7 }'), /^6:20 resources\.db\.labels\.env: expected text/],
    ['a label that hides an attribute', resource(...GOOD, 'labels: { name: x }'), /^6:15 resources\.db\.labels\.name: every resource has this/],
    ['a mode that is none', resource(...GOOD, 'mode: watch'), /^6:11 resources\.db\.mode: expected one of "enforce"\|"observe"/],
    ['a resource name with a slash', 'resources: { a/b: {} }', /resources\.a\/b: a resource name holds/],
    ['a user name with a slash', 'users: { alice/claude: {} }', /^1:10 users\.alice\/claude: a user name has no spaces/],
    ['the name of the local administrator', 'users: { local-admin: {} }', /^1:10 users\.local-admin: local-admin is the administrator/],
    ['a group with a comma', 'groups: ["a,b"]', /^1:10 groups\.0: a group is a word/],
    [
      'a missing variable',
      resource(...GOOD.slice(0, 1), 'credential: { username: app, password: { env: NOWHERE } }'),
      /^5:51 resources\.db\.credential\.password\.env: environment variable NOWHERE is not set$/,
    ],
    ['a missing variable of the store', 'store: { url: { env: NOWHERE } }', /^1:22 store\.url\.env: environment variable NOWHERE is not set$/],
    [
      'a missing credential file',
      resource(...GOOD.slice(0, 1), 'credential: { username: app, password: { file: ./none } }'),
      /^5:52 resources\.db\.credential\.password\.file: .*none cannot be read \(ENOENT\)$/,
    ],
    ['a missing ca', resource(...GOOD, 'tls: { ca: ./none.pem }'), /^6:16 resources\.db\.tls\.ca: .*none\.pem cannot be read \(ENOENT\)$/],
    [
      'a missing client key',
      resource(...GOOD, 'tls: { cert: countersign.yaml, key: ./none.pem }'),
      /^6:41 resources\.db\.tls\.key: .*none\.pem cannot be read/,
    ],
    ['a client certificate without its key', resource(...GOOD, 'tls: { cert: countersign.yaml }'), /^6:18 resources\.db\.tls\.cert: a cert needs the key/],
    ['a client key without its certificate', resource(...GOOD, 'tls: { key: countersign.yaml }'), /^6:17 resources\.db\.tls\.key: a key needs the certificate/],
    [
      'a client certificate that is not used',
      resource(...GOOD, 'tls: { mode: disable, cert: countersign.yaml, key: countersign.yaml }'),
      /^6:33 resources\.db\.tls\.cert: a cert says nothing/,
    ],
    ['recordings that are kept nowhere', 'recordings: { retention: 30d }', /^1:13 recordings: expected either directory: FOLDER or s3/],
    [
      'recordings that are kept twice',
      'recordings: { directory: a, s3: { endpoint: https://h, bucket: abc, credential: { id: a, secret: { env: STORE } } } }',
      /expected either/,
    ],
    ['a key of recordings that is not there', 'recordings: { directory: a, key: { file: ./none } }', /^1:42 recordings\.key\.file: .*none cannot be read/],
    [
      'a bucket that is none',
      'recordings: { s3: { endpoint: https://h, bucket: A_B, credential: { id: a, secret: { env: STORE } } } }',
      /recordings\.s3\.bucket: a bucket has/,
    ],
    [
      'a secret of a bucket that is written down',
      'recordings: { s3: { endpoint: https://h, bucket: abc, credential: { id: a, secret: b } } }',
      /recordings\.s3\.credential\.secret: expected \{ env: NAME \}/,
    ],
    ['a misspelt key of recordings', 'recordings: { directory: a, retension: 30d }', /recordings\.retension: unknown key; did you mean retention/],
    ['a missing certificate', 'tls: { cert: policies, key: nokey }', /^1:14 tls\.cert: .*policies is a folder, not a file$/],
    ['a missing policies folder', 'policies: ./nowhere', /^1:11 policies: .*nowhere is no folder$/],
    ['a url without a database', resource('url: postgres://db.internal', GOOD[1] ?? ''), /^4:10 resources\.db\.url: the url names no database/],
    ['a url of another kind', resource('url: mysql://db.internal/orders', GOOD[1] ?? ''), /^4:10 resources\.db\.url: expected postgres:\/\//],
    ['parameters in a url', resource('url: postgres://h/d?sslmode=disable', GOOD[1] ?? ''), /^4:10 resources\.db\.url: no parameters in the url/],
    ['a ca that is not used', resource(...GOOD, 'tls: { mode: disable, ca: countersign.yaml }'), /^6:31 resources\.db\.tls\.ca: a ca says nothing/],
  ])('%s', (_, yaml, expected) => {
    expect(problemsOf(yaml)).toContainEqual(expect.stringMatching(expected))
  })

  test('all problems of a file are told at once, in order', () => {
    const problems = problemsOf('hold: { connect: x }\nusers: { bob: { admin: yes } }\nlables: []')
    expect(problems.map((problem) => problem.split(' ')[0])).toEqual(['1:18', '2:24', '3:1'])
  })

  test('the message can be read line by line in an editor', () => {
    expect(() => load('data: a\nfoo: 1')).toThrow(`${join(folder, 'countersign.yaml')}:2:1: foo: unknown key`)
  })

  test('a file that is not there', () => {
    expect(() => loadConfig(join(folder, 'none.yaml'))).toThrow('none.yaml:1:1: cannot be read (ENOENT)')
  })

  test.each([
    resource('url: postgres://db/orders', 'credential: { username: app, password: canary-secret }'),
    resource('url: postgres://app:canary-secret@db/orders', 'credential: { username: app }'),
    resource('url: "postgres://app:canary-secret@db:99999/orders"', 'credential: { username: app }'),
    resource('url: postgres://db/orders', 'credential: { username: app, password: { env: DB_PASSWORD, value: canary-secret } }'),
    'store: mysql://canary-secret',
    'store: "canary-secret',
    'a: b: canary-secret',
    'a: &x 1\nb: *canary-secret',
    'canary-secret',
    '- "canary-secret\\q"',
  ])('no message repeats what may be a secret: %s', (yaml) => {
    expect(problemsOf(yaml).join('\n')).not.toContain('canary')
  })

  test('an inline password is told how to do it', () => {
    const [problem] = problemsOf(resource('url: postgres://db/orders', 'credential: { username: app, password: hunter2 }'))
    expect(problem).toBe(
      '5:44 resources.db.credential.password: expected { env: NAME }, { file: PATH } or { exec: [PROGRAM, ARGUMENT, …] }: a secret is never written here itself',
    )
  })
})
