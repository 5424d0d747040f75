import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { cellsOf } from './drivers/page.ts'
import { type Holds, openHolds, WAYS } from './support/holds.ts'
import { lacks } from './support/needs.ts'
import { held, openStage, type Stage } from './support/stage.ts'
import { cancel } from './support/wire.ts'

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

  it('is withdrawn once for all who wait for it, however many press Ctrl-C at once', async () => {
    const { alice } = stage
    for (let round = 0; round < 3; round++) {
      const command = `--command=DELETE FROM orders WHERE id = ${10 + round}`
      const sessions = [1, 2, 3].map(() => alice.psql('db', ['--set=VERBOSITY=verbose', command]))
      const ids = await Promise.all(sessions.map(held))
      expect(new Set(ids).size).toBe(1)
      for (const session of sessions) session.interrupt()
      for (const session of sessions) await session.next(new RegExp(`ERROR: {2}57014: ${ids[0]} withdrawn\n`))
      await Promise.all(sessions.map((session) => session.quit()))
    }
    expect(await stage.runs()).toBe(0)
  })

  it('goes on for the last connection that waits for the same, and runs there', async () => {
    const { alice, bob } = stage
    const before = await stage.runs()
    const sessions = [1, 2, 3].map(() => alice.psql('db', ['--set=VERBOSITY=verbose', '--command=DELETE FROM orders WHERE id = 19']))
    const [id, ...others] = await Promise.all(sessions.map(held))
    expect(others).toEqual([id, id])
    for (const leaving of sessions.slice(0, 2)) {
      leaving.interrupt()
      await leaving.next(new RegExp(`ERROR: {2}57014: ${id} withdrawn\nHINT: {2}Only here: another connection`))
      await leaving.quit()
    }
    expect(await bob.api.request({ id: id ?? '' })).toMatchObject({ status: 'pending', reviews: [] })
    await bob.api.approve({ id: id ?? '' })
    await sessions[2]?.next(/DELETE 1\n/)
    await sessions[2]?.quit()
    expect(await stage.runs()).toBe(before + 1)
  })

  it('runs nothing when it is approved at that very moment, and keeps the approval', async () => {
    const { alice, bob } = stage
    for (let round = 0; round < 4; round++) {
      const before = await stage.runs()
      const statement = `DELETE FROM orders WHERE id = ${14 + round}`
      const session = alice.psql('db', ['--set=VERBOSITY=verbose', `--command=${statement}`])
      const id = await held(session)
      const approving = bob.api.approve({ id }).then(
        () => true,
        () => false,
      )
      session.interrupt()
      const approved = await approving
      // Ctrl-C may also come too late, and then it has run.
      const [outcome] = await session.next(new RegExp(`ERROR: {2}57014: ${id} .*\n|DELETE 1\n`))
      await session.quit()
      const ran = outcome === 'DELETE 1\n'
      expect(await stage.runs()).toBe(before + (ran ? 1 : 0))
      expect((await alice.api.request({ id })).status).toBe(approved ? 'approved' : 'withdrawn')
      if (approved && !ran) expect(outcome).toContain('approved')
    }
  })

  it('is its own alone: Ctrl-C of one session leaves what another holds', async () => {
    const { alice, bob } = stage
    const before = await stage.runs()
    const [waiting, other] = [alice.psql(), alice.psql('db', ['--command=DELETE FROM orders WHERE id = 9'])]
    waiting.type('DELETE FROM orders WHERE id = 8;')
    const [kept, taken] = [await held(waiting), await held(other)]
    other.interrupt()
    await other.next(new RegExp(`${taken} withdrawn`))
    await other.quit()
    await bob.api.approve({ id: kept })
    await waiting.next(/DELETE 1\n/)
    await waiting.quit()
    expect(await stage.runs()).toBe(before + 1)
  })
})

describe('a held message whose client cancels never reaches the server', () => {
  const cells: string[] = []
  let holds: Holds

  beforeAll(async () => {
    holds = await openHolds()
  })

  afterAll(() => holds?.close())

  it.each(WAYS)('$title', async (way) => {
    const held = await holds.hold(way)
    await cancel(holds.stage.gateway.postgres, held.client)
    cells.push(await holds.refused(way, held, '57014'))
    await holds.ran(way, 0)
    await holds.finish(way, held.client, way.notes.refused)
    await expect(holds.stage.bob.api.approve({ id: held.id })).rejects.toThrow('already withdrawn')
  })

  it('is what docs/request.md says', () => {
    expect(cellsOf('withdrawn', 'request.md')).toEqual(WAYS.map(({ title }, index) => [title, cells[index]]))
  })
})
