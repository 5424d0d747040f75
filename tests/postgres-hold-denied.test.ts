import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { cellsOf } from './drivers/page.ts'
import { type Holds, openHolds, WAYS } from './support/holds.ts'
import { lacks } from './support/needs.ts'
import { psql } from './support/psql.ts'
import { held, openStage, type Stage } from './support/stage.ts'

const POLICY = `
@id("reads") permit (principal in Group::"engineering", action in [Action::"connect", Action::"sql:read"], resource);
@id("writes") @review("dba") permit (principal in Group::"engineering", action == Action::"sql:write", resource);
@id("no-where-no-way") @message("UPDATE or DELETE without a WHERE that restricts")
forbid (principal, action == Action::"sql:write", resource) when { context.unbounded };
`

describe.skipIf(lacks('psql'))('a held write that is not approved', () => {
  let stage: Stage

  beforeAll(async () => {
    stage = await openStage({ policy: POLICY })
  })

  afterAll(() => stage?.close())

  it('is denied with the comment as 42501, and leaves the session usable', async () => {
    const { alice, bob } = stage
    const session = alice.psql()
    session.type('\\set VERBOSITY verbose')
    session.type('DELETE FROM orders WHERE id = 7;')
    const id = await held(session)
    await bob.api.deny({ id, comment: 'not on a Friday' })
    await session.next(new RegExp(`ERROR: {2}42501: ${id} denied by bob@example.com: "not on a Friday"\n`))
    session.type('SELECT 6 * 7;')
    await session.next(/^42$/m)
    await session.quit()
    expect(await stage.runs()).toBe(0)
    await expect(bob.api.approve({ id })).rejects.toThrow('already denied')
  })

  it('is refused at once by the name of the policy that forbids it', async () => {
    const { alice } = stage
    const session = alice.psql()
    session.type("UPDATE orders SET status = 'x';")
    await session.next(/ERROR: {2}denied by no-where-no-way: UPDATE or DELETE without a WHERE that restricts\n/)
    session.type('SELECT 6 * 7;')
    await session.next(/^42$/m)
    await session.quit()
    expect(await stage.runs()).toBe(0)
  })

  it('cannot be approved by its requester, an admin neither, an agent, a token that may not review, or somebody else', async () => {
    const { alice, erin, bob, dave, gateway } = stage
    const session = erin.psql()
    session.type('DELETE FROM orders WHERE id = 8;')
    const id = await held(session)
    await expect(erin.api.approve({ id })).rejects.toMatchObject({ problem: { code: 'own-request' } })
    const withAgent = gateway.api(await gateway.token(bob.user, { agent: 'claude' }))
    await expect(withAgent.approve({ id })).rejects.toThrow(/there is no request|without --may-review|agent/)
    await expect(gateway.token(bob.user, { agent: 'claude', mayReview: true })).rejects.toThrow(/agent/)
    const minted = gateway.api(await gateway.token(bob.user))
    await expect(minted.approve({ id })).rejects.toThrow('without --may-review')
    await expect(minted.deny({ id, comment: 'no' })).rejects.toThrow('without --may-review')
    await expect(alice.api.approve({ id })).rejects.toMatchObject({ status: 404 })
    await expect(dave.api.approve({ id })).rejects.toMatchObject({ status: 404 })
    await expect(gateway.api().approve({ id })).rejects.toThrow('the local administrator reviews nothing')

    expect(await bob.api.request({ id })).toMatchObject({ status: 'pending', reviews: [] })
    expect(await stage.runs()).toBe(0)
    await bob.api.deny({ id, comment: 'enough' })
    await session.next(/denied by bob/)
    await session.quit()
  })
  it('cannot be approved by the person for whom an agent asks', async () => {
    const { erin, bob, gateway } = stage
    const session = psql(gateway, erin.user, await gateway.token(erin.user, { agent: 'claude' }), 'db')
    session.type('DELETE FROM orders WHERE id = 9;')
    const id = await held(session)
    await expect(erin.api.approve({ id })).rejects.toMatchObject({ problem: { code: 'own-request' } })
    expect((await bob.api.approve({ id, comment: 'let it' })).requester.id).toBe('erin@example.com/claude')
    await session.next(/DELETE 1\n/)
    await session.quit()
  })
})

describe('a held message that is denied never reaches the server', () => {
  const cells: string[] = []
  let holds: Holds

  beforeAll(async () => {
    holds = await openHolds()
  })

  afterAll(() => holds?.close())

  it.each(WAYS)('$title', async (way) => {
    const held = await holds.hold(way)
    await holds.stage.bob.api.deny({ id: held.id, comment: 'no' })
    cells.push(await holds.refused(way, held, '42501'))
    await holds.ran(way, 0)
    await holds.finish(way, held.client, way.notes.refused)
    expect(await holds.stage.bob.api.request({ id: held.id })).toMatchObject({ status: 'denied' })
  })

  it('is what docs/request.md says', () => {
    expect(cellsOf('denied', 'request.md')).toEqual(WAYS.map(({ title }, index) => [title, cells[index]]))
  })
})
