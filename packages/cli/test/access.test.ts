import { once } from 'node:events'
import { dirname } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Finding } from '@countersign/contract/schemas/finding'
import { type Bed, openBed, type Person } from '../../gateway/test/api/bed.ts'
import { cli, start } from './cli.ts'

let bed: Bed
beforeAll(async () => {
  bed = await openBed()
})
afterAll(() => bed.close())

const as = (person: Person) => ({ env: { COUNTERSIGN_GATEWAY: bed.url, COUNTERSIGN_TOKEN: bed.secrets[person] } })
const json = async (person: Person, ...args: string[]) => {
  const { code, stdout } = await cli([...args, '--json'], as(person))
  expect(stdout).toMatch(/^.*\n$/)
  return { code, value: JSON.parse(stdout) }
}
const ask = async (action: string) => (await bed.client('alice').ask({ resource: 'orders-db', action })).request

describe('whoami and resources', () => {
  it('say who and what, for people and for programs', async () => {
    expect((await cli(['whoami'], as('alice'))).stdout).toMatch(/^principal +alice\ngroups +engineering\n/)
    expect(await json('alice', 'whoami')).toMatchObject({ code: 0, value: { user: 'alice', mayReview: true, unproven: true } })
    const { stdout } = await cli(['resources'], as('alice'))
    expect(stdout).toMatch(/RESOURCE +PROTOCOL +LABELS +MODE/)
    expect(stdout).toMatch(/orders-db +postgres +env=production +enforce +runs +runs +needs 1 of dba +never/)
    expect(await json('alice', 'resources')).toMatchObject({ value: [{ name: 'orders-db' }] })
  })

  it('a wrong token is refused with what to check, and is not printed', async () => {
    const { code, stderr } = await cli(['whoami'], { env: { COUNTERSIGN_GATEWAY: bed.url, COUNTERSIGN_TOKEN: 'cst_wrong' } })
    expect(code).toBe(1)
    expect(stderr).toMatch(/this token is not known here, has expired or was revoked\n.*COUNTERSIGN_TOKEN.*countersign login/)
    expect(stderr).not.toContain('cst_wrong')
  })
})

describe('resource check', () => {
  const weak: Finding = {
    check: 'credential',
    severity: 'warning',
    database: null,
    what: 'it is a superuser',
    why: 'it need not',
    sql: 'ALTER ROLE app NOSUPERUSER;',
  }
  const hostile: Finding = { ...weak, database: 'orders', what: 'it is \u202e open' }
  const found = (...findings: readonly Finding[]) => void bed.findings.splice(0, bed.findings.length, ...findings)

  it('prints what is wrong, why that matters and the SQL that mends it', async () => {
    found(weak, hostile)
    const { stdout, code } = await cli(['resource', 'check', 'orders-db'], as('root'))
    expect(stdout).toMatch(
      /^SEVERITY +CHECK +DATABASE +FINDING\n *warning +credential +\(server\) +it is a superuser\n *warning +credential +orders +it is <U\+202E> open/,
    )
    expect(stdout).toContain('\ncredential: it need not\n  ALTER ROLE app NOSUPERUSER;\n  ALTER ROLE app NOSUPERUSER; -- in orders\n')
    expect(code).toBe(0)
    expect(await json('root', 'resource', 'check', 'orders-db')).toEqual({
      code: 0,
      value: { resource: 'orders-db', databases: ['orders'], findings: [weak, hostile] },
    })
  })

  it.each(['serious', 'blocking'] as const)('has exit code 1 when something is %s', async (severity) => {
    found(weak, { ...weak, severity, sql: null })
    expect((await cli(['resource', 'check', 'orders-db'], as('root'))).code).toBe(1)
  })

  it('says so when nothing is wrong', async () => {
    found()
    const { code, stdout, stderr } = await cli(['resource', 'check', 'orders-db'], as('root'))
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '', stderr: 'nothing is wrong with orders-db; looked into orders\n' })
  })

  it('is for admins, and for resources that are there', async () => {
    expect(await cli(['resource', 'check', 'orders-db'], as('alice'))).toMatchObject({ code: 1, stderr: expect.stringContaining('for admins') })
    expect(await cli(['resource', 'check', 'order-db'], as('root'))).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('there is no resource order-db'),
    })
  })
})

