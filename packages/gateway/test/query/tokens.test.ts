import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { QueryTokens, type SignedIn } from '../../src/query/tokens.ts'
import type { StoreEvent } from '../../src/store/store.ts'
import { aToken } from '../store/values.ts'

const HOUR = 3_600_000
const alice: SignedIn = {
  principal: { user: 'alice', agent: null, groups: [] },
  admin: true,
  auditor: false,
  mayReview: true,
  proven: true,
  by: { kind: 'login', id: 'login-1', verifiedAt: 0, signedInAt: 0, endsAt: 100 * HOUR },
}

let made: { readonly scope: unknown; readonly mayReview: boolean; readonly ttlMs: number | null }[]
let revoked: string[]
let endedAt: number | null
let isDown: boolean
let tell: (event: StoreEvent) => void
let tokens: QueryTokens

beforeEach(() => {
  vi.useFakeTimers({ now: 0 })
  made = []
  revoked = []
  endedAt = null
  isDown = false
  tokens = new QueryTokens({
    desk: {
      createToken: async (_by, wish) => {
        made.push(wish)
        const token = `secret-${made.length}`
        return { token, record: { ...aToken({ id: `tok-${made.length}` }), expiresAt: Date.now() + (wish.ttlMs ?? 0) } }
      },
      revokeToken: async (_by, id) => {
        revoked.push(id)
        return aToken({ id })
      },
    },
    store: {
      logins: { get: async () => (isDown ? Promise.reject(new Error('not now')) : { endedAt }) },
      subscribe: (listener) => {
        tell = listener
        return () => undefined
      },
    },
    now: () => Date.now(),
    maxMs: 8 * HOUR,
    onError: (error) => {
      if (!isDown) throw error
    },
  })
})
afterEach(() => vi.useRealTimers())

test('several runs at once of a sign-in have one token for each resource, which neither reviews nor administers', async () => {
  const lent = await Promise.all(['db', 'db', 'other', 'db'].map((resource) => tokens.lend(alice, resource)))
  expect(lent.map(({ secret }) => secret)).toEqual(['secret-1', 'secret-1', 'secret-2', 'secret-1'])
  expect(made).toMatchObject(['db', 'other'].map((name) => ({ scope: { resources: [name], actions: null }, mayReview: false, ttlMs: 8 * HOUR })))
})

test('one that is nearly over is replaced, and no token outlives the sign-in that it was made for', async () => {
  await tokens.lend(alice, 'db')
  await vi.advanceTimersByTimeAsync(5 * HOUR)
  expect((await tokens.lend(alice, 'db')).secret).toBe('secret-2')
  const short = { ...alice, by: { ...alice.by, id: 'login-2', endsAt: Date.now() + 1_000 } }
  await tokens.lend(short, 'db')
  expect(made[2]).toMatchObject({ ttlMs: 1_000 })
})

test('one is revoked ten minutes after its last use, and not while it is used', async () => {
  const [one, other] = await Promise.all([tokens.lend(alice, 'db'), tokens.lend(alice, 'db')])
  one?.release()
  await vi.advanceTimersByTimeAsync(HOUR)
  expect(revoked).toEqual([])
  other?.release()
  await vi.advanceTimersByTimeAsync(599_000)
  const again = await tokens.lend(alice, 'db')
  await vi.advanceTimersByTimeAsync(HOUR)
  expect([again.secret, revoked]).toEqual(['secret-1', []])
  again.release()
  await vi.advanceTimersByTimeAsync(600_000)
  expect([revoked, again.signal.aborted]).toEqual([['tok-1'], true])
  expect((await tokens.lend(alice, 'db')).secret).toBe('secret-2')
})

test('all are revoked with the sign-in, also where nobody was told that it ended, and with the gateway', async () => {
  const lent = await tokens.lend(alice, 'db')
  tell({ kind: 'login', id: 'login-1' })
  tell({ kind: 'login', id: 'login-9' })
  await vi.advanceTimersByTimeAsync(1)
  expect(lent.signal.aborted).toBe(false)
  endedAt = 1
  tell({ kind: 'resync' })
  await vi.advanceTimersByTimeAsync(1)
  expect([lent.signal.aborted, revoked]).toEqual([true, ['tok-1']])
  await expect(tokens.lend(alice, 'db')).rejects.toThrow('this sign-in has ended')
  expect(revoked).toEqual(['tok-1', 'tok-2'])
  endedAt = null
  await tokens.lend(alice, 'db')
  await tokens.close()
  expect(revoked).toEqual(['tok-1', 'tok-2', 'tok-3'])
})

test('one whose sign-in could not be read when it ended is revoked once it can', async () => {
  const lent = await tokens.lend(alice, 'db')
  isDown = true
  endedAt = 1
  tell({ kind: 'login', id: 'login-1' })
  await vi.advanceTimersByTimeAsync(1_000)
  expect(revoked).toEqual([])
  isDown = false
  await vi.advanceTimersByTimeAsync(250)
  expect([lent.signal.aborted, revoked]).toEqual([true, ['tok-1']])
  await tokens.close()
})
