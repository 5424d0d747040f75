import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { cellsOf } from './drivers/page.ts'
import { type Holds, openHolds, WAYS } from './support/holds.ts'
import { lacks } from './support/needs.ts'
import { held, openStage, type Stage } from './support/stage.ts'

const POLICY = `
@id("reads") permit (principal in Group::"engineering", action in [Action::"connect", Action::"sql:read"], resource);
@id("writes") @review("dba") @expires("1s") permit (principal in Group::"engineering", action == Action::"sql:write", resource);
`

describe.skipIf(lacks('psql'))('a held write that nobody decides', () => {
  let stage: Stage

  beforeAll(async () => {
    stage = await openStage({ policy: POLICY })
  })

  afterAll(() => stage?.close())

  it('expires as 57014, cannot be approved any more, and leaves the session usable', async () => {
    const { alice, bob } = stage
    const session = alice.psql()
    session.type('\\set VERBOSITY verbose')
    session.type('DELETE FROM orders WHERE id = 7;')
    const id = await held(session)
    await session.next(new RegExp(`ERROR: {2}57014: ${id} expired: nobody decided in time\n`))
    session.type('SELECT 6 * 7;')
    await session.next(/^42$/m)
    await session.quit()
    expect(await bob.api.request({ id })).toMatchObject({ status: 'expired' })
    await expect(bob.api.approve({ id })).rejects.toThrow('already expired')
    expect(await stage.runs()).toBe(0)
  })

  it('does not outlive the question: an approval that is not used in time is worth nothing', async () => {
    const { alice, bob } = stage
    const { request } = await alice.api.ask({ resource: 'db', action: 'DELETE FROM orders WHERE id = 8' })
    await bob.api.approve({ id: request.id })
    const granted = async () => (await alice.api.grants()).find((grant) => grant.request === request.id)
    await expect.poll(async () => (await granted())?.status, { timeout: 5_000 }).toBe('expired')
    const session = alice.psql()
    session.type('DELETE FROM orders WHERE id = 8;')
    expect(await held(session)).not.toBe(request.id)
    await session.next(/expired: nobody decided in time/)
    await session.quit()
    expect(await stage.runs()).toBe(0)
  })
})

describe('a held message that expires never reaches the server', () => {
  const cells: string[] = []
  let holds: Holds

  beforeAll(async () => {
    holds = await openHolds('1s')
  })

  afterAll(() => holds?.close())

  it.each(WAYS)('$title', async (way) => {
    const held = await holds.hold(way)
    cells.push(await holds.refused(way, held, '57014'))
    await holds.ran(way, 0)
    await holds.finish(way, held.client, way.notes.refused)
    expect(await holds.stage.bob.api.request({ id: held.id })).toMatchObject({ status: 'expired' })
  })

  it('is what docs/request.md says', () => {
    expect(cellsOf('expired', 'request.md')).toEqual(WAYS.map(({ title }, index) => [title, cells[index]]))
  })
})
