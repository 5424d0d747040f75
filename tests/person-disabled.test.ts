import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { lacks } from './support/needs.ts'
import { psql } from './support/psql.ts'
import { openStage, sessionOf, type Stage } from './support/stage.ts'

const POLICY = `
@id("reads") permit (principal in Group::"engineering", action in [Action::"connect", Action::"sql:read"], resource);
@id("writes") @review("dba") @grants("1h") permit (principal in Group::"engineering", action == Action::"sql:write", resource);
`
const ALICE = 'alice@example.com'
const SOON_MS = 1_000
/** How psql ends when its connection is lost. */
const LOST = 2

// Timing is measured on a machine that runs other tests meanwhile, so it gets a second try.
describe.skipIf(lacks('psql'))('somebody whom an admin disables', { retry: 1 }, () => {
  let stage: Stage

  beforeAll(async () => {
    stage = await openStage({ policy: POLICY })
  })
  afterAll(() => stage?.close())

  test('has lost his session within a second, and his grants and tokens for good: enabled again he comes with a new one', async () => {
    const { gateway, erin, bob } = stage
    const token = await gateway.token(ALICE)
    const { request } = await gateway.api(token).ask({ resource: 'db', scope: 'sql:write', for: '1h' })
    await bob.api.approve({ id: request.id })
    const session = psql(gateway, ALICE, token, 'db', [])
    const id = await sessionOf(session)
    session.type('SELECT pg_sleep(60);')
    await expect.poll(() => stage.isBusy(id)).toBe(true)

    const said = Date.now()
    const answer = erin.api.disablePerson({ name: ALICE })
    await session.next(/terminating connection/)
    await expect.poll(() => stage.isBusy(id), { interval: 20 }).toBe(false)
    expect(Date.now() - said).toBeLessThan(SOON_MS)
    expect((await session.quit()).code).toBe(LOST)
    expect(await answer).toMatchObject({ active: false })

    await erin.api.enablePerson({ name: ALICE })
    const before = psql(gateway, ALICE, token, 'db', [])
    expect((await before.quit()).code).toBe(LOST)
    const again = psql(gateway, ALICE, await gateway.token(ALICE), 'db', [])
    again.type('SELECT count(*) FROM orders;')
    await again.next(/^\s*20$/m)
    await again.quit()
    expect((await erin.api.grants({ live: true })).filter(({ subject, request: of }) => subject.user === ALICE && of !== null)).toEqual([])
  })
})
