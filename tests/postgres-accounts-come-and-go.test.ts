import { Socket } from 'node:net'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ACCOUNTS_SEED, OWN_ACCOUNTS } from './support/accounts.ts'
import { openStage, type Stage } from './support/stage.ts'
import { TRACES } from './support/traces.ts'

/** How many sessions; the whole thousand costs some minutes. */
const SESSIONS = Number(process.env['TEST_ACCOUNT_SESSIONS'] ?? 60)
const AT_ONCE = 8

const POLICY = `
@id("reads") permit (principal in Group::"engineering", action in [Action::"connect", Action::"sql:read"], resource);
`

describe.each([15, 18] as const)('PostgreSQL %i: sessions that come and go', (version) => {
  let stage: Stage

  beforeAll(async () => {
    stage = await openStage({ version, policy: POLICY, seed: ACCOUNTS_SEED, resources: { db: OWN_ACCOUNTS } })
  })

  afterAll(() => stage?.close())

  it(`leave the target's roles exactly as before, ${SESSIONS} of them`, { timeout: 20_000 + SESSIONS * 1_000 }, async () => {
    const before = await stage.ask(TRACES)
    let left = SESSIONS
    const seen = new Set<string>()
    const visit = async () => {
      while (left-- > 0) {
        const socket = new Socket()
        const client = new pg.Client({ ...stage.gateway.postgres, user: stage.alice.user, password: stage.alice.token, database: 'db', stream: () => socket })
        client.on('error', () => undefined)
        await client.connect()
        const { rows } = await client.query<{ session_user: string }>('SELECT session_user FROM orders WHERE id = 1')
        seen.add(rows[0]?.session_user ?? '')
        // Every third is gone without a goodbye, as when a laptop falls asleep.
        if (left % 3 === 0) socket.destroy()
        else await client.end()
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, visit))
    expect(seen.size).toBe(SESSIONS)
    await expect.poll(() => stage.ask(TRACES), { timeout: 30_000, interval: 200 }).toEqual(before)
  })
})
