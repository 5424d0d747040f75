import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Bed, openBed } from '../packages/gateway/test/api/bed.ts'
import { cli, start } from '../packages/cli/test/cli.ts'

let bed: Bed
let home: string
beforeEach(async () => {
  bed = await openBed()
  home = mkdtempSync(join(tmpdir(), 'countersign-home-'))
})
afterEach(async () => {
  rmSync(home, { recursive: true })
  await bed.close()
})

const file = () => join(home, 'countersign', 'logins.json')
const env = () => ({ XDG_CONFIG_HOME: home })
const run = (...args: readonly string[]) => cli(args, { env: env() })

/** `countersign login`, and what its user does on the web with the code that it prints. */
async function login(decision: 'confirm' | 'refuse', ...args: readonly string[]) {
  const { child, ended } = start(['login', '--gateway', bed.url, ...args], { env: env() })
  let said = ''
  child.stderr.on('data', (data) => (said += String(data)))
  await expect.poll(() => said, { timeout: 20_000 }).toMatch(/code: [A-Z]{4}-[A-Z]{4}/)
  const [, code] = /code: (\S+)/.exec(said) ?? []
  const secret = await bed.logins.create({ user: 'bob', method: 'passkey', flow: null, keep: null, before: null }, { client: '10.0.0.7:1', userAgent: null })
  const headers = { cookie: `__Host-countersign=${secret}`, origin: 'https://cs.example.com', 'content-type': 'application/json' }
  await fetch(`${bed.url}/api/v1/device/${code}/${decision}`, { method: 'POST', body: '{}', headers })
  return ended
}

test('a command line is signed in on the web, uses what it was given, and signs out', { timeout: 60_000 }, async () => {
  const signedIn = await login('confirm', '--name', 'laptop-7')
  expect(signedIn).toMatchObject({ code: 0, stdout: expect.stringContaining(`signed in to ${bed.url}/ as bob`) })
  expect(statSync(file()).mode & 0o777).toBe(0o600)
  const { token } = JSON.parse(readFileSync(file(), 'utf8')).gateways[`${bed.url}/`]
  expect(signedIn.stdout + signedIn.stderr).not.toContain(token)

  expect(JSON.parse((await run('whoami', '--json')).stdout)).toMatchObject({ user: 'bob', unproven: false })
  expect((await run('token', 'list')).stdout).toContain('laptop-7')
  const other = await cli(['whoami', '--json'], { env: { ...env(), COUNTERSIGN_TOKEN: bed.secrets.alice, COUNTERSIGN_GATEWAY: bed.url } })
  expect(JSON.parse(other.stdout)).toMatchObject({ user: 'alice' })

  chmodSync(file(), 0o640)
  expect(await run('whoami')).toMatchObject({ code: 1, stderr: expect.stringContaining('is open to others') })
  chmodSync(file(), 0o600)

  expect(await run('logout')).toMatchObject({ code: 0, stdout: `signed out of ${bed.url}/\n` })
  expect(readFileSync(file(), 'utf8')).not.toContain('cst_')
  expect((await bed.ask('/api/v1/whoami', { headers: { authorization: `Bearer ${token}` } })).status).toBe(401)
  expect(await run('whoami')).toMatchObject({ code: 1, stderr: expect.stringContaining('countersign login') })
})

test('one that was refused says so, and keeps nothing', { timeout: 60_000 }, async () => {
  expect(await login('refuse')).toMatchObject({ code: 3, stdout: '', stderr: expect.stringContaining('it was refused on the web') })
  expect(existsSync(file())).toBe(false)
})
