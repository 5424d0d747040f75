import { type Client, createClient } from '@countersign/contract/client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { aGrant } from '../../../core/test/arbitraries.ts'
import { aSession } from '../store/values.ts'
import { type Bed, openBed } from './bed.ts'

const ALICE = { user: 'alice', agent: null, groups: ['engineering'] }
const CLAUDE = { ...ALICE, agent: 'claude' }

let bed: Bed
let claude: Client

/** One of each of Alice's, and one of her agent's. */
beforeAll(async () => {
  bed = await openBed()
  claude = createClient({ url: bed.url, token: (await bed.admin.createToken({ user: 'alice', agent: 'claude' })).token })
  for (const [principal, name] of [
    [ALICE, 'hers'],
    [CLAUDE, 'its'],
  ] as const) {
    await bed.store.grants.insert(aGrant({ id: `grant-${name}`, subject: principal, resource: 'orders-db', endsAt: Date.now() + 60_000 }))
    await bed.store.sessions.insert(aSession({ id: `ses-${name}`, gateway: bed.journal.gateway, principal, resource: 'orders-db' }))
  }
})
afterAll(() => bed.close())

test('an agent sees what is its own, and its user sees both', async () => {
  const alice = bed.client('alice')
  const hers = (await alice.ask({ resource: 'orders-db', action: 'DELETE FROM orders WHERE id = 1' })).request.id
  const its = (await claude.ask({ resource: 'orders-db', action: 'DELETE FROM orders WHERE id = 2' })).request.id
  const seen = async (who: typeof alice) => ({
    requests: (await who.requests()).map(({ id }) => id).toSorted(),
    grants: (await who.grants()).map(({ id }) => id).toSorted(),
    sessions: (await who.sessions()).map(({ id }) => id).toSorted(),
  })
  expect(await seen(claude)).toEqual({ requests: [its], grants: ['grant-its'], sessions: ['ses-its'] })
  expect(await seen(alice)).toEqual({ requests: [hers, its].toSorted(), grants: ['grant-hers', 'grant-its'], sessions: ['ses-hers', 'ses-its'] })
  await expect(claude.withdraw({ id: hers })).rejects.toMatchObject({ status: 404 })
  expect(await claude.withdraw({ id: its })).toMatchObject({ status: 'withdrawn' })
})

test('it ends nothing of its user’s', async () => {
  await expect(claude.kill({ id: 'ses-hers' })).rejects.toMatchObject({ status: 404 })
  await expect(claude.revoke({ id: 'grant-hers' })).rejects.toMatchObject({ status: 404 })
  expect(await claude.kill({ id: 'ses-its' })).toMatchObject({ id: 'ses-its' })
  expect(await claude.revoke({ id: 'grant-its' })).toMatchObject({ status: 'revoked' })
})
