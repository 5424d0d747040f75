import { NO_FACTS } from '@countersign/core/action'
import { type Decision, NO_OBLIGATIONS } from '@countersign/core/obligations'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Attempted, Hold } from '../../src/adapters/adapter.ts'
import { LiveSession } from '../../src/session/session.ts'
import { type Store, StoreUnavailable } from '../../src/store/store.ts'
import { revokeGrant } from '../../src/workflow/grants.ts'
import { aGrant } from '../../../core/test/arbitraries.ts'
import { ALICE, aWrite, type Bed, BOB, openBed } from '../workflow/bed.ts'
import { type Made, openSession, servicesOf } from './services.ts'

let bed: Bed
let made: Made

beforeEach(async () => {
  bed = await openBed()
  made = servicesOf(bed)
})
afterEach(async () => {
  made.registry.close()
  await bed.close()
})

const HOLD: Hold = { signal: new AbortController().signal, tell: () => undefined }

const aRead = (): Attempted => {
  const { text, parameters } = aWrite('SELECT 1')
  const statements = [{ type: 'sql:read', fingerprint: null, facts: NO_FACTS }] as const
  return {
    action: { type: 'sql:read', text, parameters, statements },
    inTransaction: false,
    state: () => Promise.reject(new Error('nobody needs the state of a session for this')),
    impact: () => Promise.reject(new Error('nobody asks what this would do')),
    definition: () => Promise.reject(new Error('nobody asks how its tables are defined')),
    objects: () => Promise.resolve(null),
    differs: () => [],
  }
}

/** Any use of it fails the test. */
const noStore = new Proxy({} as Store, {
  get: (_, name) => {
    throw new Error(`store.${String(name)} was touched`)
  },
})

test('an action that policy allows by itself is judged, recorded and finished without the store', async () => {
  const session = await openSession(made, 'ses-1')
  const withoutStore = { ...made.services, context: { ...made.services.context, store: noStore } }
  const resource = bed.context.config.resources['orders']
  if (!resource) throw new Error('there is no orders')
  const opened = {
    id: 'ses-2',
    principal: { user: 'alice@example.com', agent: null, groups: [] },
    scope: null,
    token: 'tok-1',
    resource,
    grant: null,
    endsAt: session.endsAt,
    purpose: { reason: null, ticket: null },
  }
  const alone = new LiveSession(opened, withoutStore)
  const verdict = await alone.decide(aRead(), HOLD)
  expect(verdict).toEqual({ effect: 'allow', run: 'ses-2.1', reviewed: false })
  alone.record({ run: 'ses-2.1', result: 'done', summary: 'SELECT 1', rows: 1, bytes: 11, ms: 0.2, error: null, sent: null })
  await bed.context.journal.sync()
  expect((await bed.entries()).map(({ type }) => type)).toEqual(['grant.issued', 'action.started', 'action.finished'])
  expect(made.errors).toEqual([])
})

test('its entry is there before it is allowed', async () => {
  const session = await openSession(made, 'ses-1')
  await session.decide(aRead(), HOLD)
  expect((await bed.entries()).at(-1)).toMatchObject({ type: 'action.started', body: { run: 'ses-1.1', policies: ['reads'] } })
})

test('nothing is allowed when it cannot be recorded', async () => {
  const session = await openSession(made, 'ses-1')
  bed.context.journal.fail('the disk is full')
  expect(await session.decide(aRead(), HOLD)).toMatchObject({ effect: 'refuse', code: 'unavailable', message: expect.stringContaining('the disk is full') })
})

test('its end is absolute: a wall clock that is set back prolongs nothing', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  try {
    const session = await openSession(made, 'ses-1', 60_000)
    bed.clock.pass(30_000)
    bed.clock.set(-3_600_000)
    bed.clock.pass(29_999)
    vi.advanceTimersByTime(59_999)
    expect(session.signal.aborted).toBe(false)
    bed.clock.pass(1)
    vi.advanceTimersByTime(1)
    expect(session.signal.reason).toMatchObject({ code: 'expired', message: 'access of alice@example.com to orders has reached its end' })
  } finally {
    vi.useRealTimers()
  }
})

test('a wall clock that is past its end refuses, whatever the timers do', async () => {
  const session = await openSession(made, 'ses-1', 60_000)
  bed.clock.set(60_000)
  expect(await session.decide(aRead(), HOLD)).toMatchObject({ effect: 'refuse', code: 'ended' })
})

test('an end that the store does not hear of is in the ledger, and the session is forgotten', async () => {
  const session = await openSession(made, 'ses-1')
  const get = vi.spyOn(made.services.context.store.sessions, 'get').mockRejectedValue(new StoreUnavailable('gone'))
  await expect(session.end('the client left')).rejects.toThrow('gone')
  get.mockRestore()
  expect((await bed.entries()).at(-1)).toMatchObject({ type: 'session.ended', body: { session: 'ses-1', reason: 'the client left' } })
  expect(made.registry.size).toBe(0)
  expect(await bed.context.store.sessions.get('ses-1')).toMatchObject({ endedAt: null })
})

test('ends once, with its grant', async () => {
  const session = await openSession(made, 'ses-1')
  await Promise.all([session.end('the client left'), session.end('again')])
  expect(await bed.context.store.sessions.get('ses-1')).toMatchObject({ endReason: 'the client left' })
  expect((await bed.entries()).map(({ type }) => type)).toEqual(['grant.issued', 'session.ended', 'grant.ended'])
})

