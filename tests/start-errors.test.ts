import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { countersign } from './support/ledger.ts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-start-'))
  mkdirSync(join(folder, 'policies'))
  writeFileSync(join(folder, 'policies', 'main.cedar'), '@id("all") permit (principal, action, resource);\n')
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

const CONFIG = `listen: { http: 127.0.0.1:0, postgres: 127.0.0.1:0 }
data: ./data
users: { alice@example.com: { groups: [] } }
resources:
  db:
    protocol: postgres
    url: postgres://127.0.0.1:1/db
    credential: { username: app, password: { env: COUNTERSIGN_TEST_PASSWORD } }
policies: ./policies
`

async function start(config: string, env: Readonly<Record<string, string>> = { COUNTERSIGN_TEST_PASSWORD: 'x' }) {
  const file = join(folder, 'countersign.yaml')
  writeFileSync(file, config)
  const { code, stdout, stderr } = await countersign(['start', '--config', file], env)
  return { code, said: stdout + stderr, file }
}

it.each([
  ['malformed YAML', (config: string) => config.replace('listen: {', 'listen: {{'), /countersign\.yaml:2:1: the indentation does not fit/],
  ['an unknown key', (config: string) => `${config}polices: ./policies\n`, /countersign\.yaml:10:1: polices: unknown key.*policies/],
  [
    'an unknown key further in',
    (config: string) => config.replace('protocol:', 'protokol:'),
    /countersign\.yaml:6:5: resources\.db\.protokol: unknown key.*protocol/,
  ],
  [
    'a value of the wrong kind',
    (config: string) => config.replace('127.0.0.1:0, postgres', '7070x, postgres'),
    /countersign\.yaml:1:\d+: listen\.http: .*host:port/,
  ],
  [
    'a policy folder that is not there',
    (config: string) => config.replace('./policies', './nowhere'),
    /countersign\.yaml:9:\d+: policies: .*nowhere is no folder/,
  ],
])('%s: named with file, key and what was expected', async (_, change, expected) => {
  const { code, said } = await start(change(CONFIG))
  expect(said).toMatch(expected)
  expect(said).not.toMatch(/\n\s+at /)
  expect(code).toBe(1)
})

it('a missing environment variable: named with file, key and its name', async () => {
  const { code, said } = await start(CONFIG, {})
  expect(said).toMatch(/countersign\.yaml:8:\d+: resources\.db\.credential\.password\.env: environment variable COUNTERSIGN_TEST_PASSWORD is not set/)
  expect(code).toBe(1)
})

it('no configuration at all: says where it looked', async () => {
  const { code, stderr } = await countersign(['start', '--config', join(folder, 'nothing.yaml')])
  expect(stderr).toContain(join(folder, 'nothing.yaml'))
  expect(code).toBeGreaterThan(0)
})

it('a broken policy: named with file, line and what is wrong', async () => {
  writeFileSync(join(folder, 'policies', 'main.cedar'), '@id("all")\npermit (principal, action, resource)\n')
  const { code, said } = await start(CONFIG)
  expect(said).toMatch(/policies\/main\.cedar:\d+:\d+: /)
  expect(code).toBe(1)
})

it.each(['http', 'postgres'])('a port in use: named with file and key (%s)', async (which) => {
  const taken = createServer()
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
  const address = taken.address()
  const port = address !== null && typeof address === 'object' ? address.port : 0
  try {
    const { code, said, file } = await start(CONFIG.replace(`${which}: 127.0.0.1:0`, `${which}: 127.0.0.1:${port}`))
    expect(said).toContain(`${file}: listen.${which}: 127.0.0.1:${port} cannot be had: another program is listening there`)
    expect(said).not.toMatch(/"ready":true/)
    expect(code).toBe(1)
  } finally {
    await new Promise((resolve) => taken.close(resolve))
  }
})

it('a store that does not answer: named, without its password', async () => {
  const { code, said } = await start(`${CONFIG}store: { url: { env: STORE_URL } }\n`, {
    COUNTERSIGN_TEST_PASSWORD: 'x',
    STORE_URL: 'postgres://app:canary-password@127.0.0.1:1/store',
  })
  expect(said).toMatch(/countersign\.yaml: store: .*ECONNREFUSED/)
  expect(said).not.toContain('canary-password')
  expect(code).toBe(1)
})
