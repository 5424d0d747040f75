import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { lacks } from './support/needs.ts'
import { type Psql, psql } from './support/psql.ts'
import { openStage, type Stage } from './support/stage.ts'

const POLICY = `
@id("reads") permit (principal in Group::"engineering", action in [Action::"connect", Action::"sql:read"], resource)
unless { resource.name == "asked" };
@id("reads-asked") permit (principal in Group::"engineering", action == Action::"sql:read", resource == Resource::"asked");
@id("asked") @review("dba") @grants("1h") permit (principal in Group::"engineering", action == Action::"connect", resource == Resource::"asked");
`

const SOON_MS = 1_000

describe.skipIf(lacks('psql'))('access that is taken back', () => {
  let stage: Stage

  beforeAll(async () => {
    stage = await openStage({ policy: POLICY, resources: { db: {}, asked: {} } })
  })

  afterAll(() => stage?.close())

  /** A connection that is busy, and its record. */
  async function busy(session: Psql, resource: string) {
    session.type('SELECT pg_sleep(60);')
    await expect.poll(() => stage.sleepers()).toBe(1)
    const [record] = (await stage.alice.api.sessions({ live: true })).filter((each) => each.resource === resource)
    if (!record?.grant) throw new Error('there is no live session')
    return { id: record.id, grant: record.grant }
  }

  /** What was done is felt in psql and on the target within a second. */
  async function cutSoon(session: Psql, said: RegExp): Promise<void> {
    const done = Date.now()
    await session.next(said)
    expect(Date.now() - done).toBeLessThan(SOON_MS)
    await expect.poll(() => stage.sleepers()).toBe(0)
    expect(Date.now() - done).toBeLessThan(SOON_MS)
    await session.quit()
  }

  it('is cut within a second when the grant of the connection is revoked, and the grant is worth nothing afterwards', async () => {
    const { alice, bob } = stage
    const { request } = await alice.api.ask({ resource: 'asked', for: '1h' })
    await bob.api.approve({ id: request.id })
    const session = alice.psql('asked', ['--set=VERBOSITY=verbose'])
    const { grant } = await busy(session, 'asked')
    await bob.api.revoke({ id: grant, reason: 'wrong database' })
    await cutSoon(session, new RegExp(`FATAL: {2}57P01: terminating connection: .*\\(${grant}\\) was revoked by bob@example.com: wrong database\n`))

    const again = alice.psql('asked')
    await again.next(/held req-/)
    again.vanish()
    await again.quit()
  })

  it('is cut within a second when the grant that policy gave to the connection is revoked', async () => {
    const { alice, erin } = stage
    const session = alice.psql()
    const { grant } = await busy(session, 'db')
    await erin.api.revoke({ id: grant })
    await cutSoon(session, /terminating connection: .* was revoked by erin@example.com\n/)
  })

  it('is cut within a second when the token is revoked, which opens no door any more', async () => {
    const { alice, gateway, erin } = stage
    const { id, token } = await alice.api.createToken({ user: alice.user })
    const session = psql(gateway, alice.user, token, 'db')
    await busy(session, 'db')
    await erin.api.revokeToken({ id })
    await cutSoon(session, /terminating connection: the token of this connection was revoked\n/)
    const { code, stderr } = await psql(gateway, alice.user, token, 'db').quit()
    expect(code).toBe(2)
    expect(stderr).toContain('FATAL')
  })

  it('is cut within a second by kill, and alone: another connection goes on', async () => {
    const { alice, erin } = stage
    const other = alice.psql('asked')
    await other.next(/held/) // it waits on, whatever becomes of the other
    const session = alice.psql()
    const { id } = await busy(session, 'db')
    await erin.api.kill({ id, reason: 'locks everybody out' })
    await cutSoon(session, new RegExp(`terminating connection: session ${id} killed by erin@example.com: locks everybody out\n`))
    const [request] = await stage.bob.api.requests({ inbox: true })
    await stage.bob.api.approve({ id: request?.id ?? '' })
    other.type('SELECT 6 * 7;')
    await other.next(/^42$/m)
    await other.quit()
  })

  it('is over when its owner says that it is done', async () => {
    const { alice } = stage
    const session = alice.psql()
    const { grant } = await busy(session, 'db')
    expect((await alice.api.done({ resource: 'db' })).map(({ id }) => id)).toEqual([grant])
    await cutSoon(session, new RegExp(`terminating connection: .*\\(${grant}\\) is done\n`))
  })

  it('is taken back by nobody whom it does not concern', async () => {
    const { alice, dave } = stage
    const session = alice.psql()
    const { id, grant } = await busy(session, 'db')
    await expect(dave.api.revoke({ id: grant })).rejects.toMatchObject({ status: 404 })
    await expect(dave.api.kill({ id })).rejects.toMatchObject({ status: 404 })
    await alice.api.kill({ id })
    await cutSoon(session, /killed by alice@example.com/)
  })
})
