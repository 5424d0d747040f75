import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isUnagreed } from '../../src/passkeys/agreeing.ts'
import { Directory } from '../../src/identity/directory.ts'
import type { PasskeyRecord, PersonRecord } from '../../src/store/store.ts'
import { aPasskey, aPerson } from '../store/values.ts'

const NAMES = ['ann', 'bob', 'eve'] as const
const name = fc.constantFrom(...NAMES)

const person = fc.record({ name, admin: fc.boolean(), active: fc.boolean() })
const passkey = fc.record({
  user: name,
  agreed: fc.boolean(),
  status: fc.constantFrom('waiting' as const, 'active' as const, 'leaving' as const, 'removed' as const),
})

/** Everybody, and whichever keys they have, however they came by both. */
const anybody = fc.record({
  people: fc.uniqueArray(person, { selector: (each) => each.name }).map((all) => all.map((each, index) => aPerson({ ...each, id: `p${index}` }))),
  passkeys: fc.array(passkey, { maxLength: 6 }).map((all) => all.map((each, index) => aPasskey({ ...each, id: `pk-${index}` }))),
})

async function directoryOf(people: readonly PersonRecord[], passkeys: readonly PasskeyRecord[]): Promise<Directory> {
  const none = () => Promise.reject(new Error('nothing has changed'))
  const store = {
    people: { list: () => Promise.resolve(people), get: none, insert: none, save: none, remove: none },
    passkeys: { list: () => Promise.resolve(passkeys), get: none },
    subscribe: () => () => undefined,
  }
  const directory = new Directory({ users: {} }, store, () => 0)
  await directory.start()
  return directory
}

test('nobody is an admin with a key that no admin has agreed to, beside one who has none; and where somebody is to be an admin, somebody is', async () => {
  const property = fc.asyncProperty(anybody, async ({ people, passkeys }) => {
    const directory = await directoryOf(people, passkeys)
    const admins = directory.users().filter(({ active, admin }) => active && admin)
    const isTainted = (user: string) => passkeys.some((key) => key.user === user && isUnagreed(key))
    if (admins.some((each) => !isTainted(each.name))) expect(admins.filter((each) => isTainted(each.name))).toEqual([])
    expect(admins.length > 0).toBe(people.some(({ active, admin }) => active && admin))
    for (const user of directory.users()) expect(user.admin || user.adminWaits).toBe(people.find((each) => each.name === user.name)?.admin)
    directory.close()
  })
  await fc.assert(property, { numRuns: 300 })
})
