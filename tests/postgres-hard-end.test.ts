import { once } from 'node:events'
import { createServer } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { lacks } from './support/needs.ts'
import { openStage, sessionOf, type Stage } from './support/stage.ts'

const POLICY = `
@id("reads") permit (principal in Group::"engineering", action == Action::"sql:read", resource);
@id("short") @grants("2s")
permit (principal in Group::"engineering", action == Action::"connect", resource) when { resource.name == "short" || resource.name == "silent" };
@id("asked") @review("dba") @grants("3s") permit (principal in Group::"engineering", action == Action::"connect", resource == Resource::"asked");
@id("long") @grants("40d") permit (principal in Group::"engineering", action == Action::"connect", resource == Resource::"long");
@id("long-asked") @review("dba") @grants("40d")
permit (principal in Group::"engineering", action == Action::"connect", resource == Resource::"long-asked");
`

const OVERRUN_MS = 250
const DAY_MS = 86_400_000

// Timing is measured on a machine that runs other tests meanwhile, so it gets a second try.
describe.skipIf(lacks('psql'))('the end of access', { retry: 1 }, () => {
  let stage: Stage
  /** Takes connections, and says nothing. */
  const silent = createServer((socket) => void socket.resume())

  beforeAll(async () => {
    await once(silent.listen(0, '127.0.0.1'), 'listening')
    const address = silent.address()
    const port = typeof address === 'object' ? address?.port : undefined
    const resources = { short: {}, asked: {}, long: {}, 'long-asked': {}, silent: { url: `postgres://127.0.0.1:${port}/postgres` } }
    stage = await openStage({ policy: POLICY, resources })
  })

  afterAll(async () => {
    await stage?.close()
    silent.close()
  })

  const sessionsOf = async (resource: string) => (await stage.alice.api.sessions()).filter((session) => session.resource === resource)

  it('cuts a running query with FATAL 57P01 that says why, and its backend on the server is gone', async () => {
    const session = stage.alice.psql('short', ['--set=VERBOSITY=verbose'])
    const id = await sessionOf(session)
    session.type('SELECT pg_sleep(60);')
    await expect.poll(() => stage.isBusy(id), { interval: 20 }).toBe(true)
    await session.next(/FATAL: {2}57P01: terminating connection: access of alice@example.com to short .*has reached its end\n/)
    const seen = Date.now()
    await session.quit()
    await expect.poll(() => stage.isBusy(id), { interval: 20 }).toBe(false)
    const gone = Date.now()
    const record = (await sessionsOf('short')).find((each) => each.id === id)
    const end = Date.parse(record?.endsAt ?? '')
    expect(end - Date.parse(record?.startedAt ?? '')).toBeLessThanOrEqual(2_000)
    expect(seen - end).toBeGreaterThanOrEqual(0)
    // The design's bar is 250 ms at the 99th percentile, on a machine that does nothing else.
    expect(seen - end).toBeLessThan(OVERRUN_MS * 4)
    expect(gone - end).toBeLessThan(OVERRUN_MS * 4)
    await expect.poll(async () => (await sessionsOf('short')).find((each) => each.id === id)?.endReason).toContain('has reached its end')
  })

  it('comes too for a connection whose target does not answer, and says so', async () => {
    const session = stage.alice.psql('silent')
    await session.next(/FATAL: {2}terminating connection: access of alice@example.com to silent .*has reached its end\n/)
    expect((await session.quit()).code).toBe(2)
  })

  it('is not moved by reconnecting: the last connection of a grant ends with the first', async () => {
    const { alice, bob } = stage
    const { request } = await alice.api.ask({ resource: 'asked', scope: 'connect' })
    await bob.api.approve({ id: request.id })
    const grant = (await alice.api.grants()).find((each) => each.request === request.id)
    const first = alice.psql('asked')
    first.type('SELECT 1;')
    await first.next(/^1$/m)
    await first.quit()

    const second = alice.psql('asked')
    second.type('SELECT pg_sleep(60);')
    await second.next(/terminating connection: access of alice@example.com to asked .*has reached its end/)
    expect(Date.now() - Date.parse(grant?.endsAt ?? '')).toBeLessThan(OVERRUN_MS * 4)
    await second.quit()
    const under = (await sessionsOf('asked')).filter((each) => each.grant === grant?.id)
    expect(under.map(({ endsAt }) => endsAt)).toEqual([grant?.endsAt, grant?.endsAt])
    await expect.poll(async () => (await alice.api.grants()).find(({ id }) => id === grant?.id)?.status).toBe('expired')
  })

  it('is 40 days away when policy says so, and does not come at once', async () => {
    const { alice, bob } = stage
    const { request } = await alice.api.ask({ resource: 'long-asked', for: '40d' })
    await bob.api.approve({ id: request.id })
    for (const resource of ['long', 'long-asked']) {
      const session = alice.psql(resource)
      session.type('SELECT 1;')
      await session.next(/^1$/m)
      // A timer that overflows fires after a millisecond; this query takes hundreds of them.
      session.type('SELECT 42 FROM pg_sleep(0.5);')
      await session.next(/^42$/m)
      await session.quit()
      const [record] = await sessionsOf(resource)
      expect(Date.parse(record?.endsAt ?? '') - Date.now()).toBeGreaterThan(39 * DAY_MS)
      await expect.poll(async () => (await sessionsOf(resource))[0]?.endReason).toBe('the client left') // psql does not wait for that
    }
  })
})
