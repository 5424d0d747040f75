import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type GatewayProcess, startGateway } from './support/gateway.ts'

const [ALICE, BOB] = ['alice@example.com', 'bob@example.com']
/** A block of the index, and some more. */
const TOKENS = 270

describe('a ledger of more than a few entries', { timeout: 60_000 }, () => {
  let gateway: GatewayProcess
  beforeAll(async () => {
    gateway = await startGateway({ users: { [ALICE]: { groups: [] }, [BOB]: { groups: [] } }, resources: {}, policy: '' })
    await gateway.token(BOB)
    for (let made = 0; made < TOKENS; made++) await gateway.token(ALICE)
  }, 60_000)
  afterAll(() => gateway?.stop())

  it('is indexed by the thread of its tree, and what is old is found by that', async () => {
    const indexed = () => {
      const database = new DatabaseSync(join(gateway.data, 'countersign.db'), { readOnly: true })
      const row = database.prepare('SELECT count(*) AS blocks FROM ledger_blocks').get()
      database.close()
      return row?.['blocks']
    }
    await vi.waitFor(() => expect(indexed()).toBe(1), { timeout: 30_000, interval: 200 })
    const { events, next } = await gateway.api().ledgerSearch({ person: BOB })
    expect({ events, next }).toMatchObject({ events: [{ type: 'token.created', body: { user: BOB } }], next: null })
  })

  it('is read for a report by a thread of its own', async () => {
    const period = { from: new Date(0).toISOString(), until: new Date(Date.now() + 60_000).toISOString() }
    const reports = await Promise.all([gateway.api().ledgerReport(period), gateway.api().ledgerReport(period)])
    for (const report of reports) expect(report).toMatchObject({ unreadable: 0, origin: expect.stringContaining('countersign/tree-') })
  })
})
