import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { finishGrant, revokeGrant } from '../../src/workflow/grants.ts'
import { closeRecord } from '../../src/session/records.ts'
import { aGrant } from '../../../core/test/arbitraries.ts'
import { aSession, aToken } from '../store/values.ts'
import { ALICE, type Bed, BOB, openBed } from '../workflow/bed.ts'
import { type Made, openSession, servicesOf } from './services.ts'

let bed: Bed
let made: Made

beforeEach(async () => {
  bed = await openBed()
  made = servicesOf(bed)
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
  made.registry.add(session)
  expect(session.signal.aborted).toBe(false)
  await made.registry.recheck(session)
  expect(session.signal.reason).toMatchObject({ code: 'killed', message: 'session one killed by bob' })
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
