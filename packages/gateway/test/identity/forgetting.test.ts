import { afterEach, beforeEach, expect, test } from 'vitest'
import { Forgetting } from '../../src/identity/forgetting.ts'
import { aLogin, anInvite } from '../store/values.ts'
import { type Bed, openBed } from '../workflow/bed.ts'

const HOUR = 3_600_000

let bed: Bed
beforeEach(async () => {
  bed = await openBed()
})
afterEach(() => bed.close())

test('what is over is there for a day, a code for an hour, and an answered challenge no longer than it would have been good', async () => {
  const { clock } = bed
  const { store } = bed.context
  const now = clock.now()
  await store.logins.insert(aLogin({ id: 'ended', flow: null, createdAt: now, endedAt: now, expiresAt: now + 100 * HOUR }))
  await store.logins.insert(aLogin({ id: 'live', flow: null, createdAt: now, expiresAt: now + 100 * HOUR }))
  await store.invites.insert(anInvite({ id: 'used', createdAt: now - 1, usedAt: now, expiresAt: now + 100 * HOUR }))
  await store.invites.insert(anInvite({ id: 'open', createdAt: now - 1, expiresAt: now + 100 * HOUR }))
  const asked = { client: 'countersign', host: null, address: '10.0.0.7', createdAt: now, state: 'pending', by: null, polledAt: null, intervalMs: 1 } as const
  await store.devices.insert({ ...asked, id: 'dev-1', version: 1, hash: 'hash', userCode: 'CODE', expiresAt: now }, 10)
  await store.challenges.spend({ hash: 'answered', expiresAt: now })

  const forgetting = new Forgetting({ store, clock, onError: (error) => expect.unreachable(String(error)) })
  const left = async () => {
    await forgetting.forget()
    const challenge = !(await store.challenges.spend({ hash: 'answered', expiresAt: now }))
    const [logins, invites] = [await store.logins.list({}), await store.invites.list()]
    return [challenge, (await store.devices.find({ hash: 'hash' })) !== null, logins.map(({ id }) => id).sort(), invites.map(({ id }) => id).sort()]
  }
  expect(await left()).toEqual([true, true, ['ended', 'live'], ['open', 'used']])
  clock.pass(HOUR + 1)
  expect(await left()).toEqual([false, false, ['ended', 'live'], ['open', 'used']])
  clock.pass(23 * HOUR)
  expect(await left()).toEqual([false, false, ['live'], ['open']])
})
