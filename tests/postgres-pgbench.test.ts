import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { entries, leftovers } from './support/aftermath.ts'
import { lacks } from './support/needs.ts'
import { openStage, type Stage } from './support/stage.ts'

const POLICY = `
@id("works") permit (principal, action in [Action::"connect", Action::"sql"], resource);
@id("writes") @review("dba") forbid (principal, action == Action::"sql:write", resource == Resource::"held");
`
const PIPELINE = `
\\set id 100 + :client_id
\\startpipeline
SELECT 1;
INSERT INTO orders VALUES (:id, 'new');
UPDATE orders SET status = 'paid' WHERE id = :id;
\\endpipeline
`
const CLIENTS = 4
const TRANSACTIONS = 50

describe.skipIf(lacks('pgbench'))('pgbench', () => {
  let stage: Stage

  beforeAll(async () => {
    stage = await openStage({ policy: POLICY, resources: { db: {}, held: {} } })
  })

  afterAll(() => stage?.close())

  const pgbench = (...options: string[]) => pgbenchOn('db', options)
  const pgbenchOn = async (database: string, options: readonly string[], script = '') => {
    const { host, port } = stage.gateway.postgres
    const env = { ...process.env, PGPASSWORD: stage.alice.token, PGUSER: stage.alice.user, PGHOST: host, PGPORT: String(port), PGDATABASE: database }
    const running = promisify(execFile)('pgbench', options, { env })
    running.child.stdin?.end(script)
    return running
  }

  it('makes its tables through a policy that allows DDL', async () => {
    await pgbench('--initialize', '--quiet', '--scale=1')
    expect(await stage.ask('SELECT count(*)::int FROM pgbench_accounts')).toEqual([100_000])
  })

  it.each(['simple', 'extended', 'prepared'])('reads and writes by the %s protocol', async (mode) => {
    const before = Number((await stage.ask('SELECT count(*) FROM pgbench_history'))[0])
    const options = [`--protocol=${mode}`, `--client=${CLIENTS}`, `--transactions=${TRANSACTIONS}`, '--no-vacuum']
    const all = `number of transactions actually processed: ${CLIENTS * TRANSACTIONS}/${CLIENTS * TRANSACTIONS}`
    const reads = await pgbench(...options, '--select-only')
    expect(reads.stdout).toContain(all)
    expect(reads.stderr).not.toMatch(/error|aborted/)
    const writes = await pgbench(...options)
    expect(writes.stdout).toContain(all)
    expect(writes.stderr).not.toMatch(/error|aborted/)
    expect(await stage.ask('SELECT count(*)::int FROM pgbench_history')).toEqual([before + CLIENTS * TRANSACTIONS])
  })

  it.each(['extended', 'prepared'])('has each of its pipelines held as one request, by the %s protocol', async (mode) => {
    const options = [`--protocol=${mode}`, '--client=2', '--transactions=1', '--no-vacuum', '--file=-']
    const running = pgbenchOn('held', options, PIPELINE)
    const inbox = () => stage.bob.api.requests({ inbox: true })
    await expect.poll(inbox, { timeout: 15_000 }).toHaveLength(2)
    for (const { id, ask } of await inbox()) {
      expect(ask).toMatchObject({ pipeline: true, statements: [{ type: 'sql:write' }, { type: 'sql:write' }] })
      await stage.bob.api.approve({ id })
    }
    expect((await running).stdout).toContain('number of transactions actually processed: 2/2')
    expect(await stage.ask("DELETE FROM orders WHERE id >= 100 AND status = 'paid' RETURNING id")).toHaveLength(2)
  })

  it('leaves nothing behind, and no statement without an outcome', async () => {
    expect(await leftovers(stage)).toEqual([])
    expect((await entries(stage, 'action.finished')).filter(({ result }) => result !== 'done')).toEqual([])
  })
})
