import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { GONE_MS } from '../../src/session/health.ts'
import { type StoreEvent, StoreUnavailable } from '../../src/store/store.ts'
import { finishGrant, revokeGrant } from '../../src/workflow/grants.ts'
import { closeRecord } from '../../src/session/records.ts'
import { aGrant } from '../../../core/test/arbitraries.ts'
import { aSession, aToken } from '../store/values.ts'
import { ALICE, type Bed, BOB, openBed } from '../workflow/bed.ts'
import { type Made, openSession, servicesOf } from './services.ts'

let bed: Bed
let made: Made
/** As the store says it. */
let said: (event: StoreEvent) => void

beforeEach(async () => {
  bed = await openBed()
  const { store } = bed.context
  const subscribe: typeof store.subscribe = (listener) => store.subscribe((said = listener))
  made = servicesOf(bed, { ...store, subscribe })
  await bed.context.store.tokens.insert(aToken({ id: 'tok-1' }))
})
afterEach(async () => {
  made.registry.close()
  await bed.close()
})

const grantOf = async (id: string) => (await bed.context.store.sessions.get(id))?.grant ?? ''

async function kill(id: string) {
  const record = await bed.context.store.sessions.get(id)
  if (record) await bed.context.store.sessions.save({ ...record, version: record.version + 1, cut: { by: 'bob', reason: 'killed by bob' } })
}

test.each([
  ['a revoked grant', 'revoked', async () => revokeGrant(bed.context, await grantOf('one'), BOB, 'enough')],
  ['a grant that is done', 'done', async () => finishGrant(bed.context, await grantOf('one'), ALICE)],
  ['a kill', 'killed', () => kill('one')],
])('%s cuts the session it concerns and no other', async (_, code, end) => {
  const [one, other] = [await openSession(made, 'one'), await openSession(made, 'other')]
  await end()
  await vi.waitFor(() => expect(one.signal.reason).toMatchObject({ code }))
  expect(other.signal.aborted).toBe(false)
  expect(made.errors).toEqual([])
})

test('a revoked token cuts every session that was opened with it', async () => {
  const sessions = [await openSession(made, 'one'), await openSession(made, 'other')]
  await bed.context.store.tokens.revoke('tok-1', bed.clock.now())
  for (const { signal } of sessions) await vi.waitFor(() => expect(signal.reason).toMatchObject({ code: 'token' }))
})

test('what was decided before the session was registered is found by looking again', async () => {
  const session = await openSession(made, 'one')
  made.registry.remove('one')
  await kill('one')
  await vi.waitFor(() => expect(session.signal.aborted).toBe(false))
  made.registry.add(session)
  said({ kind: 'resync' })
  await vi.waitFor(() => expect(session.signal.reason).toMatchObject({ code: 'killed', message: 'session one killed by bob' }))
})

const refusing = (): Promise<never> => Promise.reject(new StoreUnavailable('the connection to PostgreSQL was lost'))

test.each([
  ['grant', 'revoked', () => vi.spyOn(bed.context.store.grants, 'get'), async () => (await revokeGrant(bed.context, await grantOf('one'), BOB, 'enough')).id],
  ['token', 'token', () => vi.spyOn(bed.context.store.tokens, 'get'), () => bed.context.store.tokens.revoke('tok-1', bed.clock.now()).then(() => 'tok-1')],
  ['session', 'killed', () => vi.spyOn(bed.context.store.sessions, 'get'), () => kill('one').then(() => 'one')],
] as const)('the end of a %s that could not be read when it was heard of is read again', async (kind, code, reading, end) => {
  const session = await openSession(made, 'one')
  made.registry.remove('one')
  const id = await end()
  made.registry.add(session)
  const gets = reading().mockImplementationOnce(refusing).mockImplementationOnce(refusing)
  said({ kind, id })
  await vi.waitFor(() => expect(session.signal.reason).toMatchObject({ code }), 3_000)
  expect(gets.mock.calls.length).toBeGreaterThan(2)
  expect(made.errors).toHaveLength(1)
})

test('nor is what was missed forgotten because the first look for it failed', async () => {
  const session = await openSession(made, 'one')
  made.registry.remove('one')
  await kill('one')
  made.registry.add(session)
  vi.spyOn(bed.context.store.sessions, 'get').mockImplementationOnce(refusing)
  said({ kind: 'resync' })
  await vi.waitFor(() => expect(session.signal.reason).toMatchObject({ code: 'killed' }), 3_000)
})

