import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { lacks } from './support/needs.ts'
import { held, openStage, type Stage } from './support/stage.ts'

const POLICY = `
@id("reads") permit (principal in Group::"engineering", action in [Action::"connect", Action::"sql:read"], resource);
@id("writes") @review("dba") permit (principal in Group::"engineering", action == Action::"sql:write", resource);
`

describe.skipIf(lacks('psql'))('a connection with an idle timeout', () => {
  let stage: Stage

  beforeAll(async () => {
    stage = await openStage({ policy: POLICY, session: { idle: '800ms' } })
  })

  afterAll(() => stage?.close())

  it('is cut when nothing happens, and its client is told', async () => {
    const session = stage.alice.psql('db', ['--set=VERBOSITY=verbose'])
    session.type('SELECT 6 * 7;')
    await session.next(/^42$/m)
    const [record] = await stage.alice.api.sessions({ live: true })
    await expect.poll(async () => (await stage.alice.api.sessions()).find(({ id }) => id === record?.id)?.endReason).toMatch(/was idle for too long/)
    session.type('SELECT 1;')
    await session.next(/FATAL: {2}57P01: terminating connection: session ses-\w+ was idle for too long\n/)
    await session.quit()
  })

  it('is not idle while its statement runs', async () => {
    const session = stage.alice.psql()
    session.type('SELECT 42 FROM pg_sleep(1.6);')
    await session.next(/^42$|FATAL/m)
    expect(session.output()).not.toContain('FATAL')
    await session.quit()
  })

  it('is not idle while its statement waits for a reviewer', async () => {
    const { alice, bob } = stage
    const session = alice.psql()
    session.type('DELETE FROM orders WHERE id = 1;')
    const id = await held(session)
    await new Promise((resolve) => setTimeout(resolve, 1_600))
    await bob.api.approve({ id })
    await session.next(/DELETE 1\n|FATAL/)
    expect(session.output()).not.toContain('FATAL')
    await session.quit()
  })
})
