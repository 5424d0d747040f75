import fc from 'fast-check'
import { expect, test } from 'vitest'
import { anyLogin, anyPerson } from '../arbitraries.ts'
import type { Pair } from '../bed.ts'
import { aLogin, aPerson } from '../values.ts'

export function people(pair: () => Pair): void {
  test('any person, as inserted and as saved by one of two', async () => {
    const { here, there } = pair()
    const property = fc.asyncProperty(anyPerson, anyPerson, async (person, later) => {
      if (!(await here.people.insert(person))) return
      expect(await there.people.get(person.id)).toEqual(person)
      const { id, name, source, externalId, version } = person
      const next = { ...later, id, name, source, externalId, version: version + 1 }
      expect((await Promise.all([here.people.save(next), there.people.save(next)])).filter(Boolean)).toEqual([true])
      expect(await here.people.get(id)).toEqual(next)
    })
    await fc.assert(property, { numRuns: 40 })
  })

  test('one person of a name, and of an external id, at each source', async () => {
    const { here, there } = pair()
    const ann = aPerson({ id: 'ann', name: 'ann', externalId: 'sub-1' })
    expect(await here.people.insert(ann)).toBe(true)
    expect(await there.people.insert({ ...ann, id: 'p2', externalId: 'sub-2' })).toBe(false)
    expect(await there.people.insert({ ...ann, id: 'p2', name: 'bea' })).toBe(false)
    expect(await there.people.insert({ ...ann, id: 'p2', source: 'scim' })).toBe(true)
    expect(await there.people.insert({ ...ann, id: 'p3', name: 'bea', externalId: null })).toBe(true)
    expect(await there.people.insert({ ...ann, id: 'p4', name: 'cid', externalId: null })).toBe(true)
    expect(await here.people.save({ ...ann, id: 'p3', version: 2 })).toBe(false)
    expect(await here.people.get('p3')).toMatchObject({ name: 'bea', version: 1 })
    const ids = async (filter: Parameters<typeof there.people.list>[0]) => (await there.people.list(filter)).map(({ id }) => id)
    expect(await ids({})).toEqual(['ann', 'p2', 'p3', 'p4'])
    expect(await ids({ name: 'ann' })).toEqual(['ann', 'p2'])
    expect(await ids({ source: ann.source, externalId: 'sub-1' })).toEqual(['ann'])
  })

  test('any login, by its id and by the hash of its secret; one of each exchange', async () => {
    const { here, there } = pair()
    const property = fc.asyncProperty(anyLogin, async (login) => {
      if (!(await here.logins.insert(login))) return
      expect(await there.logins.get(login.id)).toEqual(login)
      expect(await there.logins.findByHash(login.hash)).toEqual(login)
    })
    await fc.assert(property, { numRuns: 40 })
    expect(await here.logins.insert(aLogin({ id: 'first', flow: 'the same' }))).toBe(true)
    expect(await there.logins.insert(aLogin({ id: 'second', flow: 'the same' }))).toBe(false)
    expect(await here.logins.insert(aLogin({ id: 'third', flow: null }))).toBe(true)
    expect(await here.logins.insert(aLogin({ id: 'fourth', flow: null }))).toBe(true)
    expect(await there.logins.get('second')).toBeNull()
  })

  test('a login is used, verified and ended, once; time does not go back', async () => {
    const { here, there } = pair()
    const login = aLogin()
    const { id, createdAt: at } = login
    await here.logins.insert(login)
    await there.logins.used(id, at + 5)
    await here.logins.used(id, at + 2)
    await there.logins.verified(id, at + 7)
    await here.logins.verified(id, at + 6)
    expect(await here.logins.get(id)).toEqual({ ...login, lastUsedAt: at + 5, verifiedAt: at + 7 })
    expect((await there.logins.list({ user: login.user, live: at + 8 })).map((each) => each.id)).toEqual([id])
    expect(await there.logins.list({ user: login.user, live: login.expiresAt })).toEqual([])
    expect((await Promise.all([here.logins.end(id, at + 9), there.logins.end(id, at + 9)])).filter(Boolean)).toEqual([true])
    expect(await here.logins.list({ live: at + 10 })).toEqual([])
    expect((await here.logins.list({})).map(({ endedAt }) => endedAt)).toEqual([at + 9])
  })

  test('of logins forgets those that have been over for a while', async () => {
    const { here, there } = pair()
    const { createdAt: at } = aLogin()
    for (const [id, ended, life] of [
      ['live', null, 100],
      ['ended', 5, 100],
      ['expired', null, 5],
    ] as const)
      await here.logins.insert(aLogin({ id, hash: id, flow: null, endedAt: ended === null ? null : at + ended, expiresAt: at + life }))
    const left = async (before: number) => {
      await there.logins.forget(before)
      return (await here.logins.list({})).map(({ id }) => id).sort()
    }
    expect(await left(at + 5)).toEqual(['ended', 'expired', 'live'])
    expect(await left(at + 6)).toEqual(['live'])
  })

  test('every gateway is told of a person that was changed, and of a login that was ended', async () => {
    const { here, there } = pair()
    const heard: string[] = []
    there.subscribe((event) => heard.push(event.kind === 'resync' ? 'resync' : `${event.kind} ${event.id}`))
    await here.people.insert(aPerson())
    await here.people.save(aPerson({ version: 2, active: false }))
    await here.people.save(aPerson({ version: 2 }))
    await here.logins.insert(aLogin())
    await here.logins.used('login-1', aLogin().createdAt + 1)
    await here.logins.end('login-1', aLogin().createdAt + 2)
    await expect.poll(() => heard).toEqual(['person person-1', 'person person-1', 'login login-1', 'login login-1'])
  })
}
