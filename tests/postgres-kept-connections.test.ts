import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ACCOUNTS_SEED, OWN_ACCOUNTS } from './support/accounts.ts'
import { leftovers } from './support/aftermath.ts'
import { openStage, type Stage } from './support/stage.ts'

const POLICY = `@id("reads") permit (principal in Group::"engineering", action in [Action::"connect", Action::"sql:read"], resource);`
const SESSIONS = 5
const THERE = "SELECT DISTINCT application_name::text FROM pg_stat_activity WHERE application_name LIKE 'countersign:%' ORDER BY 1"

describe('the connections that a gateway keeps for itself', () => {
  let stage: Stage

  beforeAll(async () => {
    stage = await openStage({ policy: POLICY, seed: ACCOUNTS_SEED, resources: { db: OWN_ACCOUNTS }, workers: 1 })
  })

  afterAll(() => stage?.close())

  it('are few, and closed when nobody has needed them for ten seconds', { timeout: 60_000 }, async () => {
    const { gateway, alice } = stage
    const come = async () => {
      const client = new pg.Client({ ...gateway.postgres, user: alice.user, password: alice.token, database: 'db' })
      await client.connect()
      expect((await client.query('SELECT count(*)::int AS n FROM orders')).rows).toEqual([{ n: 20 }])
      await client.end()
    }
    await Promise.all(Array.from({ length: SESSIONS }, come))
    expect(await leftovers(stage)).toEqual([])
    await come()
    expect(await stage.ask(THERE)).toEqual(expect.arrayContaining(['countersign:accounts', 'countersign:catalog']))
    await expect.poll(() => stage.ask(THERE), { timeout: 30_000, interval: 200 }).toEqual([])
  })
})
