import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { aGrant } from '../../../core/test/arbitraries.ts'
import { Desk } from '../../src/identity/desk.ts'
import { Tokens } from '../../src/identity/tokens.ts'
import { JournalBroken } from '../../src/journal/journal.ts'
import { type OwedRecord, StoreUnavailable } from '../../src/store/store.ts'
import { revokeGrant, useGrants } from '../../src/workflow/grants.ts'
import { Owed } from '../../src/journal/owed.ts'
import { openRequest, reviewRequest, withdrawRequest } from '../../src/workflow/requests.ts'
import { aToken } from '../store/values.ts'
import { ALICE, anOpening, type Bed, BOB, BOB_CALLS, openBed } from '../workflow/bed.ts'

let bed: Bed
let errors: unknown[]

beforeEach(async () => {
  bed = await openBed()
  await bed.context.store.tokens.insert(aToken())
  errors = []
})
afterEach(() => bed.close())

const owing = () => {
  const { store, journal } = bed.context
  return new Owed({ store: store.owed, journal, directory: bed.folder, onError: (error) => void errors.push(error) })
}
const approve = (id: string) => reviewRequest(bed.context, BOB_CALLS, id, { approve: true, comment: null, given: null })
const told = async () => (await bed.entries()).map(({ type }) => type)
const left = () => bed.context.store.owed.of(bed.context.journal.gateway)
/** The gateway is killed before the next entry of this type is written. */
function killedBefore(type: string) {
  const { journal } = bed.context
  const append = journal.append.bind(journal)
  return vi
    .spyOn(journal, 'append')
    .mockImplementation((event, durability) => (event.type === type ? Promise.reject(new JournalBroken('killed')) : append(event, durability)))
}

test.each([
  ['request.opened', () => openRequest(bed.context, anOpening())],
  ['request.approved', async () => approve((await openRequest(bed.context, anOpening())).request.id)],
  ['grant.issued', async () => approve((await openRequest(bed.context, anOpening())).request.id)],
  ['request.withdrawn', async () => withdrawRequest(bed.context, ALICE, (await openRequest(bed.context, anOpening())).request.id)],
  ['grant.used', async () => useGrants(bed.context, [await given()])],
  ['token.revoked', async () => desk().revokeAllOf(aToken().user, 'root')],
  ['grant.ended', async () => revokeGrant(bed.context, (await given()).id, BOB, 'enough')],
])('%s of a change that is in the store is in the ledger after the restart, once', async (type, change) => {
  const killed = killedBefore(type)
  await expect(change()).rejects.toThrow('killed')
  killed.mockRestore()
  const before = await told()
  expect(before).not.toContain(type)

  for (const _ of ['the restart', 'and another one']) {
    const restarted = owing()
    await restarted.start()
    await restarted.stop()
  }
  expect((await told()).slice(before.length)).toEqual(type === 'request.approved' ? [type, 'grant.issued'] : [type])
  expect(await left()).toEqual([])
})

function desk(): Desk {
  const { directory, store, clock } = bed.context
  return new Desk(new Tokens(directory, store.tokens, () => clock.now()), store.tokens, bed.context, [])
}

const given = async () => {
  const grant = aGrant({ startsAt: bed.clock.now(), endsAt: bed.clock.now() + 60_000 })
  await bed.context.store.grants.insert(grant)
  return grant
}

test('what is recorded is owed no more, and what was recorded just before the end is not recorded again', async () => {
  const settle = vi.spyOn(bed.context.store.owed, 'settle').mockRejectedValue(new StoreUnavailable('not now'))
  await approve((await openRequest(bed.context, anOpening())).request.id)
  const before = await told()
  expect(await left()).toHaveLength(3)
  settle.mockRestore()
  const restarted = owing()
  await restarted.start()
  expect([await told(), await left()]).toEqual([before, []])
  await restarted.stop()
})

test('nothing is owed for what somebody else did first', async () => {
  const grant = await given()
  expect(await Promise.all([1, 2, 3].map(() => useGrants(bed.context, [grant])))).toEqual(expect.arrayContaining([true, false, false]))
  expect((await told()).filter((type) => type === 'grant.used')).toHaveLength(1)
  await vi.waitFor(async () => expect(await left()).toEqual([]))
})

test('what a store has saved that did not say so is recorded without a restart, and what is being recorded is not recorded twice', async () => {
  const owed = owing()
  const { grants } = bed.context.store
  const { id, version, ...rest } = await given()
  const save = async (records: readonly OwedRecord[]) => {
    await grants.save({ ...rest, id, version: version + 1 }, records)
    throw new StoreUnavailable('its answer was lost')
  }
  await expect(owed.change([{ type: 'grant.used', body: { grant: id } }], save)).rejects.toThrow('its answer was lost')
  await owed.look()
  expect(await told()).toEqual([])
  await owed.look()
  expect(await told()).toEqual(['grant.used'])
  await owed.look()
  expect([await told(), await left()]).toEqual([['grant.used'], []])
  await owed.stop()
})

test('what somebody else has written there is not recorded, and is reported', async () => {
  const killed = killedBefore('request.approved')
  await expect(approve((await openRequest(bed.context, anOpening())).request.id)).rejects.toThrow('killed')
  killed.mockRestore()
  const [first] = await left()
  const { grants, owed } = bed.context.store
  const forged = { id: 'owed-1', gateway: bed.context.journal.gateway, person: null, erased: false, sealed: first?.sealed ?? '' }
  await grants.save({ ...(await given()), version: 2 }, [forged, { ...forged, id: 'owed-2', sealed: '' }])
  await owed.settle((await left()).flatMap(({ id }) => (id.length > 'owed-1'.length ? [id] : [])))
  const before = await told()
  await owing().start()
  expect([await told(), await left()]).toEqual([before, []])
  expect(errors).toHaveLength(2)
})

test('an entry of somebody whose personal data was erased meanwhile is recorded without it', async () => {
  const { store } = bed.context
  const killed = killedBefore('request.opened')
  const obligations = { ...anOpening().obligations, personal: ['text', 'reason'] as const }
  await expect(openRequest(bed.context, anOpening({ obligations, reason: 'a canary' }))).rejects.toThrow('killed')
  killed.mockRestore()
  await store.erasures.erasePerson(ALICE.user, bed.clock.now())
  const append = vi.spyOn(bed.context.journal, 'append')
  await owing().start()
  expect(append.mock.calls.map(([event]) => [event.type, event.secret, event.person])).toEqual([['request.opened', undefined, ALICE.user]])
})

test('where the key is gone, what was sealed with it is reported, and the gateway starts', async () => {
  const killed = killedBefore('request.opened')
  await expect(openRequest(bed.context, anOpening())).rejects.toThrow('killed')
  killed.mockRestore()
  rmSync(join(bed.folder, 'keys', 'owed'))
  await owing().start()
  expect(errors).toHaveLength(1)
})
