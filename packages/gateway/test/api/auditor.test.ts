import { afterAll, beforeAll, expect, test } from 'vitest'
import { aSession } from '../store/values.ts'
import { type Bed, openBed } from './bed.ts'

let bed: Bed
let request: string
let grant: string

/** Alice has asked, Bob has approved, and Olga is an auditor. */
beforeAll(async () => {
  bed = await openBed()
  const asked = await bed.client('alice').ask({ resource: 'orders-db', action: 'DELETE FROM orders WHERE id = 1' })
  request = asked.request.id
  await bed.client('bob').approve({ id: request })
  grant = (await bed.admin.grants({ live: true }))[0]?.id ?? ''
  await bed.store.sessions.insert(aSession({ id: 'ses-1', principal: { user: 'alice', agent: null, groups: [] } }))
})
afterAll(() => bed.close())

test('an auditor reads everything', async () => {
  const olga = bed.client('olga')
  expect(await olga.whoami()).toMatchObject({ auditor: true, admin: false, groups: [] })
  expect(await olga.request({ id: request })).toMatchObject({ id: request })
  expect((await olga.requests()).map(({ id }) => id)).toEqual([request])
  expect((await olga.grants()).map(({ id }) => id)).toEqual([grant])
  expect((await olga.sessions()).map(({ id }) => id)).toEqual(['ses-1'])
  expect((await olga.resources()).map(({ name }) => name)).toEqual(['orders-db'])
  expect((await olga.tokens()).length).toBeGreaterThan(3)
  const period = { from: '2026-01-01T00:00:00.000Z', until: '2026-02-01T00:00:00.000Z' }
  await Promise.all([olga.leases(), olga.erasures(), olga.ledger(), olga.ledgerHeads(), olga.ledgerKeys(), olga.ledgerReport(period)])
  await olga.explain({ user: 'alice', resource: 'orders-db', type: 'sql:read' })
})

test('and changes nothing of what he sees', async () => {
  const olga = bed.client('olga')
  const { request: waiting } = await bed.client('alice').ask({ resource: 'orders-db', action: 'DELETE FROM orders WHERE id = 2' })
  const refused = [
    () => olga.approve({ id: waiting.id }),
    () => olga.withdraw({ id: waiting.id }),
    () => olga.revoke({ id: grant }),
    () => olga.kill({ id: 'ses-1' }),
    () => olga.checkResource({ name: 'orders-db' }),
    () => olga.erase({ user: 'alice', reason: 'why not' }),
    () => olga.rotateSigningKey(),
    () => olga.vouch({ gateway: 'gw-0000000009', key: 'a key' }),
    () => olga.createToken({ user: 'alice' }),
  ]
  for (const each of refused) await expect(each()).rejects.toMatchObject({ status: 403 })
})
