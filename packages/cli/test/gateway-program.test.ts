import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { cli, start } from './cli.ts'

const CONFIG = `
listen: { http: 127.0.0.1:0, postgres: 127.0.0.1:0 }
users: { alice@example.com: { groups: [engineering] } }
resources:
  orders-db:
    protocol: postgres
    url: postgres://127.0.0.1:5432/orders
    credential: { username: app }
    tls: { mode: disable }
`

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cs-'))
  mkdirSync(join(folder, 'policies'))
  writeFileSync(join(folder, 'countersign.yaml'), CONFIG)
  writeFileSync(join(folder, 'policies', 'main.cedar'), '@id("reads")\npermit (principal in Group::"engineering", action == Action::"connect", resource);\n')
})
afterEach(() => rmSync(folder, { recursive: true }))

describe('the gateway, which is a program of its own', () => {
  it('runs for one command where none runs on --data, and is gone afterwards', async () => {
    const data = join(folder, 'data')
    const made = await cli(['token', 'create', '--user', 'alice@example.com', '--data', data], { cwd: folder })
    expect(made).toMatchObject({ code: 0, stdout: expect.stringMatching(/^cst_[\w-]+\n$/) })
    expect(existsSync(join(data, 'admin.sock'))).toBe(false)
    const listed = await cli(['token', 'list', '--data', data, '--json'])
    expect(JSON.parse(listed.stdout)).toMatchObject([{ user: 'alice@example.com', revokedAt: null }])
    expect((await cli(['ledger', 'verify', '--data', data])).code).toBe(0)
  })

  it('says why it cannot start, and what to do', async () => {
    writeFileSync(join(folder, 'countersign.yaml'), `${CONFIG}\nlisten_on: 7\n`)
    const { code, stdout, stderr } = await cli(['token', 'create', '--user', 'alice@example.com', '--data', join(folder, 'data')], { cwd: folder })
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toContain('the gateway could not start for this command')
    expect(stderr).toContain('listen_on')
  })

  it('start runs it until SIGTERM, and commands then use its socket', async () => {
    const data = join(folder, 'data')
    const running = start(['start', '--data', data], { cwd: folder })
    await expect.poll(() => existsSync(join(data, 'admin.sock')), { timeout: 15_000 }).toBe(true)
    const me = await cli(['whoami', '--data', data, '--json'])
    expect(JSON.parse(me.stdout)).toMatchObject({ admin: true, gateway: readFileSync(join(data, 'gateway-id'), 'utf8').trim() })
    running.child.kill('SIGTERM')
    expect((await running.ended).code).toBe(0)
    expect(existsSync(join(data, 'admin.sock'))).toBe(false)
  })

  it('policy check passes good policies, and names file and line of bad ones', async () => {
    expect(await cli(['policy', 'check'], { cwd: folder })).toMatchObject({ code: 0, stderr: expect.stringContaining('no problems') })
    writeFileSync(join(folder, 'policies', 'main.cedar'), '@id("reads")\npermit (principal in Group::"enginering", action == Action::"connect", resource);\n')
    expect(await cli(['policy', 'check'], { cwd: folder })).toMatchObject({ code: 1, stdout: expect.stringMatching(/main\.cedar:2:\d+: .*engineering/) })
    const json = await cli(['policy', 'check', '--json'], { cwd: folder })
    expect({ code: json.code, ...JSON.parse(json.stdout) }).toMatchObject({ code: 1, ok: false, problems: [{ line: 2 }] })
  })

  it('policy check names the key of the configuration that is wrong, as start does', async () => {
    writeFileSync(join(folder, 'countersign.yaml'), `${CONFIG}\nhold: { connect: 20, inTransction: 60s }\n`)
    const { code, stdout } = await cli(['policy', 'check'], { cwd: folder })
    expect({ code, stdout }).toMatchObject({ code: 1, stdout: expect.stringMatching(/countersign\.yaml:\d+:\d+: hold\.connect: expected a duration/) })
    expect(stdout).toMatch(/: hold\.inTransction: unknown key; did you mean inTransaction\?/)
  })
})