describe('request', () => {
  it('exit code 0 when policy allows by itself, 3 when it never does, 4 while pending', async () => {
    expect(await json('alice', 'request', 'orders-db', '--scope', 'sql:read')).toMatchObject({ code: 0, value: { status: 'approved' } })
    const denied = await cli(['request', 'orders-db', '--action', 'DROP TABLE orders'], as('alice'))
    expect(denied).toMatchObject({ code: 3, stdout: '', stderr: expect.stringContaining('denied by no-ddl') })
    const pending = await cli(['request', 'orders-db', '--action', 'DELETE FROM orders WHERE id = 1'], as('alice'))
    expect(pending).toMatchObject({
      code: 4,
      stdout: expect.stringMatching(/^req-\w+ pending: needs 1 of dba/),
      stderr: expect.stringContaining('countersign withdraw req-'),
    })
  })

  it('asked again is the same request', async () => {
    const { id } = await ask('DELETE FROM orders WHERE id = 2')
    const again = await cli(['request', 'orders-db', '--action', 'DELETE FROM orders WHERE id = 2', '--json'], as('alice'))
    expect(JSON.parse(again.stdout)).toMatchObject({ id })
    expect(again.stderr).toContain('the same request')
  })

  it.each([
    ['approve', [], 0],
    ['deny', ['--comment', 'no'], 3],
  ] as const)('--wait ends when somebody says %s', async (verdict, more, code) => {
    const { id } = await ask(`DELETE FROM orders WHERE note = '${verdict}'`)
    const waiting = start(['request', 'orders-db', '--action', `DELETE FROM orders WHERE note = '${verdict}'`, '--wait', '--json'], as('alice'))
    await once(waiting.child.stderr, 'data')
    expect((await cli([verdict, id, ...more], as('bob'))).code).toBe(0)
    const { stdout, code: got } = await waiting.ended
    expect({ code: got, ...JSON.parse(stdout) }).toMatchObject({ code, id })
  })

  it('Ctrl-C stops waiting, says how to withdraw, and does not', async () => {
    const { id } = await ask('DELETE FROM orders WHERE id = 3')
    const waiting = start(['request', 'orders-db', '--action', 'DELETE FROM orders WHERE id = 3', '--wait'], as('alice'))
    let said = ''
    waiting.child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
    await expect.poll(() => said, { timeout: 10_000 }).toContain('needs 1 of dba')
    waiting.child.kill('SIGINT')
    expect(await waiting.ended).toMatchObject({ code: 4, stderr: expect.stringContaining(`countersign withdraw ${id}`) })
    expect((await bed.client('alice').request({ id })).status).toBe('pending')
  })
})

describe('review', () => {
  it('the inbox is an array with ids, for the one who may review', async () => {
    const { id } = await ask('DELETE FROM orders WHERE id = 4')
    const inbox = await json('bob', 'requests', '--inbox')
    expect(inbox.value.map((each: { id: string }) => each.id)).toContain(id)
    expect((await json('alice', 'requests', '--inbox')).value).toEqual([])
    expect((await cli(['requests', '--inbox'], as('alice'))).stderr).toContain('nothing waits for your review')
  })

  it('shows the exact action, with everything that cannot be seen made visible', async () => {
    const { id } = await ask("DELETE FROM orders\nWHERE note = 'a\u202e\u001b[2Jb'")
    const { stdout, code } = await cli(['show', id.replace('req-', '')], as('bob'))
    expect(code).toBe(0)
    expect(stdout).toContain('  1 | DELETE FROM orders\n')
    expect(stdout).toContain("  2 | WHERE note = 'a<U+202E><U+001B>[2Jb'\n")
    const list = await cli(['requests'], as('bob'))
    for (const text of [stdout, list.stdout]) expect(text).not.toMatch(/[^\P{Cc}\n]|\u202e/u)
    const raw = await cli(['show', id, '--json'], as('bob'))
    expect(raw.stdout).not.toContain('\u202e')
    expect(JSON.parse(raw.stdout).ask.text).toContain('\u202e')
  })

  it('approve prints what was approved and by whom; a second approval is refused', async () => {
    const { id } = await ask('DELETE FROM orders WHERE id = 5')
    const { code, stdout } = await cli(['approve', id, '--comment', 'fine\u001b[31m'], as('bob'))
    expect(code).toBe(0)
    expect(stdout).toContain('DELETE FROM orders WHERE id = 5')
    expect(stdout).toContain(`${id} approved by bob (unproven): "fine<U+001B>[31m"`)
    expect(await cli(['approve', id], as('bob'))).toMatchObject({ code: 1, stderr: expect.stringContaining('already') })
  })

  it('--for gives a grant for that long, which revoke and done end', async () => {
    const { id } = await ask('DELETE FROM orders WHERE id = 6')
    expect((await cli(['approve', id, '--for', '15m'], as('bob'))).code).toBe(0)
    const grants = await json('alice', 'grants')
    const grant = grants.value.find((each: { request: string }) => each.request === id)
    expect(grant).toMatchObject({ coverage: { kind: 'scope', scope: 'sql:write' }, status: 'active' })
    expect((await cli(['grants'], as('alice'))).stdout).toMatch(
      new RegExp(`${grant.id} +alice +orders-db +sql:write +bob +(?:[-\\d]{10} )?\\d\\d:\\d\\d \\(in 14m`),
    )
    expect(await json('bob', 'revoke', grant.id, '--reason', 'enough')).toMatchObject({
      code: 0,
      value: { status: 'revoked', endReason: expect.stringContaining('enough') },
    })
    expect(await json('alice', 'done')).toMatchObject({ code: 0, value: expect.any(Array) })
    expect((await json('alice', 'grants')).value).toEqual([])
    expect((await cli(['grants'], as('alice'))).stderr).toContain('no live grants')
    expect((await json('alice', 'grants', '--all')).value.length).toBeGreaterThan(0)
  })

  it('nobody approves his own; the requester withdraws, with exit code 0', async () => {
    const { id } = await ask('DELETE FROM orders WHERE id = 8')
    expect(await cli(['approve', id], as('alice'))).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('own request') })
    expect(await cli(['withdraw', id], as('alice'))).toMatchObject({ code: 0, stdout: `${id} withdrawn\n` })
    expect(await cli(['deny', id, '--comment', 'late'], as('bob'))).toMatchObject({ code: 1, stderr: expect.stringContaining('already withdrawn') })
  })

  it('an id that is not there is an error, as is one that is no id', async () => {
    expect(await cli(['show', 'req-00000000'], as('bob'))).toMatchObject({ code: 1, stderr: expect.stringContaining('there is no request') })
    expect((await cli(['show', '../../healthz'], as('bob'))).code).toBe(1)
    expect(await cli(['kill', 'ses-00000000'], as('alice'))).toMatchObject({ code: 1, stderr: expect.stringContaining('there is no session') })
  })
})

