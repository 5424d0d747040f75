import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { cellsOf } from './drivers/page.ts'
import { type Holds, openHolds, WAYS } from './support/holds.ts'
import { lacks } from './support/needs.ts'
import { held, openStage, type Stage } from './support/stage.ts'

const POLICY = `
@id("reads") permit (principal in Group::"engineering", action in [Action::"connect", Action::"sql:read"], resource);
@id("writes") @review("dba") @expires("5m") permit (principal in Group::"engineering", action == Action::"sql:write", resource);
`

describe.skipIf(lacks('psql'))('a held write that is approved', () => {
  let stage: Stage

  beforeAll(async () => {
    stage = await openStage({ policy: POLICY, hold: { reminder: '300ms' } })
  })

  afterAll(() => stage?.close())

  it('waits in psql, which is told and reminded, and runs exactly once', async () => {
    const { alice, bob } = stage
    const session = alice.psql()
    session.type('DELETE FROM orders WHERE id IN (7, 8, 9);')

    const [notice, id] = await session.next(/NOTICE: {2}held (req-\w+): needs 1 of dba\nDETAIL: {2}(.*)\nHINT: {2}(.*)\n/)
    expect(notice).toMatch(/DETAIL: {2}writes: write on orders, 3 rows now\. Expires (?:\d{4}-\d\d-\d\d )?\d\d:\d\d UTC\.\n/)
    expect(notice).toContain(`HINT:  ${stage.gateway.url}/r/${id?.slice(4)} · Ctrl-C withdraws · disconnected? run the same statement again`)
    await session.next(new RegExp(`NOTICE: {2}still held ${id}: needs 1 of dba`))
    expect(await stage.runs()).toBe(0)

    const request = await bob.api.approve({ id: id ?? '', comment: 'matches INC-7' })
    expect(request).toMatchObject({ status: 'approved', requester: { user: alice.user }, resource: 'db', ceiling: { kind: 'once' } })
    await session.next(new RegExp(`NOTICE: {2}${id} approved by bob@example.com \\(unproven\\): "matches INC-7"; running once\n`))
    await session.next(/DELETE 3\n/)
    await session.quit()

    expect(await stage.runs()).toBe(1)
    expect(await stage.ask('SELECT count(*)::int FROM orders')).toEqual([17])
    const [grant] = (await alice.api.grants()).filter((each) => each.request === id)
    expect(grant).toMatchObject({ status: 'used', usesLeft: 0, approvers: [bob.user], coverage: { kind: 'exact' } })
  })

  it('is asked for again when the same bytes come again, for the approval was good for once', async () => {
    const { alice, bob } = stage
    const before = await stage.runs()
    const session = alice.psql()
    const statement = "UPDATE orders SET status = 'paid' WHERE id = 1;"
    session.type(statement)
    const first = await held(session)
    await bob.api.approve({ id: first })
    await session.next(/UPDATE 1\n/)
    session.type(statement)
    const second = await held(session)
    expect(second).not.toBe(first)
    await bob.api.deny({ id: second, comment: 'once is enough' })
    await session.next(/denied by bob/)
    await session.quit()
    expect(await stage.runs()).toBe(before + 1)
  })

  it.each([
    ['the environment', '', { PGOPTIONS: '-c countersign.reason=INC-7' }],
    ['a SET, which never reaches the target', "SET countersign.reason = 'INC-7';", {}],
  ])('shows the reviewer a reason from %s', async (_, first, env) => {
    const { alice, bob } = stage
    const session = alice.psql('db', [], env)
    session.type(first)
    session.type("SELECT coalesce(current_setting('countersign.reason', true), 'not set');")
    await session.next(/not set\n/)
    session.type("UPDATE orders SET status = 'sent' WHERE id = 2;")
    const id = await held(session)
    expect(await bob.api.request({ id })).toMatchObject({ reason: 'INC-7', inTransaction: false })
    await bob.api.approve({ id })
    await session.next(/UPDATE 1\n/)
    await session.quit()
  })
})

describe('a held message that is approved runs once, byte for byte', () => {
  const cells: string[] = []
  let holds: Holds

  beforeAll(async () => {
    holds = await openHolds()
  })

  afterAll(() => holds?.close())

  it.each(WAYS)('$title', async (way) => {
    const held = await holds.hold(way)
    await holds.ran(way, 0)
    await holds.stage.bob.api.approve({ id: held.id })
    expect(await held.answers()).toEqual(way.answers)
    await holds.ran(way, 1)
    await holds.finish(way, held.client, way.notes.ran)
    cells.push('runs once')
  })

  it('is what docs/request.md says', () => {
    expect(cellsOf('approved', 'request.md')).toEqual(WAYS.map(({ title }, index) => [title, cells[index]]))
  })
})
