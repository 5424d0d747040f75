import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { StoreUnavailable } from '../../src/store/store.ts'
import { type Bed, openBed, TOKEN, USER } from './bed.ts'

let bed: Bed
beforeEach(async () => {
  bed = await openBed()
})
afterEach(() => bed.close())

/** As Microsoft's documentation has it (Develop and plan provisioning for a SCIM endpoint in Microsoft Entra ID, "Create User"). */
const ENTRA_USER = {
  schemas: [USER, 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User'],
  externalId: '0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef',
  userName: 'Test_User_ab6490ee-1e48-479e-a20b-2d77186b5dd1',
  active: true,
  emails: [{ primary: true, type: 'work', value: 'Test_User_fd0ea19b-0777-472c-9f96-4f70d2226f2e@testuser.com' }],
  meta: { resourceType: 'User' },
  name: { formatted: 'givenName familyName', familyName: 'familyName', givenName: 'givenName' },
  roles: [],
}
/** As Okta's documentation has it (SCIM 2.0 protocol reference, "Create Users"). */
const OKTA_USER = {
  schemas: [USER],
  userName: 'test.user@okta.local',
  name: { givenName: 'Test', familyName: 'User' },
  emails: [{ primary: true, value: 'test.user@okta.local', type: 'work' }],
  displayName: 'Test User',
  locale: 'en-US',
  externalId: '00ujl29u0le5T6Aj10h7',
  groups: [],
  password: '1mz050nq',
  active: true,
}

describe('a user', () => {
  test.each([
    ['Entra', ENTRA_USER, 'givenName familyName'],
    ['Okta', OKTA_USER, 'Test User'],
  ])('that %s creates is there, found by its name in any case, and by its external id', async (_, sent, called) => {
    const made = await bed.ask('POST', '/Users', sent)
    expect(made).toMatchObject({ status: 201, body: { userName: sent.userName, externalId: sent.externalId, active: true, displayName: called } })
    expect(made.headers.get('location')).toBe(`https://cs.example.com/scim/v2/Users/${made.body.id}`)
    expect(made.body.meta.location).toBe(made.headers.get('location'))
    expect(JSON.stringify(made.body)).not.toContain('1mz050nq')
    for (const filter of [`userName eq "${sent.userName.toUpperCase()}"`, `externalId eq "${sent.externalId}"`, `id eq "${made.body.id}"`]) {
      const found = await bed.ask('GET', `/Users?filter=${encodeURIComponent(filter)}`)
      expect(found.body).toMatchObject({ totalResults: 1, Resources: [{ id: made.body.id }] })
    }
    await expect.poll(() => bed.directory.user(sent.userName)).toMatchObject({ groups: [], admin: false, auditor: false, sources: ['scim'] })
    expect((await bed.ask('GET', `/Users/${made.body.id}`)).body).toEqual(made.body)
  })

  test('is one of its name, in any case, and of its external id', async () => {
    await bed.user('carol@example.com', { externalId: 'x1' })
    for (const sent of [{ userName: 'Carol@Example.com' }, { userName: 'other@example.com', externalId: 'x1' }])
      expect(await bed.ask('POST', '/Users', { schemas: [USER], ...sent })).toMatchObject({ status: 409, body: { scimType: 'uniqueness', status: '409' } })
  })

  test('of this gateway’s own is not touched: neither taken over by its name, nor by a rename', async () => {
    const id = await bed.user('carol@example.com')
    for (const userName of ['alice@example.com', 'ALICE@example.com']) {
      expect(await bed.ask('POST', '/Users', { schemas: [USER], userName })).toMatchObject({ status: 409, body: { scimType: 'uniqueness' } })
      expect(await bed.patch(`/Users/${id}`, { op: 'replace', path: 'userName', value: userName })).toMatchObject({ status: 409 })
    }
    expect((await bed.ask('GET', '/Users')).body.totalResults).toBe(1)
  })

  test('that another source knows is not there for a directory', async () => {
    const { store, clock } = bed.context
    const record = { version: 1, externalId: 'sub', groups: [], admin: true, auditor: false, active: true, displayName: null, email: null }
    await store.people.insert({ ...record, id: 'person-oidc', name: 'dora', source: 'oidc:corp', createdAt: clock.now(), updatedAt: clock.now(), until: null })
    for (const [method, body] of [['GET'], ['DELETE'], ['PUT', { schemas: [USER], userName: 'dora' }]] as const)
      expect((await bed.ask(method, '/Users/person-oidc', body)).status).toBe(404)
    expect((await bed.patch('/Users/person-oidc', { op: 'replace', path: 'active', value: false })).status).toBe(404)
    expect((await store.people.get('person-oidc'))?.active).toBe(true)
  })

  test.each(['a b', 'alice/claude', 'local-admin', 'a\u0000b', 'a'.repeat(256)])('named %j is refused', async (userName) => {
    expect(await bed.ask('POST', '/Users', { schemas: [USER], userName })).toMatchObject({ status: 400, body: { scimType: 'invalidValue' } })
  })
})

describe('is disabled, and everything of his ends,', () => {
  const [no, patchOp] = [false, (value: unknown, op = 'replace') => ({ op, path: 'active', value })]
  test.each([
    ['Entra, with a boolean', patchOp(no, 'Replace')],
    ['Entra, with text', patchOp('False', 'Replace')],
    ['Okta, without a path', { op: 'replace', value: { active: no } }],
    ['with the whole name of the attribute', { op: 'replace', path: `${USER}:active`, value: no }],
    ['with names in another case', { op: 'REPLACE', path: 'Active', value: no }],
  ])('as by %s', async (_, operation) => {
    const id = await bed.user('carol@example.com')
    expect(await bed.patch(`/Users/${id}`, operation)).toMatchObject({ status: 200, body: { active: false } })
    expect(bed.left).toEqual(['carol@example.com disabled'])
    await expect.poll(() => bed.directory.user('carol@example.com')).toBeNull()
    expect((await bed.entries()).at(-1)).toMatchObject({ type: 'person.changed', body: { user: 'carol@example.com', source: 'scim', active: false } })
  })

  test('by PUT, by being removed, and again when that is said again after a failure', async () => {
    const [carol, dora] = [await bed.user('carol@example.com'), await bed.user('dora@example.com')]
    const disabled = { schemas: [USER], userName: 'carol@example.com', active: false }
    for (let time = 0; time < 2; time++) expect((await bed.ask('PUT', `/Users/${carol}`, disabled)).body.active).toBe(false)
    expect((await bed.ask('DELETE', `/Users/${dora}`)).status).toBe(204)
    expect((await bed.ask('DELETE', `/Users/${dora}`)).status).toBe(404)
    expect(bed.left).toEqual(['carol@example.com disabled', 'carol@example.com disabled', 'dora@example.com removed, for good'])
    await expect.poll(() => bed.directory.users().map(({ name }) => name)).not.toContain('dora@example.com')
  })

  test('that could not be removed whole is there to be removed again, and may do nothing meanwhile', async () => {
    const id = await bed.user('carol@example.com')
    await expect.poll(() => bed.directory.user('carol@example.com')).not.toBeNull()
    bed.failing = new StoreUnavailable('the store is away')
    expect((await bed.ask('DELETE', `/Users/${id}`)).status).toBe(503)
    await expect.poll(() => bed.directory.user('carol@example.com')).toBeNull()
    bed.failing = null
    expect((await bed.ask('DELETE', `/Users/${id}`)).status).toBe(204)
    expect(bed.left).toEqual(['carol@example.com removed, for good'])
    expect((await bed.ask('GET', `/Users/${id}`)).status).toBe(404)
  })

  test('and once more before he is enabled again: nothing is left that he was given before every gateway knew', async () => {
    const id = await bed.user('carol@example.com', { active: false })
    expect(await bed.patch(`/Users/${id}`, patchOp(true))).toMatchObject({ status: 200, body: { active: true } })
    expect(bed.left).toEqual(['carol@example.com disabled'])
    await bed.patch(`/Users/${id}`, patchOp(true))
    expect(bed.left).toHaveLength(1)
  })

  test('and what he had under an earlier name', async () => {
    const id = await bed.user('carol@example.com')
    expect((await bed.patch(`/Users/${id}`, { op: 'Replace', path: 'userName', value: 'carla@example.com' })).body.userName).toBe('carla@example.com')
    expect(bed.left).toEqual(['carol@example.com is carla@example.com now, for good'])
  })
})

describe('a change', () => {
  test('as Entra sends it sets what is kept, and leaves out what is not', async () => {
    const id = await bed.user('carol@example.com')
    const changed = await bed.patch(
      `/Users/${id}`,
      { op: 'Replace', path: 'emails[type eq "work"].value', value: 'updatedEmail@example.com' },
      { op: 'Replace', path: 'name.familyName', value: 'updatedFamilyName' },
      { op: 'Add', path: 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department', value: 'IT' },
      { op: 'Add', path: 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager', value: 'dora' },
      { op: 'Add', path: 'phoneNumbers[type eq "mobile"].value', value: '555' },
    )
    expect(changed).toMatchObject({ status: 200, body: { emails: [{ value: 'updatedEmail@example.com' }], displayName: 'updatedFamilyName' } })
    expect(await bed.patch(`/Users/${id}`, { op: 'Replace', path: 'title', value: 'Dr' })).toMatchObject({ status: 200, body: { id } })
    expect(await bed.patch(`/Users/${id}`, { op: 'Replace', value: { 'name.givenName': 'Carol', displayName: 'C', title: 'Dr' } })).toMatchObject({
      body: { displayName: 'C' },
    })
  })

  test.each([
    ['an operation that there is not', [{ op: 'frob', path: 'active', value: true }], 'invalidSyntax'],
    ['an attribute that there is not', [{ op: 'replace', path: 'nonsense', value: 1 }], 'invalidPath'],
    ['a value of another type', [{ op: 'replace', path: 'active', value: 'perhaps' }], 'invalidValue'],
    ['no operation', [], 'invalidValue'],
    ['something that is no operation', ['active'], 'invalidValue'],
  ])('of %s is refused whole', async (_, operations, scimType) => {
    const id = await bed.user('carol@example.com')
    const answer = await bed.patch(`/Users/${id}`, ...operations)
    expect(answer).toMatchObject({ status: 400, body: { schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'], status: '400' } })
    expect(answer.body.scimType).toBe(scimType)
    expect((await bed.ask('GET', `/Users/${id}`)).body.active).toBe(true)
  })

  test('that says what is so already is no entry', async () => {
    const id = await bed.user('carol@example.com')
    const before = (await bed.entries()).length
    expect(await bed.patch(`/Users/${id}`, { op: 'replace', path: 'active', value: true })).toMatchObject({ status: 200, body: { active: true } })
    expect((await bed.entries()).length).toBe(before)
  })
})

test('a list is given in pages, filtered and sorted, and counted', async () => {
  for (const name of ['b', 'c', 'a', 'd']) await bed.user(name, { active: name !== 'd' })
  const names = async (query: string) => {
    const { body } = await bed.ask('GET', `/Users?${query}`)
    return [body.totalResults, body.startIndex, body.itemsPerPage, body.Resources.map(({ userName }: { userName: string }) => userName)]
  }
  expect(await names('startIndex=2&count=2&sortBy=userName')).toEqual([4, 2, 2, ['b', 'c']])
  expect(await names('count=0')).toEqual([4, 1, 0, []])
  expect(await names('startIndex=-3&count=9999&sortBy=userName&sortOrder=descending')).toEqual([4, 1, 200, ['d', 'c', 'b', 'a']])
  expect((await names(`filter=${encodeURIComponent('active eq false')}`))[3]).toEqual(['d'])
  expect((await names(`filter=${encodeURIComponent('userName sw "a" or userName eq "b"')}`))[3]).toEqual(['a', 'b'])
  expect(await bed.ask('GET', '/Users?filter=userName%20frob%20%22a%22')).toMatchObject({ status: 400, body: { scimType: 'invalidFilter' } })
  expect((await bed.ask('GET', '/Users?attributes=userName')).body.Resources[0]).not.toHaveProperty('active')
})

describe('the door', () => {
  test.each([
    ['no token', {}],
    ['another token', { authorization: 'Bearer nobody-knows-this-one-it-is-made-up' }],
    ['the token and more', { authorization: `Bearer ${TOKEN}x` }],
    ['another scheme', { authorization: `Basic ${TOKEN}` }],
  ] as const)('is closed to %s', async (_, headers) => {
    for (const [method, path] of [
      ['GET', '/Users'],
      ['POST', '/Users'],
      ['GET', '/ServiceProviderConfig'],
      ['DELETE', '/nowhere'],
    ] as const) {
      const answer = await bed.door.request(path, { method, headers })
      expect(answer.status).toBe(401)
      expect(await answer.json()).toMatchObject({ schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'], status: '401' })
    }
  })

  test('says what it is, and what it does not do', async () => {
    expect((await bed.ask('GET', '/ServiceProviderConfig')).body).toMatchObject({
      patch: { supported: true },
      bulk: { supported: false },
      etag: { supported: false },
    })
    expect((await bed.ask('GET', '/ResourceTypes')).body.Resources.map(({ id }: { id: string }) => id)).toEqual(['User', 'Group'])
    expect((await bed.ask('GET', `/Schemas/${USER}`)).body.id).toBe(USER)
    expect((await bed.ask('POST', '/Bulk', {})).status).toBe(501)
    expect((await bed.ask('GET', '/Users/person-x')).body).toMatchObject({ status: '404', detail: expect.stringContaining('person-x') })
  })

  test.each([
    ['no JSON', '{', 'application/json'],
    ['a list', '[]', 'application/scim+json'],
    ['a form', 'userName=carol', 'application/x-www-form-urlencoded'],
  ])('refuses %s in its own words', async (_, body, type) => {
    const answer = await bed.door.request('/Users', {
      method: 'POST',
      body,
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': type, 'content-length': String(body.length) },
    })
    expect([answer.status, await answer.json()]).toMatchObject([400, { scimType: 'invalidSyntax' }])
  })

  test('refuses what is too long, and says when nothing can be recorded', async () => {
    expect((await bed.ask('POST', '/Users', { schemas: [USER], userName: 'x', displayName: 'x'.repeat(2 ** 20) })).status).toBe(413)
    bed.context.journal.fail('the disk is full')
    expect(await bed.ask('POST', '/Users', { schemas: [USER], userName: 'carol' })).toMatchObject({ status: 503, body: { status: '503' } })
    expect(await bed.context.store.people.list({})).toEqual([])
  })
})
