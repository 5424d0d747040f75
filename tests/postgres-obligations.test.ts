import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { lacks } from './support/needs.ts'
import { held, openStage, type Stage } from './support/stage.ts'

const POLICY = `
@id("reads") permit (principal in Group::"engineering", action in [Action::"connect", Action::"sql:read"], resource);
@id("why") @review("dba") @reason("required")
permit (principal in Group::"engineering", action == Action::"sql:write", resource == Resource::"why");
@id("ticket") @review("dba") @ticket("^INC-[0-9]+$")
permit (principal in Group::"engineering", action == Action::"sql:write", resource == Resource::"ticket");
`

describe.skipIf(lacks('psql'))('a statement that needs more than a review', () => {
  let stage: Stage

  beforeAll(async () => {
    stage = await openStage({ policy: POLICY, resources: { why: {}, ticket: {} } })
  })

  afterAll(() => stage?.close())

  it('is refused without the reason that policy asks for, and says how to give one', async () => {
    const { alice, bob } = stage
    const session = alice.psql('why', ['--set=VERBOSITY=verbose'])
    session.type('DELETE FROM orders WHERE id = 1;')
    await session.next(/ERROR: {2}42501: .*reason.*SET countersign\.reason = '…'/)
    session.type("SET countersign.reason = 'the customer asked for it';")
    session.type('DELETE FROM orders WHERE id = 1;')
    const id = await held(session)
    expect(await bob.api.request({ id })).toMatchObject({ reason: 'the customer asked for it' })
    await bob.api.approve({ id })
    await session.next(/DELETE 1\n/)
    session.type('RESET countersign.reason;')
    session.type('DELETE FROM orders WHERE id = 2;')
    await session.next(/ERROR: {2}42501: .*reason/)
    await session.quit()
    expect(await stage.runs()).toBe(1)
  })

  it('is refused without a ticket that matches, and says which would', async () => {
    const { alice, bob } = stage
    const session = alice.psql('ticket', ['--set=VERBOSITY=verbose'], { PGOPTIONS: '-c countersign.reason=because' })
    session.type('DELETE FROM orders WHERE id = 3;')
    await session.next(/ERROR: {2}42501: .*ticket that matches \^INC-\[0-9\]\+\$: say it in the reason/)
    session.type("SET countersign.reason TO 'INC-7';")
    session.type('DELETE FROM orders WHERE id = 3;')
    const id = await held(session)
    expect(await bob.api.request({ id })).toMatchObject({ ticket: 'INC-7' })
    await bob.api.deny({ id, comment: 'INC-7 is closed' })
    await session.next(/INC-7 is closed/)
    await session.quit()
  })

  it('is refused through the API too', async () => {
    const { alice } = stage
    const action = 'DELETE FROM orders WHERE id = 4'
    await expect(alice.api.ask({ resource: 'why', action })).rejects.toMatchObject({ problem: { code: 'reason-required' } })
    await expect(alice.api.ask({ resource: 'ticket', action, ticket: 'CHG-1' })).rejects.toMatchObject({ problem: { code: 'ticket-required' } })
    expect((await alice.api.ask({ resource: 'ticket', action, ticket: 'INC-1' })).request.status).toBe('pending')
  })
})
