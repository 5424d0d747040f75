import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Browser, enrol, openBrowser, signIn } from '../../../../tests/support/people.ts'
import { aPerson } from '../store/values.ts'
import { type Bed, openBed } from './bed.ts'

const ORIGIN = 'https://cs.example.com'

let bed: Bed
let bob: Browser
let passkey: string
let token: string

/** Bob is no admin, and has a passkey, a sign-in and a token; root is an admin, and has none. */
beforeEach(async () => {
  bed = await openBed()
  bob = openBrowser(bed.url, ORIGIN)
  passkey = (await enrol(bob, (await bed.admin.invite({ user: 'bob' })).link)).passkey.id
  token = (await bob.client.createToken({})).id
})
afterEach(() => bed.close())

const refused = (code: string, message: RegExp) =>
  expect.objectContaining({ problem: expect.objectContaining({ code, message: expect.stringMatching(message) }) })
const personOf = async (name: string) => (await bed.admin.people()).find((each) => each.name === name)

/** A directory puts somebody into a group of admins. */
async function makeAdmin(name: string, id = `of-${name}`): Promise<void> {
  await bed.store.people.insert(aPerson({ id, name, source: 'scim', groups: [], admin: true }))
  await expect.poll(() => bed.services.directory.users().find((user) => user.name === name)?.sources).toContain('scim')
}

describe('somebody whom a source makes an admin, while he has a passkey that no admin has agreed to', () => {
  it('is what he was, and an admin once another one has agreed to it', async () => {
    await makeAdmin('bob')
    expect(await bob.client.whoami()).toMatchObject({ admin: false, groups: ['dba'] })
    expect(await personOf('bob')).toMatchObject({
      admin: false,
      adminWaits: true,
      said: [
        { source: 'config', admin: false },
        { source: 'scim', admin: true },
      ],
    })
    await expect(bob.client.people()).rejects.toEqual(refused('forbidden', /admins and auditors/))
    await expect(bed.client('bob').people()).rejects.toEqual(refused('forbidden', /admins and auditors/))
    expect((await signIn(bob)).user).toBe('bob')

    const root = bed.client('root')
    expect(await root.passkeys({ waits: true })).toMatchObject([{ id: passkey, status: 'active', waits: true, reviewable: true }])
    expect(await bed.client('olga').passkeys({ waits: true })).toMatchObject([{ id: passkey, reviewable: false }])
    await expect(bob.client.reviewPasskey({ id: passkey, approve: true })).rejects.toEqual(refused('forbidden', /another admin/))
    expect(await root.reviewPasskey({ id: passkey, approve: true })).toMatchObject({ status: 'active', waits: false })
    await expect.poll(async () => (await bob.client.whoami()).admin).toBe(true)
    await expect(root.reviewPasskey({ id: passkey, approve: true })).rejects.toEqual(refused('unprocessable', /nobody is asked/))
  })

  it('is one without what he had, where another admin did not agree: whoever had the key has nothing left of it', async () => {
    await makeAdmin('bob')
    expect(await bed.client('root').reviewPasskey({ id: passkey, approve: false })).toMatchObject({ status: 'removed' })
    await expect.poll(async () => (await personOf('bob'))?.admin).toBe(true)
    await expect(bob.client.whoami()).rejects.toMatchObject({ status: 401 })
    expect((await bed.admin.tokens()).find(({ id }) => id === token)?.revokedAt).not.toBeNull()
    await expect(signIn(bob)).rejects.toEqual(refused('signature-refused', /removed/))
  })

  it('does not become one by removing it himself: another admin agrees to that too', async () => {
    await makeAdmin('bob')
    expect(await bob.client.removePasskey({ id: passkey })).toMatchObject({ status: 'leaving', waits: true })
    expect(await bob.client.whoami()).toMatchObject({ admin: false })
    expect(await bed.client('root').reviewPasskey({ id: passkey, approve: true })).toMatchObject({ status: 'removed' })
    await expect(bob.client.whoami()).rejects.toMatchObject({ status: 401 })
  })

  it('is not agreed to by the admin who invited him', async () => {
    const carol = openBrowser(bed.url, ORIGIN)
    const { id } = (await enrol(carol, (await bed.client('root').invite({ user: 'carol' })).link)).passkey
    await makeAdmin('carol')
    await expect(bed.client('root').reviewPasskey({ id, approve: true })).rejects.toEqual(refused('forbidden', /another admin than carol and root/))
    expect(await carol.client.whoami()).toMatchObject({ admin: false })
  })

  it('is one at once where there is no other admin, who could agree', async () => {
    await bed.admin.disablePerson({ name: 'root' })
    await makeAdmin('bob')
    expect(await bob.client.whoami()).toMatchObject({ admin: true })
    // Of two who come to be admins at once neither waits for the other.
    const carol = openBrowser(bed.url, ORIGIN)
    await bed.store.people.remove('of-bob')
    await expect.poll(async () => (await bob.client.whoami()).admin).toBe(false)
    await enrol(carol, (await bed.admin.invite({ user: 'carol' })).link)
    await Promise.all([makeAdmin('bob', 'again'), makeAdmin('carol')])
    expect([(await bob.client.whoami()).admin, (await carol.client.whoami()).admin]).toEqual([true, true])
  })

  it('was one when he enrolled it: who began alone stays what he is when others come', async () => {
    const root = openBrowser(bed.url, ORIGIN)
    expect((await enrol(root, (await bed.admin.invite({ user: 'root' })).link)).passkey).toMatchObject({ status: 'active', waits: false })
    await makeAdmin('alice')
    expect(await bed.client('alice').whoami()).toMatchObject({ admin: true })
    expect(await root.client.whoami()).toMatchObject({ admin: true })
  })
})
