import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { lacks } from './support/needs.ts'
import { held, openStage, type Stage } from './support/stage.ts'

const POLICY = `
@id("reads") permit (principal in Group::"engineering", action in [Action::"connect", Action::"sql:read"], resource);
@id("why") @review("dba") @reason("required")
permit (principal in Group::"engineering", action == Action::"sql:write", resource == Resource::"why");
@id("ticket") @review("dba") @ticket("^INC-[0-9]+$")
permit (principal in Group::"engineering", action == Action::"sql:write", resource == Resource::"ticket");
@id("say-why-you-look") @reason("required") @ticket("^LOOK-[0-9]+$")
permit (principal in Group::"security", action in [Action::"connect", Action::"sql:read"], resource);
@id("both") @review("dba") @ticket("^INC-[0-9]+$") @reason("required")
permit (principal in Group::"engineering", action == Action::"sql:write", resource == Resource::"both");
@id("knock") @review("dba") @ticket("^INC-[0-9]+$") forbid (principal, action == Action::"connect", resource == Resource::"knock");
`

describe.skipIf(lacks('psql'))('a statement that needs more than a review', () => {
  let stage: Stage

  beforeAll(async () => {
    stage = await openStage({ policy: POLICY, resources: { why: {}, ticket: {}, both: {}, knock: {} } })
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

  it.each([
    ['5,000 characters', 5_000, /ERROR: {2}22001: a reason has 4000 characters at most/],
    ['10 MB', 10_000_000, /ERROR: {2}42501: [^]*longer than 524288 bytes/],
  ])('takes no reason of %s, and the session goes on', async (_, characters, refused) => {
    const session = stage.alice.psql('why', ['--set=VERBOSITY=verbose'])
    session.type("SET countersign.reason = 'INC-7';")
    session.type(`SET countersign.reason = '${'x'.repeat(characters)}';`)
    await session.next(refused)
    session.type('DELETE FROM orders WHERE id = 4;')
    const id = await held(session)
    expect(await stage.bob.api.request({ id })).toMatchObject({ reason: 'INC-7' })
    await stage.bob.api.deny({ id, comment: 'seen' })
    await session.next(/seen/)
    await session.quit()
  })

  it('takes no long reason with a prepared statement or when it connects either', async () => {
    const { alice, gateway } = stage
    const long = 'x'.repeat(4_001)
    const client = new pg.Client({ ...gateway.postgres, user: alice.user, password: alice.token, database: 'why' })
    await client.connect()
    await expect(client.query({ name: 'long', text: `SET countersign.reason = '${long}'` })).rejects.toMatchObject({ code: '22001' })
    expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
    await client.end()
    const { code, stderr } = await alice.psql('why', [], { PGOPTIONS: `-c countersign.reason=${long}` }).quit()
    expect([code, stderr]).toEqual([2, expect.stringContaining('a reason has 4000 characters at most')])
  })

  it.each([
    ['SET', "SET countersign.ticket = 'INC-8';", {}],
    ['the environment', '', { PGOPTIONS: '-c countersign.ticket=INC-8 -c countersign.reason=why' }],
  ])('takes the ticket apart from the reason, by %s', async (_, first, env) => {
    const { alice, bob } = stage
    const session = alice.psql('both', ['--set=VERBOSITY=verbose'], env)
    if (first !== '') {
      session.type("SET countersign.reason = 'why';")
      session.type('DELETE FROM orders WHERE id = 5;')
      await session.next(/ERROR: {2}42501: .*ticket that matches .*SET countersign\.ticket = '…'/)
      session.type(first)
    }
    session.type('DELETE FROM orders WHERE id = 5;')
    const id = await held(session)
    expect(await bob.api.request({ id })).toMatchObject({ reason: 'why', ticket: 'INC-8' })
    await bob.api.deny({ id, comment: 'seen' })
    await session.next(/seen/)
    session.type('RESET countersign.ticket;')
    session.type('DELETE FROM orders WHERE id = 5;')
    await session.next(/ERROR: {2}42501: .*ticket that matches/)
    await session.quit()
  })

  it('is asked for the ticket of a connection before it is there', async () => {
    const { alice, bob } = stage
    const session = alice.psql('knock', [], { PGOPTIONS: '-c countersign.ticket=INC-9' })
    session.type('SELECT 1;')
    const id = await held(session)
    expect(await bob.api.request({ id })).toMatchObject({ reason: null, ticket: 'INC-9' })
    await bob.api.approve({ id })
    await session.next(/^1$/m)
    await session.quit()
  })

  it('is refused without it where nobody needs to review, at connect and at every action', async () => {
    const { dave } = stage
    const silent = await dave.psql('why', ['--set=VERBOSITY=verbose']).quit()
    expect(silent.stderr).toMatch(/policy asks for a reason/)
    const session = dave.psql('why', ['--set=VERBOSITY=verbose'], { PGOPTIONS: '-c countersign.reason=audit -c countersign.ticket=LOOK-1' })
    session.type('SELECT 6 * 7;')
    await session.next(/^42$/m)
    session.type('RESET countersign.ticket;')
    session.type('SELECT 6 * 7;')
    await session.next(/ERROR: {2}42501: .*ticket that matches \^LOOK-/)
    await session.quit()
    const denied = async () => (await stage.ledger()).filter(({ type, body }) => type === 'action.decided' && body['effect'] === 'deny')
    await expect.poll(denied).toContainEqual(expect.objectContaining({ body: expect.objectContaining({ policies: ['say-why-you-look'] }) }))
  })

  it('is refused through the API too', async () => {
    const { alice } = stage
    const action = 'DELETE FROM orders WHERE id = 4'
    await expect(alice.api.ask({ resource: 'why', action })).rejects.toMatchObject({ problem: { code: 'reason-required' } })
    await expect(alice.api.ask({ resource: 'ticket', action, ticket: 'CHG-1' })).rejects.toMatchObject({ problem: { code: 'ticket-required' } })
    expect((await alice.api.ask({ resource: 'ticket', action, ticket: 'INC-1' })).request.status).toBe('pending')
  })
})
