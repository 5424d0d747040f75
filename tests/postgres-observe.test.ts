import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { lacks } from './support/needs.ts'
import { openStage, type Stage } from './support/stage.ts'

const POLICY = `
@id("reads") permit (principal in Group::"engineering", action in [Action::"connect", Action::"sql:read"], resource);
@id("writes") @review("dba") permit (principal in Group::"engineering", action == Action::"sql:write", resource);
@id("no-ddl") forbid (principal, action == Action::"sql:ddl", resource);
`

describe.skipIf(lacks('psql'))('a resource that does not hold', () => {
  let stage: Stage

  beforeAll(async () => {
    stage = await openStage({ policy: POLICY, resources: { watched: { mode: 'observe' }, hasty: { onHold: 'refuse' } } })
  })

  afterAll(() => stage?.close())

  it('judges and records everything under `mode: observe`, and holds and refuses nothing', async () => {
    const { alice } = stage
    const session = alice.psql('watched')
    for (const line of ['SELECT 6 * 7;', 'DELETE FROM orders WHERE id = 7;', 'CREATE TABLE elsewhere ();', 'SELECT 43;']) session.type(line)
    await session.next(/^42\nDELETE 1\nCREATE TABLE\n43\n/m)
    const { stderr } = await session.quit()
    expect(stderr).toBe('')
    expect(await stage.runs()).toBe(1)
    expect(await alice.api.requests()).toEqual([])

    const started = async () => (await stage.ledger()).filter(({ type }) => type === 'action.started').map(({ body }) => body)
    await expect.poll(async () => (await started()).length).toBe(4)
    expect((await started()).map(({ action, observed, policies }) => [action, observed ?? null, policies])).toEqual([
      ['sql:read', null, ['reads']],
      ['sql:write', 'review', ['writes']],
      ['sql:ddl', 'deny', ['no-ddl']],
      ['sql:read', null, ['reads']],
    ])
  })

  it('answers at once with the link under `onHold: refuse`, and takes the statement again once it is approved', async () => {
    const { alice, bob } = stage
    const before = await stage.runs()
    const session = alice.psql('hasty', ['--set=VERBOSITY=verbose'])
    const statement = 'DELETE FROM orders WHERE id = 8;'
    session.type(statement)
    const [, id] = await session.next(/ERROR: {2}55000: held (req-\w+): this resource does not keep clients waiting\n/)
    await session.next(new RegExp(`HINT: {2}${stage.gateway.url}/r/${id?.slice(4)} · once it is approved, run the same statement again\n`))
    session.type(statement)
    await session.next(new RegExp(`ERROR: {2}55000: held ${id}:`))
    await bob.api.approve({ id: id ?? '' })
    session.type(statement)
    await session.next(/DELETE 1\n/)
    await session.quit()
    expect(await stage.runs()).toBe(before + 1)
  })
})
