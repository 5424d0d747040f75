import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { lacks } from './support/needs.ts'
import { held, openStage, type Stage } from './support/stage.ts'

const POLICY = `
@id("reads") permit (principal in Group::"engineering", action in [Action::"connect", Action::"sql:read", Action::"sql:ddl"], resource);
@id("writes") @review("dba") permit (principal in Group::"engineering", action == Action::"sql:write", resource);
`

describe.skipIf(lacks('psql'))('a held write that is taken back', () => {
  let stage: Stage

  beforeAll(async () => {
    stage = await openStage({ policy: POLICY })
  })

  afterAll(() => stage?.close())

  it('is withdrawn by Ctrl-C as 57014, and leaves the session usable', async () => {
    const { alice, bob } = stage
    // A psql that reads a script ends at Ctrl-C; one with several commands goes on to the next.
    const session = alice.psql('db', ['--set=VERBOSITY=verbose', '--command=DELETE FROM orders WHERE id = 7', '--command=CREATE TABLE afterwards ()'])
    const id = await held(session)
    session.interrupt()
    await session.next(new RegExp(`ERROR: {2}57014: ${id} withdrawn\n`))
    await session.quit()
    expect(await stage.ask("SELECT to_regclass('afterwards')::text")).toEqual(['afterwards'])
    expect(await bob.api.request({ id })).toMatchObject({ status: 'withdrawn', reviews: [] })
    await expect(bob.api.approve({ id })).rejects.toThrow('already withdrawn')
    expect(await stage.runs()).toBe(0)
  })

  it('is withdrawn by its requester through the API, and by nobody else', async () => {
    const { alice, bob, erin } = stage
    const session = alice.psql()
    session.type('DELETE FROM orders WHERE id = 7;')
    const id = await held(session)
    await expect(bob.api.withdraw({ id })).rejects.toMatchObject({ problem: { code: 'not-the-requester' } })
    await expect(erin.api.withdraw({ id })).rejects.toMatchObject({ problem: { code: 'not-the-requester' } })
    await alice.api.withdraw({ id })
    await session.next(new RegExp(`ERROR: {2}${id} withdrawn\n`))
    session.type('SELECT 6 * 7;')
    await session.next(/^42$/m)
    await session.quit()
    expect(await stage.runs()).toBe(0)
  })

  it('is nobody else: Ctrl-C of one session leaves what another holds', async () => {
    const { alice, bob } = stage
    const [waiting, other] = [alice.psql(), alice.psql('db', ['--command=DELETE FROM orders WHERE id = 9'])]
    waiting.type('DELETE FROM orders WHERE id = 8;')
    const [kept, taken] = [await held(waiting), await held(other)]
    other.interrupt()
    await other.next(new RegExp(`${taken} withdrawn`))
    await other.quit()
    await bob.api.approve({ id: kept })
    await waiting.next(/DELETE 1\n/)
    await waiting.quit()
    expect(await stage.runs()).toBe(1)
  })
})
