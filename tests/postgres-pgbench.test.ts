import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { entries, leftovers } from './support/aftermath.ts'
import { lacks } from './support/needs.ts'
import { openStage, type Stage } from './support/stage.ts'

const POLICY = `@id("works") permit (principal, action in [Action::"connect", Action::"sql"], resource);`
const CLIENTS = 4
const TRANSACTIONS = 50

describe.skipIf(lacks('pgbench'))('pgbench', () => {
  let stage: Stage

  beforeAll(async () => {
    stage = await openStage({ policy: POLICY })
  })

  afterAll(() => stage?.close())

  const pgbench = async (...options: string[]) => {
    const { host, port } = stage.gateway.postgres
    const env = { ...process.env, PGPASSWORD: stage.alice.token, PGUSER: stage.alice.user, PGHOST: host, PGPORT: String(port), PGDATABASE: 'db' }
    return promisify(execFile)('pgbench', options, { env })
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

  it('leaves nothing behind, and no statement without an outcome', async () => {
    expect(await leftovers(stage)).toEqual([])
    expect((await entries(stage, 'action.finished')).filter(({ result }) => result !== 'done')).toEqual([])
  })
})
