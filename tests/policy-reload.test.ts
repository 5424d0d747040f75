import { writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { lacks } from './support/needs.ts'
import type { Psql } from './support/psql.ts'
import { held, openStage, type Stage } from './support/stage.ts'

const READS = `@id("reads") permit (principal in Group::"engineering", action in [Action::"connect", Action::"sql:read"], resource);`
const WRITES = `@id("writes") permit (principal in Group::"engineering", action == Action::"sql:write", resource);`
const BY_DBA = `@id("writes-by-dba") @review("dba") permit (principal in Group::"engineering", action == Action::"sql:write", resource);`
const AND_SECURITY = `@id("and-security") @review("security") forbid (principal, action == Action::"sql:write", resource);`
const NEVER = `@id("never") forbid (principal, action == Action::"sql:write", resource);`

describe.skipIf(lacks('psql'))('policies that change while a session is open', () => {
  let stage: Stage
  let session: Psql

  beforeAll(async () => {
    stage = await openStage({ policy: READS + WRITES })
    session = stage.alice.psql()
  })

  afterAll(async () => {
    await session.quit()
    await stage?.close()
  })

  /** Resolves when they are in force. */
  async function change(...policies: readonly string[]): Promise<void> {
    const { api } = stage.erin
    const before = (await api.policy()).version
    writeFileSync(stage.gateway.policyFile, policies.join('\n'))
    await expect.poll(async () => (await api.policy()).version).not.toBe(before)
  }

  it('decide about the next action of that session', async () => {
    session.type('DELETE FROM orders WHERE id = 1;')
    await session.next(/DELETE 1\n/)
    await change(READS, BY_DBA)
    session.type('DELETE FROM orders WHERE id = 2;')
    const id = await held(session)
    await stage.bob.api.approve({ id })
    await session.next(/DELETE 1\n/)
    await change(READS, BY_DBA, NEVER)
    session.type('DELETE FROM orders WHERE id = 3;')
    await session.next(/denied by never/)
    expect(await stage.runs()).toBe(2)
  })

  it('leave an approval as it is when they ask for no more', async () => {
    const { alice, bob } = stage
    await change(READS, BY_DBA)
    const action = 'DELETE FROM orders WHERE id = 4'
    const { request } = await alice.api.ask({ resource: 'db', action })
    await bob.api.approve({ id: request.id })
    await change(READS, BY_DBA.replace('writes-by-dba', 'renamed'))
    session.type(`${action};`)
    expect((await session.next(/DELETE 1\n|held/))[0]).toBe('DELETE 1\n')
  })

  it('void an approval when they ask for more, even one that was given while it waited', async () => {
    const { bob, dave } = stage
    await change(READS, BY_DBA)
    session.type('DELETE FROM orders WHERE id = 5;')
    const first = await held(session)
    await change(READS, BY_DBA, AND_SECURITY)
    await bob.api.approve({ id: first })
    const second = await held(session)
    expect(second).not.toBe(first)
    expect(await bob.api.approve({ id: second })).toMatchObject({ status: 'pending', needs: { missing: '1 of security' } })
    await dave.api.approve({ id: second })
    await session.next(/DELETE 1\n/)
  })

  it('stay the last good ones when the new ones are broken, which the log says with file and line', async () => {
    const { version } = await stage.erin.api.policy()
    writeFileSync(stage.gateway.policyFile, `${READS}\n@id("typo") permit (principal in Group::"enginering", action, resource);`)
    await expect.poll(() => stage.gateway.log()).toMatch(/the last good ones stay in force/)
    expect(stage.gateway.log()).toMatch(/test\.cedar.*"line":2.*engineering/)
    expect((await stage.erin.api.policy()).version).toBe(version)
    session.type('DELETE FROM orders WHERE id = 6;')
    const id = await held(session)
    await stage.alice.api.withdraw({ id })
    await session.next(/withdrawn/)
    await change(READS, WRITES)
    session.type('DELETE FROM orders WHERE id = 7;')
    await session.next(/DELETE 1\n/)
  })
})
