import { type Client, createClient } from '@countersign/contract/client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { aGrant, aRequest } from '../../../core/test/arbitraries.ts'
import { aSession } from '../store/values.ts'
import { type Bed, openBed } from './bed.ts'

const ALICE = { user: 'alice', agent: null, groups: ['engineering'] }
const CAROL = { user: 'carol', agent: null, groups: ['sales'] }
/** As many as a list has. */
const MOST = 500

let bed: Bed
let claude: Client

/** Of Alice's and of her agent's one each, of which everything else that there is has come since. */
beforeAll(async () => {
  bed = await openBed()
  claude = createClient({ url: bed.url, token: (await bed.admin.createToken({ user: 'alice', agent: 'claude' })).token })
  const now = Date.now()
  await put('alices', ALICE, now - 2_000, 'dba')
  await put('claudes', { ...ALICE, agent: 'claude' }, now - 1_000, 'dba')
  for (let at = 0; at < MOST; at++) await put(`carols-${at}`, CAROL, now, 'security')
  for (let at = 0; at < MOST; at++) await bed.store.sessions.insert(aSession({ id: `ses-later-${at}`, principal: ALICE, startedAt: now }))
}, 60_000)
afterAll(() => bed.close())

async function put(id: string, principal: typeof ALICE | { user: string; agent: string; groups: string[] }, at: number, reviewers: string): Promise<void> {
  const { requests, grants, sessions } = bed.store
  const need = [[{ policy: 'writes', groups: [reviewers], quorum: 1 }]]
  const ask = { kind: 'scope', digest: id, scope: 'sql', ms: 60_000 } as const
  await requests.open(aRequest({ id: `req-${id}`, requester: principal, ask, need, createdAt: at, expiresAt: at + 3_600_000 }))
  await grants.insert(aGrant({ id: `grant-${id}`, request: `req-${id}`, subject: principal, approvers: [], startsAt: at, endsAt: at + 3_600_000 }))
  await sessions.insert(aSession({ id: `ses-${id}`, principal, startedAt: at }))
}

const ids = (list: readonly { readonly id: string }[]) => list.map(({ id }) => id)

test('whoever asks is shown his own, however much of others has come since', async () => {
  const alice = bed.client('alice')
  expect(ids(await alice.requests())).toEqual(['req-claudes', 'req-alices'])
  expect(ids(await alice.requests({ status: 'pending' }))).toEqual(['req-claudes', 'req-alices'])
  expect(ids(await alice.grants())).toEqual(['grant-claudes', 'grant-alices'])
  expect(ids(await alice.grants({ live: true }))).toEqual(['grant-claudes', 'grant-alices'])
  expect(await bed.client('carol').requests()).toHaveLength(MOST)
})

test('what waits for a reviewer is in his inbox, however much waits for others', async () => {
  const bob = bed.client('bob')
  expect(ids(await bob.requests({ inbox: true }))).toEqual(['req-claudes', 'req-alices'])
  expect(ids(await bob.requests({ status: 'pending' }))).toEqual(['req-claudes', 'req-alices'])
  expect(ids(await bob.grants({ live: true }))).toEqual(['grant-claudes', 'grant-alices'])
})

test('and so is what he could have reviewed, and what became of it, whatever has been decided since', async () => {
  const bob = bed.client('bob')
  expect(ids(await bob.requests())).toEqual(['req-claudes', 'req-alices'])
  expect(ids(await bob.requests({ status: 'denied' }))).toEqual([])
  expect(ids(await bob.grants())).toEqual(['grant-claudes', 'grant-alices'])
})

test('an agent is shown its own, however much of its user’s has come since', async () => {
  expect(ids(await claude.requests())).toEqual(['req-claudes'])
  expect(ids(await claude.grants())).toEqual(['grant-claudes'])
  expect(ids(await claude.sessions())).toEqual(['ses-claudes'])
  expect(ids(await claude.sessions({ limit: 1 }))).toEqual(['ses-claudes'])
  const [first] = await bed.client('alice').sessions({ limit: 1 })
  expect(first?.id).toMatch(/^ses-later-/)
})

test('an admin is shown the newest of all', async () => {
  expect(await bed.client('root').requests()).toHaveLength(MOST)
  expect(await bed.client('olga').grants({ live: true })).toHaveLength(MOST)
})
