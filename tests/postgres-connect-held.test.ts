import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { lacks } from './support/needs.ts'
import { held, openStage, type Stage } from './support/stage.ts'

const POLICY = `
@id("reads") permit (principal in Group::"engineering", action == Action::"sql:read", resource);
@id("door") @review("dba") @grants("1h") permit (principal in Group::"engineering", action == Action::"connect", resource);
`

describe.skipIf(lacks('psql'))('a connection that is held', () => {
  let stage: Stage

  beforeAll(async () => {
    stage = await openStage({ policy: POLICY, resources: { db: {}, other: {}, third: {}, hasty: { onHold: 'refuse' } }, hold: { connect: '1500ms' } })
  })

  afterAll(() => stage?.close())

  it('waits behind its login with the link, and opens when it is approved', async () => {
    const { alice, bob } = stage
    const session = alice.psql('other')
    session.type('SELECT 6 * 7;')
    const [notice, id] = await session.next(/NOTICE: {2}held (req-\w+): needs 1 of dba\nDETAIL: {2}door: connect for 1h\. Expires .*\nHINT: {2}.*\n/)
    expect(notice).toContain(`${stage.gateway.url}/r/${id?.slice(4)}`)
    await bob.api.approve({ id: id ?? '', comment: 'come in', for: '20m' })
    await session.next(/approved by bob@example.com \(unproven\): "come in"; connect for 20m\n/)
    await session.next(/^42$/m)
    await session.quit()
  })

  it('is refused with the link when nobody decides soon; the next one uses the grant, and its end stays where it is', async () => {
    const { alice, bob } = stage
    const first = alice.psql()
    const id = await held(first)
    await first.next(/FATAL: {2}held req-\w+: nobody has decided yet/)
    await first.next(new RegExp(`HINT: {2}${stage.gateway.url}/r/${id.slice(4)} · once it is approved`))
    expect((await first.quit()).code).toBe(2)
    await bob.api.approve({ id, for: '30m' })
    const grant = (await alice.api.grants({ live: true })).find(({ request }) => request === id)

    for (let time = 0; time < 2; time++) {
      const next = alice.psql()
      next.type('SELECT 6 * 7;')
      const { stdout, stderr } = await next.quit()
      expect([stdout, stderr]).toEqual(['42\n', ''])
    }
    const sessions = (await alice.api.sessions()).filter(({ resource }) => resource === 'db')
    expect(sessions.map((session) => [session.grant, session.endsAt])).toEqual([1, 2].map(() => [grant?.id, grant?.endsAt]))
  })

  it('is one request for all who knock alike at once', async () => {
    const { alice, bob } = stage
    const sessions = [1, 2, 3].map(() => alice.psql('third'))
    for (const session of sessions) session.type('SELECT 6 * 7;')
    const ids = await Promise.all(sessions.map(held))
    expect(new Set(ids).size).toBe(1)
    await bob.api.approve({ id: ids[0] ?? '' })
    for (const session of sessions) await session.next(/^42$/m)
    for (const session of sessions) await session.quit()
  })

  it('is refused with the comment when it is denied', async () => {
    const { erin, bob } = stage
    const session = erin.psql()
    await bob.api.deny({ id: await held(session), comment: 'not today' })
    await session.next(/FATAL: {2}req-\w+ denied by bob@example.com: "not today"/)
    expect((await session.quit()).code).toBe(2)
  })

  it('is refused at once with the link where the resource does not wait', async () => {
    const session = stage.alice.psql('hasty')
    await session.next(/FATAL: {2}held req-\w+: this resource does not keep clients waiting\n.*\nHINT: {2}\S+\/r\/\w+ · once it is approved/)
    expect((await session.quit()).code).toBe(2)
  })
})