test('a session of which it cannot be read for as long as a store may be silent whether it goes on is cut, and no other', async () => {
  const [one, other] = [await openSession(made, 'one'), await openSession(made, 'other')]
  const own = await grantOf('one')
  const { grants } = bed.context.store
  const get = grants.get.bind(grants)
  vi.spyOn(bed.context.store.grants, 'get').mockImplementation((id) => (id === own ? refusing() : get(id)))
  said({ kind: 'resync' })
  await vi.waitFor(() => expect(made.errors).toHaveLength(1))
  bed.clock.pass(GONE_MS - 1)
  await sleep(600)
  expect(one.signal.aborted).toBe(false)
  bed.clock.pass(1)
  await vi.waitFor(() => expect(one.signal.reason).toMatchObject({ code: 'store' }), 3_000)
  expect(other.signal.aborted).toBe(false)
})

test('what changes while it is read is read once more', async () => {
  const session = await openSession(made, 'one')
  const { sessions } = bed.context.store
  const get = sessions.get.bind(sessions)
  const reading = Promise.withResolvers<undefined>()
  vi.spyOn(bed.context.store.sessions, 'get').mockImplementationOnce(async (id) => {
    const before = await get(id)
    await reading.promise
    return before
  })
  said({ kind: 'session', id: 'one' })
  await kill('one')
  reading.resolve(undefined)
  await vi.waitFor(() => expect(session.signal.reason).toMatchObject({ code: 'killed' }))
})

test('of what it has just written it reads nothing again, only what somebody has changed since', async () => {
  const session = await openSession(made, 'one')
  const { store } = bed.context
  made.registry.add({
    id: 'new',
    token: 'tok-1',
    isOver: false,
    opened: session.opened,
    regroup: () => undefined,
    grants: () => ['grant-new'],
    livesUnder: (grant) => grant === 'grant-new',
    cut: (why) => session.cut(why),
  })
  const [sessions, grants] = [vi.spyOn(store.sessions, 'get'), vi.spyOn(store.grants, 'get')]
  await store.sessions.insert(aSession({ id: 'new', grant: 'grant-new' }), aGrant({ id: 'grant-new', session: 'new' }))
  await kill('new')
  await vi.waitFor(() => expect(session.signal.reason).toMatchObject({ code: 'killed' }))
  expect(sessions).toHaveBeenCalledTimes(2) // the kill itself, and the registry that heard of it
  expect(grants).not.toHaveBeenCalled()
})

test('a session that has left hears of nothing', async () => {
  const session = await openSession(made, 'one')
  await session.end('the client left')
  await kill('one')
  expect(made.registry.has('one')).toBe(false)
  expect(session.signal.aborted).toBe(false)
})

test('a token that was revoked before the session was registered is found by looking again, and so is a grant that it was given', async () => {
  for (const [given, code, end] of [
    ['one', 'revoked', async () => revokeGrant(bed.context, await grantOf('one'), BOB, 'enough')],
    [null, 'token', () => bed.context.store.tokens.revoke('tok-1', bed.clock.now())],
  ] as const) {
    const session = await openSession(made, given ?? 'other')
    made.registry.remove(session.id)
    await end()
    made.registry.add(session)
    await made.registry.recheckGiven(session, given && (await grantOf(given)))
    expect(session.signal.reason).toMatchObject({ code })
  }
})

test('the record of a session is ended as it is known, and as it is where that has changed since', async () => {
  for (const [id, change] of [
    ['one', () => Promise.resolve()],
    ['other', () => kill('other')],
    ['third', async () => void (await revokeGrant(bed.context, await grantOf('third'), BOB, 'enough'))],
  ] as const) {
    await openSession(made, id)
    const record = await bed.context.store.sessions.get(id)
    const grant = await bed.context.store.grants.get(record?.grant ?? '')
    if (!record) throw new Error('no record')
    await change()
    expect(await closeRecord(bed.context, id, 'the client left', { record, grant })).toBe(true)
    expect(await bed.context.store.sessions.get(id)).toMatchObject({ endReason: 'the client left', cut: id === 'other' ? { by: 'bob' } : null })
    expect(await bed.context.store.grants.get(record.grant ?? '')).toMatchObject({ status: id === 'third' ? 'revoked' : 'done' })
    expect(await closeRecord(bed.context, id, 'again', { record, grant })).toBe(false)
  }
})
