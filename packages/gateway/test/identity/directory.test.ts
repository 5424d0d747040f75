import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { Directory } from '../../src/identity/directory.ts'
import { StoreUnavailable } from '../../src/store/store.ts'
import { aUser } from '../policy/fixture.ts'
import { aPerson } from '../store/values.ts'
import { type Bed, openBed } from '../workflow/bed.ts'

const USERS = { ann: aUser({ groups: ['dba'], name: 'Ann' }), 'bob@example.com': aUser({ admin: true }) }

let bed: Bed
let directory: Directory

beforeEach(async () => {
  bed = await openBed()
  directory = new Directory({ users: USERS }, bed.context.store, () => bed.clock.now())
  await directory.start()
})
afterEach(async () => {
  directory.close()
  await bed.close()
})

const people = () => bed.context.store.people

describe('the directory', () => {
  test('knows whom the configuration has, and nobody else', () => {
    expect(directory.user('ann')).toMatchObject({ groups: ['dba'], admin: false, active: true, displayName: 'Ann', sources: ['config'] })
    expect([directory.user('mallory'), directory.user('toString'), directory.user('__proto__')]).toEqual([null, null, null])
    expect(directory.users().map(({ name }) => name)).toEqual(['ann', 'bob@example.com'])
  })

  test('joins what every source says, and forgets what one takes back', async () => {
    const ann = aPerson({ name: 'ann', groups: ['dba', 'oncall'], auditor: true, displayName: 'Ann of corp', email: 'ann@corp.example' })
    await people().insert(ann)
    await vi.waitFor(() => expect(directory.user('ann')?.groups).toEqual(['dba', 'oncall']))
    expect(directory.user('ann')).toMatchObject({ auditor: true, displayName: 'Ann', email: 'ann@corp.example', sources: ['config', 'oidc:corp'] })
    await people().save({ ...ann, version: 2, groups: [], auditor: false })
    await vi.waitFor(() => expect(directory.user('ann')).toMatchObject({ groups: ['dba'], auditor: false }))
  })

  test('has nobody whom any source has disabled, and says of him that he is', async () => {
    await people().insert(aPerson({ name: 'bob@example.com', source: 'scim', active: false }))
    await vi.waitFor(() => expect(directory.user('bob@example.com')).toBeNull())
    expect(directory.users().find(({ name }) => name === 'bob@example.com')).toMatchObject({ active: false, admin: true })
  })

  test('believes a source until the time that it has set itself', async () => {
    await people().insert(aPerson({ name: 'eve', groups: ['dba'], admin: true, until: bed.clock.now() + 1_000 }))
    await vi.waitFor(() => expect(directory.user('eve')).toMatchObject({ groups: ['dba'], admin: true }))
    bed.clock.pass(1_000)
    expect(directory.user('eve')).toMatchObject({ groups: [], admin: false, active: true })
  })

  test('says who is believed no longer, though nobody has changed anything', async () => {
    await people().insert(aPerson({ name: 'eve', groups: ['dba'], until: bed.clock.now() + 5_000 }))
    await vi.waitFor(() => expect(directory.user('eve')).toMatchObject({ groups: ['dba'] }))
    const seen: unknown[] = []
    directory.onChange((name) => seen.push([name, directory.user(name)?.groups]))
    bed.clock.pass(5_000)
    await vi.waitFor(() => expect(seen).toEqual([['eve', []]]), { timeout: 3_000 })
  })

  test('says who has changed once that is in force', async () => {
    const seen: unknown[] = []
    directory.onChange((name) => seen.push([name, directory.user(name)?.groups]))
    await people().insert(aPerson({ name: 'eve', groups: ['dba'] }))
    await vi.waitFor(() => expect(seen).toEqual([['eve', ['dba']]]))
  })

  test('reads again what the store did not answer', async () => {
    const { store } = bed.context
    let fails = 2
    const troubles: unknown[] = []
    const get = async (id: string) => {
      if (fails-- > 0) throw new StoreUnavailable('not now')
      return store.people.get(id)
    }
    const patient = new Directory(
      { users: {} },
      { people: { ...store.people, list: (filter) => store.people.list(filter), get }, subscribe: (listener) => store.subscribe(listener) },
      Date.now,
      (error) => void troubles.push(error),
    )
    await patient.start()
    await people().insert(aPerson({ name: 'eve' }))
    await vi.waitFor(() => expect(patient.ping()).rejects.toThrow('not now'))
    await vi.waitFor(() => expect(patient.user('eve')).not.toBeNull(), { timeout: 5_000 })
    await patient.ping()
    expect(troubles).toEqual([new StoreUnavailable('not now')])
    patient.close()
  })
})
