import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ClientError } from '@countersign/contract/client-error'
import { lacks } from './support/needs.ts'
import { type PostgresServer, startPostgres } from './support/postgres.ts'
import { held, openStage, type Stage } from './support/stage.ts'

const POLICY = `
@id("reads") permit (principal in Group::"engineering", action in [Action::"connect", Action::"sql:read"], resource);
@id("writes") @review("dba") @expires("2s") permit (principal in Group::"engineering", action == Action::"sql:write", resource);
`

const ROUNDS = 5

describe.skipIf(lacks('psql')).each(['sqlite', 'postgres'] as const)('decisions that race, in a %s store', (kind) => {
  let stage: Stage
  let store: PostgresServer | null = null

  beforeAll(async () => {
    store = kind === 'postgres' ? await startPostgres() : null
    const env: Record<string, string> = store ? { STORE_URL: store.url('postgres') } : {}
    stage = await openStage({ policy: POLICY, store: store ? { url: { env: 'STORE_URL' } } : 'sqlite', env })
  })

  afterAll(async () => {
    await stage?.close()
    await store?.stop()
  })

  /** `won` or the code of the refusal. */
  async function outcome(call: Promise<unknown>): Promise<string> {
    try {
      await call
      return 'won'
    } catch (error) {
      if (error instanceof ClientError && error.problem) return error.problem.code
      throw error
    }
  }

  it('approve, deny and withdraw at once leave one winner, and what ran is what won', async () => {
    const { alice, bob, carol } = stage
    for (let round = 0; round < ROUNDS; round++) {
      const before = await stage.runs()
      const session = alice.psql()
      session.type(`UPDATE orders SET status = 'round ${round}' WHERE id = 1;`)
      const id = await held(session)
      const outcomes = await Promise.all([
        outcome(bob.api.approve({ id })),
        outcome(carol.api.deny({ id, comment: 'no' })),
        outcome(alice.api.withdraw({ id })),
        outcome(bob.api.approve({ id })),
      ])
      expect(outcomes.filter((each) => each === 'won')).toHaveLength(1)
      expect(outcomes.filter((each) => each !== 'won')).toEqual(Array.from({ length: 3 }, () => 'not-pending'))
      const { status } = await alice.api.request({ id })
      expect(status).toBe(['approved', 'denied', 'withdrawn', 'approved'][outcomes.indexOf('won')])
      await session.next(/UPDATE 1\n|ERROR/)
      expect((await session.quit()).stdout.includes('UPDATE 1')).toBe(status === 'approved')
      expect(await stage.runs()).toBe(before + (status === 'approved' ? 1 : 0))
      expect((await alice.api.grants()).filter(({ request }) => request === id)).toHaveLength(status === 'approved' ? 1 : 0)
    }
  })

  it('an approval at the very end is either in time or not at all', async () => {
    const { alice, bob } = stage
    const asked = await Promise.all([1, 2, 3, 4].map((row) => alice.api.ask({ resource: 'db', action: `DELETE FROM orders WHERE id = ${10 + row}` })))
    await Promise.all(
      asked.map(async ({ request: { id, expiresAt } }, index) => {
        await new Promise((resolve) => setTimeout(resolve, Date.parse(expiresAt) - Date.now() - 30 + index * 20))
        const won = (await outcome(bob.api.approve({ id }))) === 'won'
        await expect.poll(async () => (await alice.api.request({ id })).status).toBe(won ? 'approved' : 'expired')
        expect((await alice.api.grants()).filter(({ request }) => request === id)).toHaveLength(won ? 1 : 0)
      }),
    )
  })

  it('a one-use approval that two connections go for runs once', async () => {
    const { alice, bob } = stage
    const before = await stage.runs()
    const action = 'DELETE FROM orders WHERE id = 20;'
    const sessions = [alice.psql(), alice.psql(), alice.psql()]
    for (const session of sessions) session.type('SELECT 6 * 7;')
    for (const session of sessions) await session.next(/^42$/m)
    const { request } = await alice.api.ask({ resource: 'db', action })
    await bob.api.approve({ id: request.id })
    for (const session of sessions) session.type(action)
    const outcomes = await Promise.all(sessions.map(async (session) => (await session.next(/DELETE 1\n|held req-/))[0]))
    expect(outcomes.toSorted()).toEqual(['DELETE 1\n', 'held req-', 'held req-'])
    expect(await stage.runs()).toBe(before + 1)
    for (const session of sessions) session.vanish()
    await Promise.all(sessions.map((session) => session.quit()))
  })
})
