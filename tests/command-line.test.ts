import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { cli, type Ran, start } from '../packages/cli/test/cli.ts'
import { type GatewayProcess, startGateway } from './support/gateway.ts'
import { lacks } from './support/needs.ts'
import { type PostgresServer, startPostgres } from './support/postgres.ts'

const POLICY = `
@id("reads") permit (principal in Group::"engineering", action in [Action::"connect", Action::"sql:read"], resource);
@id("writes") @review("dba") @grants("30m") @expires("20m")
permit (principal in Group::"engineering", action == Action::"sql:write", resource);
@id("no-where-no-way") @message("UPDATE or DELETE without a WHERE that restricts")
forbid (principal, action == Action::"sql:write", resource) when { context.unbounded && resource.name != "batch-db" };
`

describe.skipIf(lacks('psql'))('the command line, against a running gateway', () => {
  let target: PostgresServer
  let gateway: GatewayProcess
  let alice: { readonly env: NodeJS.ProcessEnv }
  let bob: { readonly env: NodeJS.ProcessEnv }

  beforeAll(async () => {
    target = await startPostgres()
    const resource = {
      protocol: 'postgres',
      url: `postgres://${target.host}:${target.port}/postgres`,
      credential: { username: target.superuser, password: { env: 'TARGET_PASSWORD' } },
      labels: { env: 'production' },
    }
    gateway = await startGateway({
      users: { 'alice@example.com': { groups: ['engineering'] }, 'bob@example.com': { groups: ['dba'], admin: true } },
      resources: { 'orders-db': resource, 'batch-db': { ...resource, onHold: 'refuse' } },
      policy: POLICY,
      env: { TARGET_PASSWORD: target.password },
    })
    const as = async (user: string, mayReview: boolean) => ({
      env: { COUNTERSIGN_GATEWAY: gateway.url, COUNTERSIGN_TOKEN: await gateway.token(user, { mayReview }) },
    })
    alice = await as('alice@example.com', false)
    bob = await as('bob@example.com', true)
  })

  beforeEach(async () => {
    await direct(target, 'DROP TABLE IF EXISTS orders; CREATE TABLE orders AS SELECT g AS id FROM generate_series(1, 5) g')
  })

  afterAll(async () => {
    await gateway?.stop()
    await target?.stop()
  })

  const exec = (action: string, ...options: string[]) => cli(['exec', 'orders-db', ...options, '--', action], alice)

  /** Waits for the one request in Bob's inbox. */
  async function inbox(): Promise<string> {
    for (;;) {
      const { stdout } = await cli(['requests', '--inbox', '--json'], bob)
      const [request] = JSON.parse(stdout) as { id: string }[]
      if (request) return request.id
    }
  }

  it('says who I am and what I can reach', async () => {
    expect((await cli(['whoami'], alice)).stdout).toContain('alice@example.com')
    const { stdout } = await cli(['resources', '--json'], alice)
    expect(JSON.parse(stdout)).toMatchObject([{ name: 'orders-db', summary: { read: 'runs', write: 'needs 1 of dba', ddl: 'never' } }, { name: 'batch-db' }])
  })

  it('exec prints the rows of a read, as a table and as JSON', async () => {
    expect((await exec('SELECT id FROM orders WHERE id < 3 ORDER BY id')).stdout).toMatch(/1\n.*2/)
    const { stdout, code } = await exec('SELECT id FROM orders WHERE id < 3 ORDER BY id', '--json')
    expect(JSON.parse(stdout)).toEqual({ rows: [{ id: 1 }, { id: 2 }], rowCount: 2, command: 'SELECT' })
    expect(code).toBe(0)
  })

  it('exec waits while its statement is held, and runs it once approved', async () => {
    const held = exec('DELETE FROM orders WHERE id = 1', '--reason', 'INC-7', '--json')
    const id = await inbox()
    expect((await cli(['show', id], bob)).stdout).toMatch(/INC-7[\s\S]*DELETE FROM orders WHERE id = 1/)
    expect((await cli(['approve', id, '--comment', 'matches'], bob)).code).toBe(0)
    const { code, stdout } = await held
    expect(JSON.parse(stdout)).toEqual({ rows: [], rowCount: 1, command: 'DELETE' })
    expect(code).toBe(0)
    await expect
      .poll(async () => (await cli(['show', id], bob)).stdout, { timeout: 10_000 })
      .toMatch(/\nran +once\n +done: DELETE 1 \(\d+ ms\), at \d\d:\d\d in ses-\w+\n/)
    expect(JSON.parse((await cli(['show', id, '--json'], bob)).stdout)).toMatchObject({
      id,
      runs: { count: 1, latest: [{ result: 'done', summary: 'DELETE 1', rows: 1 }] },
    })
  })

  it('exec exits with 3 when a reviewer denies, and when policy does', async () => {
    const held = exec('DELETE FROM orders WHERE id = 2')
    await cli(['deny', await inbox(), '--comment', 'not this one'], bob)
    expect(await held).toMatchObject({ code: 3, stderr: expect.stringContaining('not this one') })
    expect(await exec('DELETE FROM orders')).toMatchObject({ code: 3, stderr: expect.stringContaining('no-where-no-way') })
    expect(await count(exec)).toBe(5)
  })

  it('exec exits with 4 at once where the resource does not keep clients waiting', async () => {
    const { code, stderr } = await cli(['exec', 'batch-db', '--', 'DELETE FROM orders WHERE id = 3'], alice)
    expect(stderr).toMatch(/held req-\w+/)
    expect(code).toBe(4)
    await cli(['approve', await inbox()], bob)
    expect(await cli(['exec', 'batch-db', '--', 'DELETE FROM orders WHERE id = 3;'], alice)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('DELETE 1'),
    })
  })

  it.each([
    ['DELETE FROM orders WHERE id < 3', ['touches orders', '2 rows when it was held', 'by id', 'fires noted']],
    ['TRUNCATE orders', ['touches orders', 'rows not known, for a TRUNCATE leaves none, however many there are; the planner expects about 5', 'fires emptied']],
    ['COPY orders (id) FROM STDIN', ['touches orders', 'rows not known, for the rows of a COPY come when it runs', 'sets id', 'fires noted']],
  ])('show says what %s would do', async (text, lines) => {
    await direct(
      target,
      `CREATE OR REPLACE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
      CREATE TRIGGER noted AFTER INSERT OR DELETE ON orders FOR EACH ROW EXECUTE FUNCTION noted();
      CREATE TRIGGER emptied AFTER TRUNCATE ON orders FOR EACH STATEMENT EXECUTE FUNCTION noted(); ANALYZE orders`,
    )
    await cli(['exec', 'batch-db', '--', text], alice)
    const id = await inbox()
    const { stdout } = await cli(['show', id], bob)
    for (const line of lines) expect(stdout).toContain(`\n  ${line}\n`)
    await cli(['deny', id, '--comment', 'only looking'], bob)
  })

  it('request asks ahead: 4 while it is pending, 3 when it was denied, and the statement then runs unasked', async () => {
    const asked = await cli(['request', 'orders-db', '--action', 'DELETE FROM orders WHERE id = 4', '--reason', 'INC-8', '--json'], alice)
    expect(asked.code).toBe(4)
    const { id } = JSON.parse(asked.stdout) as { id: string }
    await cli(['approve', id], bob)
    expect(await exec('DELETE FROM orders WHERE id = 4')).toMatchObject({ code: 0, stdout: expect.stringContaining('DELETE 1') })
    const waiting = cli(['request', 'orders-db', '--scope', 'sql:write', '--for', '5m', '--wait'], alice)
    await cli(['deny', await inbox(), '--comment', 'ask for the statement'], bob)
    expect(await waiting).toMatchObject({ code: 3 })
  })

  it('approve --shape --rows lets the like of a statement run, up to that many rows', async () => {
    const held = exec('DELETE FROM orders WHERE id < 2')
    await cli(['approve', await inbox(), '--shape', '--rows', '1'], bob)
    expect((await held).stdout).toContain('DELETE 1')
    expect((await exec('DELETE FROM orders WHERE id < 3')).stdout).toContain('DELETE 1')
    const wider = exec('DELETE FROM orders WHERE id < 5')
    await cli(['deny', await inbox(), '--comment', 'too many'], bob)
    expect(await wider).toMatchObject({ code: 3, stderr: expect.stringContaining('too many') })
  })

  describe('a file of statements', () => {
    const directory = mkdtempSync(join(tmpdir(), 'countersign-file-'))
    afterAll(() => rmSync(directory, { recursive: true }))

    function file(text: string): string {
      const path = join(directory, 'fix.sql')
      writeFileSync(path, text)
      return path
    }

    it('is one request that lists every statement, and one approval runs them all', async () => {
      const texts = [1, 2, 3].map((id) => `DELETE FROM orders WHERE id = ${id}`)
      const held = cli(['exec', 'orders-db', '-f', file(`\uFEFF${texts.join(';\n')};\n`), '--json'], alice)
      const id = await inbox()
      const { stdout } = await cli(['show', id], bob)
      expect(stdout).toContain('asks to run once, in this order, 3 statements (sql:write):')
      for (const [index, text] of texts.entries()) expect(stdout).toContain(`  ${index + 1} | ${text}`)
      expect((await cli(['requests', '--inbox'], bob)).stdout).toContain('3 statements: DELETE FROM orders WHERE id = 1; DELETE')
      await cli(['approve', id], bob)
      const { code, stdout: rows } = await held
      expect({ code, commands: JSON.parse(rows) }).toEqual({ code: 0, commands: texts.map(() => ({ rows: [], rowCount: 1, command: 'DELETE' })) })
      expect(await count(exec)).toBe(2)
    })

    it('is undone as a whole by an error in its middle', async () => {
      const held = cli(['exec', 'orders-db', '-f', file('DELETE FROM orders WHERE id = 1; UPDATE orders SET id = 1 / 0 WHERE id = 2')], alice)
      await cli(['approve', await inbox()], bob)
      expect(await held).toMatchObject({ code: 1, stderr: expect.stringContaining('division by zero') })
      expect(await count(exec)).toBe(5)
    })

    it('can be asked for ahead, and then runs unasked', async () => {
      const path = file('DELETE FROM orders WHERE id = 1;\nDELETE FROM orders WHERE id = 2;\n')
      const { stdout } = await cli(['request', 'orders-db', '-f', path, '--json'], alice)
      const { id } = JSON.parse(stdout) as { id: string }
      await cli(['approve', id], bob)
      expect(await cli(['exec', 'orders-db', '-f', path], alice)).toMatchObject({ code: 0, stdout: 'DELETE 1\nDELETE 1\n' })
    })
  })

  it('a request can be withdrawn by who made it', async () => {
    const { stdout } = await cli(['request', 'orders-db', '--scope', 'sql:write', '--for', '5m', '--json'], alice)
    const { id } = JSON.parse(stdout) as { id: string }
    expect((await cli(['withdraw', id], bob)).code).not.toBe(0)
    expect((await cli(['withdraw', id], alice)).code).toBe(0)
    expect((await cli(['approve', id], bob)).stderr).toContain('withdrawn')
  })

  it('connect opens psql with everything filled in, and says what to expect', async () => {
    const { code, stdout, stderr } = await cli(['connect', 'orders-db', '--reason', "it's INC-7", '--', '-At', '-c', 'SELECT 6 * 7'], alice)
    expect(stdout.trim()).toBe('42')
    expect(stderr).toMatch(/orders-db \(production\) as alice@example\.com · reads run · writes need 1 of dba · ends/)
    expect(code).toBe(0)
  })

  it('sessions and grants are listed, and end by done, revoke and kill', async () => {
    for (const end of [
      (session: Live) => cli(['kill', session.id, '--reason', 'maintenance'], bob),
      (session: Live) => cli(['revoke', session.grant, '--reason', 'left the team'], bob),
      () => cli(['done', 'orders-db'], alice),
    ]) {
      const busy = start(['exec', 'orders-db', '--', 'SELECT pg_sleep(30)'], alice)
      const session = await liveSession()
      expect((await end(session)).code).toBe(0)
      const ended = await busy.ended
      expect(ended.stderr).toMatch(/terminating connection|connection/i)
      expect(ended.code).not.toBe(0)
    }
  })

  interface Live {
    readonly id: string
    readonly grant: string
  }

  async function liveSession(): Promise<Live> {
    for (;;) {
      const { stdout } = await cli(['sessions', '--json'], bob)
      const [session] = JSON.parse(stdout) as Live[]
      if (session) return session
    }
  }

  it('tokens are made, listed without their secret, and revoked', async () => {
    const made = JSON.parse((await cli(['token', 'create', '--user', 'alice@example.com', '--agent', 'claude', '--data', gateway.data, '--json'])).stdout) as {
      token: string
      id: string
    }
    const agent = { env: { COUNTERSIGN_GATEWAY: gateway.url, COUNTERSIGN_TOKEN: made.token } }
    expect((await cli(['whoami'], agent)).stdout).toContain('claude')
    const list = await cli(['token', 'list', '--json', '--data', gateway.data])
    expect(list.stdout).toContain(made.id)
    expect(list.stdout).not.toContain(made.token)
    expect((await cli(['token', 'revoke', made.id, '--data', gateway.data])).code).toBe(0)
    expect((await cli(['whoami'], agent)).code).not.toBe(0)
  })

  it('policy explain says which policy decides, and why', async () => {
    const { stdout, code } = await cli(['policy', 'explain', 'orders-db', '--user', 'alice@example.com', '--action', 'UPDATE orders SET id = 1'], bob)
    expect(stdout).toContain('no-where-no-way')
    expect(code).toBe(0)
  })

  it('ledger verify finds the record of all this whole', async () => {
    const { code, stdout } = await cli(['ledger', 'verify', '--data', gateway.data])
    expect(stdout).toMatch(/\d+ entries verified/)
    expect(code).toBe(0)
  })
})

/** As the target's own superuser, past the gateway. */
async function direct({ host, port, superuser, password }: PostgresServer, text: string): Promise<void> {
  const client = new pg.Client({ host, port, user: superuser, password, database: 'postgres' })
  await client.connect()
  await client.query(text)
  await client.end()
}

async function count(exec: (action: string, ...options: string[]) => Promise<Ran>): Promise<number> {
  const { stdout } = await exec('SELECT count(*)::int AS n FROM orders', '--json')
  return (JSON.parse(stdout) as { rows: [{ n: number }] }).rows[0].n
}
