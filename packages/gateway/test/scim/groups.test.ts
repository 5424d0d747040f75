import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { StoreUnavailable } from '../../src/store/store.ts'
import { type Bed, GROUP, openBed } from './bed.ts'

let bed: Bed
let carol: string
let dora: string
beforeEach(async () => {
  bed = await openBed({ adminGroups: ['admins'] })
  carol = await bed.user('carol@example.com')
  dora = await bed.user('dora@example.com')
})
afterEach(() => bed.close())

const group = async (displayName: string, ...members: readonly string[]): Promise<string> =>
  (await bed.ask('POST', '/Groups', { schemas: [GROUP], displayName, members: members.map((value) => ({ value })) })).body.id

const groupsOf = (name: string) => bed.directory.user(name)?.groups

test('a group puts its people into it, and is found by its name', async () => {
  const id = await group('dba', carol)
  expect(await bed.ask('GET', '/Groups?filter=displayName%20eq%20%22DBA%22')).toMatchObject({
    body: { totalResults: 1, Resources: [{ id, displayName: 'dba', members: [{ value: carol, display: 'carol@example.com' }] }] },
  })
  expect((await bed.ask('GET', `/Groups/${id}?excludedAttributes=members`)).body).not.toHaveProperty('members')
  await expect.poll(() => groupsOf('carol@example.com')).toEqual(['dba'])
  expect(await bed.ask('POST', '/Groups', { schemas: [GROUP], displayName: 'dba' })).toMatchObject({ status: 409 })
})

/** The two shapes of the same change: Entra's (one operation with values) and Okta's (a filter, or the whole list). */
test.each([
  ['Entra adds', (id: string) => [{ op: 'Add', path: 'members', value: [{ $ref: null, value: id }] }], ['carol@example.com', 'dora@example.com']],
  [
    'Okta adds',
    (id: string) => [{ op: 'add', path: 'members', value: [{ value: id, display: 'dora@example.com' }] }],
    ['carol@example.com', 'dora@example.com'],
  ],
  ['Entra removes', () => [{ op: 'Remove', path: 'members', value: [{ $ref: null, value: 'CAROL' }] }], []],
  ['Okta removes', () => [{ op: 'remove', path: 'members[value eq "CAROL"]' }], []],
  ['Okta replaces', (id: string) => [{ op: 'replace', path: 'members', value: [{ value: id }] }], ['dora@example.com']],
  ['everybody is removed', () => [{ op: 'remove', path: 'members' }], []],
  ['somebody is added twice', () => [{ op: 'add', path: 'members', value: [{ value: 'CAROL' }] }], ['carol@example.com']],
] as const)('a change as when %s', async (_, operations, members) => {
  const id = await group('dba', carol)
  const sent = JSON.parse(JSON.stringify(operations(dora)).replaceAll('CAROL', carol)) as unknown[]
  const changed = await bed.patch(`/Groups/${id}`, ...sent)
  expect(changed.status).toBe(200)
  expect((changed.body.members ?? []).map(({ display }: { display: string }) => display).sort()).toEqual(members)
  for (const name of ['carol@example.com', 'dora@example.com'])
    await expect.poll(() => groupsOf(name)).toEqual(members.some((member) => member === name) ? ['dba'] : [])
})

test('a group that is renamed, as Okta does it, takes its people along; one that is removed leaves them', async () => {
  const id = await group('dba', carol, dora)
  expect((await bed.patch(`/Groups/${id}`, { op: 'replace', value: { id, displayName: 'security' } })).body.displayName).toBe('security')
  await expect.poll(() => groupsOf('carol@example.com')).toEqual(['security'])
  expect((await bed.ask('DELETE', `/Groups/${id}`)).status).toBe(204)
  await expect.poll(() => groupsOf('carol@example.com')).toEqual([])
  expect((await bed.ask('GET', `/Groups/${id}`)).status).toBe(404)
})

test('one whose renaming fails half way is renamed when that is said again, and nobody stays in it under its name before', async () => {
  const id = await group('dba', carol, dora)
  const rename = { op: 'replace', path: 'displayName', value: 'orders' }
  const { people } = bed.context.store
  const save = vi.spyOn(people, 'save').mockRejectedValueOnce(new StoreUnavailable('the store is away'))
  expect(await bed.patch(`/Groups/${id}`, rename)).toMatchObject({ status: 503 })
  save.mockRestore()
  expect(await bed.patch(`/Groups/${id}`, rename)).toMatchObject({ status: 200, body: { displayName: 'orders', members: [{ value: carol }, { value: dora }] } })
  await expect.poll(() => [groupsOf('carol@example.com'), groupsOf('dora@example.com')]).toEqual([['orders'], ['orders']])
})

test('one that is renamed twice at once has one of the names, and its people with it', async () => {
  const id = await group('dba', carol, dora)
  await Promise.all(['orders', 'billing'].map((value) => bed.patch(`/Groups/${id}`, { op: 'replace', path: 'displayName', value })))
  const { displayName, members } = (await bed.ask('GET', `/Groups/${id}`)).body
  expect(members).toHaveLength(2)
  await expect.poll(() => [groupsOf('carol@example.com'), groupsOf('dora@example.com')]).toEqual([[displayName], [displayName]])
})

test('two changes at once lose nobody', async () => {
  const id = await group('dba')
  await Promise.all([carol, dora].map((value) => bed.patch(`/Groups/${id}`, { op: 'add', path: 'members', value: [{ value }] })))
  expect((await bed.ask('GET', `/Groups/${id}`)).body.members).toHaveLength(2)
})

test('nobody is an admin but by a group that the configuration says, and no longer than he is in it', async () => {
  await group('admin', carol)
  const id = await group('admins', dora)
  await expect.poll(() => bed.directory.user('dora@example.com')).toMatchObject({ admin: true, groups: ['admins'] })
  expect(bed.directory.user('carol@example.com')).toMatchObject({ admin: false })
  await bed.patch(`/Groups/${id}`, { op: 'remove', path: 'members' })
  await expect.poll(() => bed.directory.user('dora@example.com')).toMatchObject({ admin: false })
})

test('who is an admin is found out anew when the gateway starts', async () => {
  await group('ops', carol)
  const { store } = bed.context
  const [record] = await store.people.list({ name: 'carol@example.com' })
  if (!record) throw new Error('there is no carol')
  await store.people.save({ ...record, version: record.version + 1, admin: true })
  await bed.people.settle()
  expect((await store.people.get(record.id))?.admin).toBe(false)
})

test('a user that there is not, a group in a group and a name that nobody can read are refused, and nothing is done', async () => {
  const id = await group('dba', carol)
  for (const value of ['person-nobody', id])
    expect(await bed.patch(`/Groups/${id}`, { op: 'add', path: 'members', value: [{ value }] })).toMatchObject({
      status: 400,
      body: { scimType: 'invalidValue' },
    })
  expect(await bed.ask('POST', '/Groups', { schemas: [GROUP], displayName: 'a\u0007b' })).toMatchObject({ status: 400 })
  expect((await bed.ask('GET', `/Groups/${id}`)).body.members).toHaveLength(1)
})