test('what was revoked while it was looked up is not used, though its end was heard of before anything ran under it', async () => {
  const session = await openSession(made, 'ses-1')
  const { grants } = bed.context.store
  const now = bed.clock.now()
  const approvers = [{ user: BOB.user, groups: BOB.groups }]
  const coverage = { kind: 'scope', scope: 'sql:write' } as const
  await grants.insert(aGrant({ id: 'while', subject: ALICE, resource: 'orders', coverage, approvers, usesLeft: null, startsAt: now, endsAt: now + 60_000 }))
  const list = grants.list.bind(grants)
  vi.spyOn(grants, 'list').mockImplementationOnce(async (filter) => {
    const live = await list(filter)
    await revokeGrant(bed.context, 'while', BOB, 'enough')
    return live
  })
  const gone = AbortSignal.abort('disconnected')
  const action = aWrite()
  const { state } = action
  if (state === null) throw new Error('a write has the state that it is sent in')
  const write = { ...aRead(), action, state: () => Promise.resolve(state) }
  expect(await session.decide({ ...write, differs: () => null }, { ...HOLD, signal: gone })).toMatchObject({ effect: 'refuse', code: 'pending' })
  expect((await bed.entries()).map(({ type }) => type)).not.toContain('action.started')
})

test('a use that the store did not answer for keeps nothing alive: the end of its grant cuts nobody', async () => {
  const session = await openSession(made, 'ses-1')
  const { grants } = bed.context.store
  const action = aWrite()
  const { state } = action
  if (state === null) throw new Error('a write has the state that it is sent in')
  const now = bed.clock.now()
  const approvers = [{ user: BOB.user, groups: BOB.groups }]
  const coverage = { kind: 'scope', scope: 'sql:write' } as const
  await grants.insert(aGrant({ id: 'while', subject: ALICE, resource: 'orders', coverage, approvers, usesLeft: 2, startsAt: now, endsAt: now + 60_000 }))
  vi.spyOn(grants, 'saveAll').mockRejectedValueOnce(new StoreUnavailable('not now'))
  const write = { ...aRead(), action, state: () => Promise.resolve(state), differs: () => null }
  expect(await session.decide(write, HOLD)).toMatchObject({ effect: 'refuse', code: 'unavailable' })
  expect(session.livesUnder('while')).toBe(false)
})

test('what another gateway approved, whose clock is ahead, is used and not asked for again', async () => {
  const session = await openSession(made, 'ses-1')
  const action = aWrite()
  const { state } = action
  if (state === null) throw new Error('a write has the state that it is sent in')
  const startsAt = bed.clock.now() + 5_000
  const approvers = [{ user: BOB.user, groups: BOB.groups }]
  const coverage = { kind: 'scope', scope: 'sql:write' } as const
  await bed.context.store.grants.insert(aGrant({ subject: ALICE, resource: 'orders', coverage, approvers, usesLeft: 1, startsAt, endsAt: startsAt + 60_000 }))
  const write = { ...aRead(), action, state: () => Promise.resolve(state), differs: () => null }
  expect(await session.decide(write, { ...HOLD, signal: AbortSignal.abort('disconnected') })).toMatchObject({ effect: 'allow', reviewed: true })
  expect(await bed.context.store.requests.list({})).toEqual([])
})

test('what policy allows by itself is allowed at once, and resolves when it is written', async () => {
  const session = await openSession(made, 'ses-1')
  const { action } = aRead()
  const outside = session.allow(action, false)
  const inside = session.allow(action, true)
  expect([await outside, await inside]).toEqual([
    { effect: 'allow', run: 'ses-1.1', reviewed: false },
    { effect: 'allow', run: 'ses-1.2', reviewed: false },
  ])
  expect((await bed.entries()).slice(-2)).toMatchObject([
    { type: 'action.started', body: { run: 'ses-1.1', action: 'sql:read', resource: 'orders', policies: ['reads'] } },
    { type: 'action.started', body: { run: 'ses-1.2', inTransaction: true } },
  ])
})

test('nothing is allowed at once that somebody has to review, that is more than one statement, or that cannot be recorded', async () => {
  const session = await openSession(made, 'ses-1')
  const { action } = aRead()
  expect(session.allow({ ...action, statements: [...action.statements, ...action.statements] }, false)).toBeNull()
  expect(session.allow({ ...action, statements: [] }, false)).toBeNull()
  expect(session.allow(aWrite(), false)).toBeNull()
  const late = session.allow(action, false)
  bed.context.journal.fail('the disk is full')
  expect(await late).toMatchObject({ effect: 'refuse', code: 'unavailable' })
  expect(session.allow(action, false)).toBeNull()
})

test('what was allowed before is judged anew when the policy has changed, or the purpose', async () => {
  const { services } = made
  const engine = services.context.policy()
  let asked = 0
  let effect: 'allow' | 'deny' = 'allow'
  const changing = () => ({
    ...engine,
    version: 'v2',
    readsRows: () => false,
    decide: (): Decision => {
      asked++
      if (effect === 'deny') return { effect, policies: [], message: 'no longer' }
      return { effect, policies: ['reads'], obligations: { ...NO_OBLIGATIONS, reason: true } }
    },
  })
  let policy = changing()
  const context = { ...services.context, policy: () => policy }
  const session = await openSession({ ...made, services: { ...services, context } }, 'ses-1')
  const { action } = aRead()
  expect(session.allow(action, false)).toBeNull() // it has no reason
  session.setPurpose({ reason: 'INC-7' })
  expect(await session.allow(action, false)).toMatchObject({ effect: 'allow' })
  expect(await session.allow(action, false)).toMatchObject({ effect: 'allow' })
  expect(asked).toBe(2)
  effect = 'deny'
  policy = changing()
  expect(session.allow(action, false)).toBeNull()
})
