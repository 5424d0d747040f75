import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { lacks } from './support/needs.ts'
import { held, openStage, type Stage } from './support/stage.ts'

/** Carol is in dba and in security, Bob in dba, Dave in security. */
const POLICY = `
@id("reads") permit (principal in Group::"engineering", action in [Action::"connect", Action::"sql:read"], resource);
@id("two") @review("dba, security") @quorum("2") permit (principal in Group::"engineering", action == Action::"sql:write", resource == Resource::"two");
@id("writes") @review("dba") permit (principal in Group::"engineering", action == Action::"sql:write", resource == Resource::"both");
@id("security-too") @review("security") forbid (principal, action == Action::"sql:write", resource == Resource::"both");
`

describe.skipIf(lacks('psql'))('a held write that needs two people', () => {
  let stage: Stage

  beforeAll(async () => {
    stage = await openStage({ policy: POLICY, resources: { two: {}, both: {} } })
  })

  afterAll(() => stage?.close())

  it('counts a person in both groups once towards a quorum of two', async () => {
    const { alice, carol, bob } = stage
    const session = alice.psql('two')
    session.type('DELETE FROM orders WHERE id = 7;')
    const id = await held(session)
    expect(await carol.api.approve({ id })).toMatchObject({ status: 'pending', needs: { missing: '1 of dba or security' } })
    await expect(carol.api.approve({ id })).rejects.toMatchObject({ problem: { code: 'already-reviewed' } })
    await expect(alice.api.approve({ id })).rejects.toMatchObject({ problem: { code: 'own-request' } })
    expect(await carol.api.requests({ inbox: true })).toEqual([])
    expect(await stage.runs()).toBe(0)
    expect(await bob.api.approve({ id })).toMatchObject({ status: 'approved' })
    await session.next(/approved by carol@example.com \(unproven\), bob@example.com \(unproven\)/)
    await session.next(/DELETE 1\n/)
    await session.quit()
    expect(await stage.runs()).toBe(1)
  })

  it('needs two people where a permit and a forbid each want a review, though one is in both groups', async () => {
    const { alice, carol, bob } = stage
    const before = await stage.runs()
    const session = alice.psql('both')
    session.type('DELETE FROM orders WHERE id = 8;')
    const [notice, id] = await session.next(/held (req-\w+): needs (.*)\n/)
    expect(notice).toMatch(/needs 1 of dba and 1 of security|needs 1 of security and 1 of dba/)
    // Carol may stand for either, so it stays open which place she takes until somebody else comes.
    expect((await carol.api.approve({ id: id ?? '' })).status).toBe('pending')
    expect(await stage.runs()).toBe(before)
    expect((await bob.api.approve({ id: id ?? '' })).status).toBe('approved')
    await session.next(/DELETE 1\n/)
    await session.quit()
    expect(await stage.runs()).toBe(before + 1)
  })

  it('is denied by one of them alone', async () => {
    const { alice, bob, dave } = stage
    const before = await stage.runs()
    const session = alice.psql('both')
    session.type('DELETE FROM orders WHERE id = 9;')
    const id = await held(session)
    expect((await dave.api.approve({ id })).status).toBe('pending')
    expect((await bob.api.deny({ id, comment: 'no' })).status).toBe('denied')
    await session.next(/denied by bob@example.com: "no"/)
    await session.quit()
    expect(await stage.runs()).toBe(before)
  })
})
