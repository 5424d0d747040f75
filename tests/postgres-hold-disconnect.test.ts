import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { cellsOf } from './drivers/page.ts'
import { type Holds, openHolds, WAYS } from './support/holds.ts'
import { lacks } from './support/needs.ts'
import { held, openStage, type Stage } from './support/stage.ts'

const POLICY = `
@id("reads") permit (principal in Group::"engineering", action in [Action::"connect", Action::"sql:read"], resource);
@id("writes") @review("dba") permit (principal in Group::"engineering", action == Action::"sql:write", resource);
`

describe.skipIf(lacks('psql'))('a held write whose client is gone', () => {
  let stage: Stage

  beforeAll(async () => {
    stage = await openStage({ policy: POLICY })
  })

  afterAll(() => stage?.close())

  /** Alice's psql, killed while it waits; resolves when the gateway has noticed. */
  async function holdAndVanish(statement: string): Promise<string> {
    const { alice } = stage
    const session = alice.psql()
    session.type(statement)
    const id = await held(session)
    const { session: connection } = await alice.api.request({ id })
    session.vanish()
    await session.quit()
    await expect.poll(async () => (await alice.api.sessions()).find((each) => each.id === connection)?.endedAt).toBeTypeOf('string')
    return id
  }

  it('is approved meanwhile, runs nothing by itself, and goes through once when it comes again', async () => {
    const { alice, bob } = stage
    const statement = 'DELETE FROM orders WHERE id = 7;'
    const id = await holdAndVanish(statement)
    expect(await bob.api.requests({ inbox: true })).toMatchObject([{ id, status: 'pending' }])
    await bob.api.approve({ id })
    expect(await stage.runs()).toBe(0)

    const again = alice.psql()
    again.type(statement)
    await again.next(/DELETE 1\n/)
    expect(again.output()).not.toContain('held')
    expect(await stage.runs()).toBe(1)

    again.type(statement)
    expect(await held(again)).not.toBe(id)
    again.vanish()
    await again.quit()
    expect(await stage.runs()).toBe(1)
  })

  it('shows its reviewer the connection that waits now, and whether that one holds locks', async () => {
    const { alice, bob } = stage
    const before = await stage.runs()
    const statement = 'DELETE FROM orders WHERE id = 15;'
    const id = await holdAndVanish(statement)
    const { session: gone } = await bob.api.request({ id })
    const again = alice.psql()
    again.type('BEGIN;')
    again.type(statement)
    expect(await held(again)).toBe(id)
    const shown = await bob.api.request({ id })
    expect(shown).toMatchObject({ status: 'pending', inTransaction: true })
    expect(shown.session).not.toBe(gone)
    // Asking for the same ahead changes nothing about who waits.
    const ahead = await alice.api.ask({ resource: 'db', action: statement })
    expect(ahead).toMatchObject({ attached: true, request: { id, inTransaction: true, session: shown.session } })
    await bob.api.approve({ id })
    await again.next(/DELETE 1\n/)
    again.type('COMMIT;')
    await again.next(/COMMIT\n/)
    await again.quit()
    expect(await stage.runs()).toBe(before + 1)
  })

  it('is attached to by the same bytes while it waits, and by no others', async () => {
    const { alice, bob, erin } = stage
    const before = await stage.runs()
    const statement = "UPDATE orders SET status = 'paid' WHERE id = 1;"
    const id = await holdAndVanish(statement)
    const [same, different, somebody] = [alice.psql(), alice.psql(), erin.psql()]
    same.type(statement)
    different.type(statement.replace('1', '2'))
    somebody.type(statement)
    expect(await held(same)).toBe(id)
    const others = [await held(different), await held(somebody)]
    expect(new Set([id, ...others]).size).toBe(3)

    await bob.api.approve({ id })
    await same.next(/UPDATE 1\n/)
    await Promise.all(others.map((other) => bob.api.deny({ id: other, comment: 'not this one' })))
    for (const session of [different, somebody]) await session.next(/not this one/)
    for (const session of [same, different, somebody]) await session.quit()
    expect(await stage.runs()).toBe(before + 1)
  })

  it('runs in one of two connections that wait for the same approval', async () => {
    const { alice, bob } = stage
    const before = await stage.runs()
    const sessions = [alice.psql(), alice.psql()]
    for (const session of sessions) session.type('DELETE FROM orders WHERE id = 3;')
    const [id, other] = await Promise.all(sessions.map(held))
    expect(other).toBe(id)
    await bob.api.approve({ id: id ?? '' })
    // Who comes second finds the approval used, and waits for another.
    const outcomes = await Promise.all(sessions.map(async (session) => (await session.next(/DELETE 1\n|held req-/))[0]))
    expect(outcomes.toSorted()).toEqual(['DELETE 1\n', 'held req-'])
    for (const session of sessions) session.vanish()
    expect(await stage.runs()).toBe(before + 1)
  })
})

describe('a held message whose client is gone does not run, and runs once when it is sent again', () => {
  const cells: string[] = []
  let holds: Holds

  beforeAll(async () => {
    holds = await openHolds()
  })

  afterAll(() => holds?.close())

  it.each(WAYS)('$title', async (way) => {
    const { alice, bob } = holds.stage
    const { client, id } = await holds.hold(way)
    client.close()
    await expect.poll(() => alice.api.sessions({ live: 'true' })).toEqual([])
    await bob.api.approve({ id })
    await holds.ran(way, 0)
    expect(await holds.stage.ask('SELECT n FROM notes')).toEqual([])
    const again = await holds.run(way)
    expect(again.answers).toEqual(way.answers)
    await holds.ran(way, 1)
    await holds.finish(way, again.client, way.notes.ran)
    cells.push('runs once when it is sent again')
  })

  it('is what docs/request.md says', () => {
    expect(cellsOf('client gone', 'request.md')).toEqual(WAYS.map(({ title }, index) => [title, cells[index]]))
  })
})