describe('policy explain', () => {
  it('says allow, review and deny, always with exit code 0', async () => {
    expect(await cli(['policy', 'explain', 'orders-db', '--type', 'sql:read'], as('alice'))).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^allow \(by reads\)/),
    })
    expect(await json('alice', 'policy', 'explain', 'orders-db', '--action', 'DELETE FROM orders')).toMatchObject({
      code: 0,
      value: { decision: { effect: 'review', needs: '1 of dba' } },
    })
    expect((await cli(['policy', 'explain', 'orders-db', '--type', 'sql:ddl'], as('alice'))).stdout).toMatch(/^denied by no-ddl/)
  })
})

describe('as local administrator, over the admin socket', () => {
  const data = () => dirname(bed.socketPath)

  it('token create prints the token alone, and it works until it is revoked', async () => {
    const { code, stdout, stderr } = await cli(['token', 'create', '--user', 'alice', '--agent', 'claude', '--for', '8h', '--data', data()])
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/^cst_[\w-]{43}\n$/) })
    expect(stderr).not.toContain(stdout.trim())
    const env = { COUNTERSIGN_GATEWAY: bed.url, COUNTERSIGN_TOKEN: stdout.trim() }
    expect((await cli(['whoami', '--json'], { env })).stdout).toContain('"id":"alice/claude"')
    const listed = await cli(['token', 'list', '--data', data(), '--json'])
    expect(listed.stdout).not.toContain('cst_')
    const { id } = JSON.parse(listed.stdout).find((each: { agent: string }) => each.agent === 'claude')
    expect(await cli(['token', 'revoke', id, '--data', data()])).toMatchObject({ code: 0, stdout: `${id} of alice revoked\n` })
    expect((await cli(['whoami'], { env })).code).toBe(1)
  })

  it('--json has the token with its id and its end', async () => {
    const { stdout } = await cli(['token', 'create', '--user', 'bob', '--may-review', '--data', data(), '--json'])
    expect(JSON.parse(stdout)).toMatchObject({
      token: expect.stringMatching(/^cst_/),
      id: expect.stringMatching(/^tok-/),
      expiresAt: expect.any(String),
      mayReview: true,
    })
  })

  it('needs no token of its own, and reviews nothing', async () => {
    expect(await cli(['token', 'create', '--user', 'nobody', '--data', data()])).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('nobody'),
    })
    const { id } = await ask('DELETE FROM orders WHERE id = 9')
    expect((await cli(['approve', id, '--data', data()])).code).toBe(1)
  })
})

describe('ledger verify through the API', () => {
  it('verifies here what the gateway hands out, or says that it may not', async () => {
    const { code, stdout } = await cli(['ledger', 'verify', '--json'], as('root'))
    expect({ code, ...JSON.parse(stdout) }).toMatchObject({ code: 0, ok: true })
    expect((await cli(['ledger', 'verify'], as('alice'))).code).toBe(1)
  })
})

describe('colour', () => {
  it('is not used where there is no terminal, whatever CI says', async () => {
    for (const env of [{}, { NO_COLOR: '1' }, { CI: 'true' }]) {
      const { stdout, stderr } = await cli(['resources'], { env: { ...as('alice').env, ...env } })
      expect(stdout + stderr).not.toContain('\u001b')
    }
  })
})
