import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { lacks } from './support/needs.ts'
import { held, openStage, sessionOf, type Stage } from './support/stage.ts'

const POLICY = `
@id("reads") permit (principal in Group::"engineering", action in [Action::"connect", Action::"sql:read"], resource);
@id("writes") @review("dba") @grants("10m") permit (principal in Group::"engineering", action == Action::"sql:write", resource);
@id("schema") @review("dba") @grants("shape") permit (principal in Group::"engineering", action == Action::"sql:ddl", resource);
`

describe.skipIf(lacks('psql'))('a grant that is wider than one action', () => {
  let stage: Stage

  beforeAll(async () => {
    stage = await openStage({ policy: POLICY, resources: { db: {}, scope: {}, ahead: {}, cut: {}, exact: {}, several: {} } })
  })

  afterAll(() => stage?.close())

  it('covers the same statement with other values when its shape was approved, and nothing else', async () => {
    const { alice, bob } = stage
    const session = alice.psql()
    session.type("UPDATE orders SET status = 'paid' WHERE id = 1;")
    const id = await held(session)
    await bob.api.approve({ id, shape: {} })
    await session.next(new RegExp(`${id} approved by bob@example.com \\(unproven\\); running, and its like\n`))
    await session.next(/UPDATE 1\n/)
    session.type("UPDATE orders SET status = 'sent' WHERE id = 2;")
    expect((await session.next(/UPDATE 1\n|held/))[0]).toBe('UPDATE 1\n')
    session.type("UPDATE orders SET id = 99 WHERE status = 'sent';")
    await bob.api.deny({ id: await held(session), comment: 'another shape' })
    await session.next(/another shape/)
    await session.quit()
    expect(await stage.ask('SELECT status FROM orders WHERE id IN (1, 2) ORDER BY id')).toEqual(['paid', 'sent'])
  })

  it('covers its action type until its end when a held action was approved for a while, and no other type', async () => {
    const { alice, bob } = stage
    const session = alice.psql('scope')
    session.type('DELETE FROM orders WHERE id = 3;')
    const id = await held(session)
    await expect(bob.api.approve({ id, for: '11m' })).rejects.toMatchObject({ problem: { code: 'too-wide' } })
    await bob.api.approve({ id, for: '5m' })
    await session.next(new RegExp(`${id} approved by bob@example.com \\(unproven\\); sql:write for 5m\n`))
    await session.next(/DELETE 1\n/)
    session.type("INSERT INTO orders VALUES (3, 'again');")
    expect((await session.next(/INSERT 0 1\n|held/))[0]).toBe('INSERT 0 1\n')
    session.type('CREATE TABLE other ();')
    const ddl = await held(session)
    await expect(bob.api.approve({ id: ddl, for: '1s' })).rejects.toMatchObject({ problem: { code: 'too-wide' } })
    await bob.api.deny({ id: ddl, comment: 'another type' })
    await session.next(/another type/)
    await session.quit()
    const grant = (await alice.api.grants({ live: true })).find(({ request }) => request === id)
    expect(grant).toMatchObject({ coverage: { kind: 'scope', scope: 'sql:write' }, usesLeft: null })
    expect(Date.parse(grant?.endsAt ?? '') - Date.parse(grant?.startsAt ?? '')).toBe(5 * 60_000)
  })

  it('is used without asking again when it was asked for ahead, until its owner is done', async () => {
    const { alice, bob } = stage
    const { request } = await alice.api.ask({ resource: 'ahead', scope: 'sql:write', for: '5m', reason: 'INC-7' })
    expect(await bob.api.approve({ id: request.id })).toMatchObject({ status: 'approved', reason: 'INC-7' })
    const session = alice.psql('ahead')
    session.type('DELETE FROM orders WHERE id = 4;')
    session.type('DELETE FROM orders WHERE id = 5;')
    await session.next(/DELETE 1\nDELETE 1\n/)
    expect(session.output()).not.toContain('held')
    // The statement is over, so the connection under its own grant stays.
    const grant = (await alice.api.grants({ live: true })).find((each) => each.request === request.id)
    await bob.api.revoke({ id: grant?.id ?? '' })
    session.type('DELETE FROM orders WHERE id = 6;')
    expect(await held(session)).not.toBe(request.id)
    session.vanish()
    await session.quit()
  })

  it('cuts the statement that runs under it when it ends, and when it is revoked', async () => {
    const { alice, bob } = stage
    const statement = 'UPDATE orders SET status = status WHERE id = 1 AND pg_sleep(60) IS NOT NULL;'
    const ask = async (life: string) => {
      const { request } = await alice.api.ask({ resource: 'cut', scope: 'sql:write', for: life })
      await bob.api.approve({ id: request.id })
      return (await alice.api.grants()).find((each) => each.request === request.id)
    }
    const short = await ask('3s')
    const first = alice.psql('cut')
    first.type(statement)
    await first.next(new RegExp(`FATAL: {2}terminating connection: access of alice@example.com to cut \\(${short?.id}\\) has reached its end\n`))
    expect(Date.now() - Date.parse(short?.endsAt ?? '')).toBeLessThan(1_000)
    await first.quit()

    const long = await ask('5m')
    const second = alice.psql('cut')
    const id = await sessionOf(second)
    second.type(statement)
    await expect.poll(() => stage.isBusy(id)).toBe(true)
    await bob.api.revoke({ id: long?.id ?? '' })
    await second.next(/FATAL: {2}terminating connection: .* was revoked by bob@example.com\n/)
    await expect.poll(() => stage.isBusy(id)).toBe(false)
    await second.quit()
  })

  it.each(['', ';', ' ; '])('is one action asked for ahead, and the same one typed later with %j behind it', async (end) => {
    const { alice, bob } = stage
    const before = await stage.runs()
    const text = `UPDATE orders SET status = 'done' WHERE id = 1${end}`
    const { request, attached } = await alice.api.ask({ resource: 'exact', action: text })
    expect([request.status, attached]).toEqual(['pending', false])
    expect((await alice.api.ask({ resource: 'exact', action: text })).request.id).toBe(request.id)
    await bob.api.approve({ id: request.id })
    const session = alice.psql('exact')
    session.type("UPDATE orders SET status = 'done' WHERE id = 1;")
    await session.next(/UPDATE 1\n/)
    expect(session.output()).not.toContain('held')
    await session.quit()
    expect(await stage.runs()).toBe(before + 1)
  })

  it('stands beside others, and the end of one ends none of them', async () => {
    const { alice, bob } = stage
    const ask = async (life: string) => {
      const { request } = await alice.api.ask({ resource: 'several', scope: 'sql:write', for: life })
      await bob.api.approve({ id: request.id })
      const grant = (await alice.api.grants({ live: true })).find((each) => each.request === request.id)
      return grant?.id ?? ''
    }
    const [short, long] = [await ask('4m'), await ask('9m')]
    expect((await alice.api.grants({ live: true })).map(({ id }) => id)).toEqual(expect.arrayContaining([short, long]))
    const session = alice.psql('several')
    session.type('DELETE FROM orders WHERE id = 11;')
    await session.next(/DELETE 1\n/)
    await bob.api.revoke({ id: short })
    session.type('DELETE FROM orders WHERE id = 12;')
    expect((await session.next(/DELETE 1\n|held/))[0]).toBe('DELETE 1\n')
    await bob.api.revoke({ id: long })
    session.type('DELETE FROM orders WHERE id = 13;')
    await held(session)
    session.vanish()
    await session.quit()
  })
})
