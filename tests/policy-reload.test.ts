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

  it('leave the approval of a shape unused while they ask for more than its reviewers gave', async () => {
    const { bob } = stage
    const shapes = BY_DBA.replace('@review', '@grants("shape") @review')
    const runs = async (order: number) => {
      session.type(`DELETE FROM orders WHERE id = ${order};`)
      const [line, id] = await session.next(/NOTICE: {2}(?:running under grant|held (req-\w+))[^\n]*\n/)
      if (id === undefined) return (await session.next(/DELETE 1\n/)) && 'runs'
      await bob.api.deny({ id, comment: 'not now' })
      await session.next(/not now/)
      return line
    }
    await change(READS, shapes)
    session.type('DELETE FROM orders WHERE id = 16;')
    await bob.api.approve({ id: await held(session), shape: {} })
    await session.next(/DELETE 1\n/)
    expect(await runs(17)).toBe('runs')
    await change(READS, shapes.replace('@grants("shape")', '@grants("shape") @quorum("2")'))
    expect(await runs(18)).toContain('needs 2 of dba')
    await change(READS, BY_DBA)
    expect(await runs(18)).toContain('held')
    await change(READS, shapes)
    expect(await runs(18)).toBe('runs')
    await change(READS, BY_DBA)
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
