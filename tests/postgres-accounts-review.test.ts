import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ACCOUNTS_SEED, OWN_ACCOUNTS } from './support/accounts.ts'
import { lacks } from './support/needs.ts'
import { held, openStage, type Stage } from './support/stage.ts'

const POLICY = `
@id("reads") permit (principal in Group::"engineering", action in [Action::"connect", Action::"sql:read"], resource);
@id("writes") @review("dba") permit (principal in Group::"engineering", action == Action::"sql:write", resource);
`
/** For whoever logs in as the credential, `orders` is another table; for the sessions it is not. */
const OWN_SCHEMA = 'CREATE SCHEMA gateway AUTHORIZATION gateway; CREATE TABLE gateway.orders (id int); ALTER TABLE gateway.orders OWNER TO gateway;'
const SEED = `CREATE TABLE guarded (id int); INSERT INTO guarded VALUES (1), (2); ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;
  CREATE POLICY mine ON guarded USING (current_user LIKE 'cs\\_%');`

describe.skipIf(lacks('psql')).each([15, 18] as const)('PostgreSQL %i: a statement that is held in a session with an account of its own', (version) => {
  let stage: Stage

  beforeAll(async () => {
    stage = await openStage({ version, policy: POLICY, seed: SEED + ACCOUNTS_SEED + OWN_SCHEMA, resources: { db: OWN_ACCOUNTS } })
  })

  afterAll(() => stage?.close())

  const hold = async (statement: string) => {
    const session = stage.alice.psql()
    session.type(statement)
    return { session, id: await held(session) }
  }

  it('is the same request in the next session, whose account is another', async () => {
    const first = await hold('DELETE FROM orders WHERE id IN (7, 8);')
    first.session.vanish()
    const second = await hold('DELETE FROM orders WHERE id IN (7, 8);')
    expect(second.id).toBe(first.id)
    const { ask } = await stage.bob.api.request({ id: first.id })
    expect(ask).toMatchObject({ state: { role: expect.stringMatching(/^an account of the session's own/) }, impact: { rows: 2, because: null } })
    second.session.vanish()
  })

  it('is counted by nobody whom row security shows other rows', async () => {
    const { session, id } = await hold('DELETE FROM guarded WHERE id = 1;')
    const { ask } = await stage.bob.api.request({ id })
    expect(ask).toMatchObject({ impact: { rows: null, because: expect.stringMatching(/row-level security|row security/) } })
    session.vanish()
  })
})
