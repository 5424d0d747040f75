import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { lacks } from './support/needs.ts'
import { type Psql, psql } from './support/psql.ts'
import { openStage, sessionOf, type Stage } from './support/stage.ts'

const POLICY = `
@id("reads") permit (principal in Group::"engineering", action in [Action::"connect", Action::"sql:read"], resource)
unless { resource.name == "asked" };
@id("reads-asked") permit (principal in Group::"engineering", action == Action::"sql:read", resource == Resource::"asked");
@id("asked") @review("dba") @grants("1h") permit (principal in Group::"engineering", action == Action::"connect", resource == Resource::"asked");
`

const SOON_MS = 1_000
/** How psql ends when its connection is lost. */
const LOST = 2

// Timing is measured on a machine that runs other tests meanwhile, so it gets a second try.
describe.skipIf(lacks('psql'))('access that is taken back', { retry: 1 }, () => {
  let stage: Stage

  beforeAll(async () => {
    stage = await openStage({ policy: POLICY, resources: { db: {}, asked: {} } })
  })

  afterAll(() => stage?.close())

  /** The record of a connection, once the target runs a long query for it. */
  async function busy(session: Psql) {
    const id = await sessionOf(session)
    session.type('SELECT pg_sleep(60);')
    await expect.poll(() => stage.isBusy(id)).toBe(true)
    const { grant } = (await stage.alice.api.sessions({ live: true })).find((each) => each.id === id) ?? {}
    return { id, grant: grant ?? '' }
  }

  /** What was done is felt in psql and on the target within a second. Gives psql's exit code. */
  async function cutSoon(session: Psql, { id }: { readonly id: string }, said: RegExp): Promise<number | null> {
    const done = Date.now()
    await session.next(said)
    await expect.poll(() => stage.isBusy(id), { interval: 20 }).toBe(false)
    expect(Date.now() - done).toBeLessThan(SOON_MS)
    return (await session.quit()).code
  }

  it('is cut within a second when the grant of the connection is revoked, and the grant is worth nothing afterwards', async () => {
    const { alice, bob } = stage
    const { request } = await alice.api.ask({ resource: 'asked', for: '1h' })
    await bob.api.approve({ id: request.id })
    const session = alice.psql('asked', ['--set=VERBOSITY=verbose'])
    const connection = await busy(session)
    const { grant } = connection
    await bob.api.revoke({ id: grant, reason: 'wrong database' })
    expect(
      await cutSoon(
        session,
        connection,
        new RegExp(`FATAL: {2}57P01: terminating connection: .*\\(${grant}\\) was revoked by bob@example.com: wrong database\n`),
      ),
    ).toBe(LOST)

    const again = alice.psql('asked')
    await again.next(/held req-/)
    again.vanish()
    await again.quit()
  })

  it('is cut within a second when the grant that policy gave to the connection is revoked', async () => {
    const { alice, erin } = stage
    const session = alice.psql()
    const connection = await busy(session)
    const { grant } = connection
    await erin.api.revoke({ id: grant })
    expect(await cutSoon(session, connection, /terminating connection: .* was revoked by erin@example.com\n/)).toBe(LOST)
  })

  it('is cut within a second when the token is revoked, which opens no door any more', async () => {
    const { alice, gateway, erin } = stage
    const { id, token } = await alice.api.createToken({ user: alice.user })
    const session = psql(gateway, alice.user, token, 'db')
    const connection = await busy(session)
    await erin.api.revokeToken({ id })
    expect(await cutSoon(session, connection, /terminating connection: the token of this connection was revoked\n/)).toBe(LOST)
    const { code, stderr } = await psql(gateway, alice.user, token, 'db').quit()
    expect(code).toBe(2)
    expect(stderr).toContain('FATAL')
  })

  it('is cut within a second by kill, and alone: another connection goes on', async () => {
    const { alice, erin } = stage
    const other = alice.psql('asked')
    await other.next(/held/) // it waits on, whatever becomes of the other
    const session = alice.psql()
    const connection = await busy(session)
    const { id } = connection
    await erin.api.kill({ id, reason: 'locks everybody out' })
    expect(await cutSoon(session, connection, new RegExp(`terminating connection: session ${id} killed by erin@example.com: locks everybody out\n`))).toBe(LOST)
    const [request] = await stage.bob.api.requests({ inbox: true })
    await stage.bob.api.approve({ id: request?.id ?? '' })
    other.type('SELECT 6 * 7;')
    await other.next(/^42$/m)
    await other.quit()
  })

  it('is over when its owner says that it is done', async () => {
    const { alice } = stage
    const session = alice.psql()
    const connection = await busy(session)
    const { grant } = connection
    expect((await alice.api.done({ resource: 'db' })).map(({ id }) => id)).toEqual([grant])
    expect(await cutSoon(session, connection, new RegExp(`terminating connection: .*\\(${grant}\\) is done\n`))).toBe(LOST)
  })

  it('is taken back by nobody whom it does not concern', async () => {
    const { alice, dave } = stage
    const session = alice.psql()
    const connection = await busy(session)
    const { id, grant } = connection
    await expect(dave.api.revoke({ id: grant })).rejects.toMatchObject({ status: 404 })
    await expect(dave.api.kill({ id })).rejects.toMatchObject({ status: 404 })
    await alice.api.kill({ id })
    expect(await cutSoon(session, connection, /killed by alice@example.com/)).toBe(LOST)
  })
})
