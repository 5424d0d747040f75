import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type Entry, parseEntry } from '@countersign/ledger/entry'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { enrol, openBrowser, secretOf, signIn } from '../../../../tests/support/people.ts'
import { Authenticator } from '../../../../tests/support/authenticator.ts'
import { type Bed, openBed } from './bed.ts'

const ORIGIN = 'https://cs.example.com'

let bed: Bed
beforeAll(async () => {
  bed = await openBed()
})
afterAll(() => bed.close())

const browser = (passkeys?: Authenticator) => openBrowser(bed.url, ORIGIN, passkeys)
const refused = (code: string, message: RegExp) =>
  expect.objectContaining({ problem: expect.objectContaining({ code, message: expect.stringMatching(message) }) })
const invite = async (user: string) => (await bed.admin.invite({ user })).link

/** What the gateway's journal has. */
function journal(): string {
  const folder = join(dirname(bed.socketPath), 'journal')
  return readdirSync(folder)
    .map((file) => readFileSync(join(folder, file), 'utf8'))
    .join('')
}

/** The entries of this type. */
const told = (type: string): readonly Entry['body'][] =>
  journal()
    .split('\n')
    .filter((line) => line !== '')
    .map(parseEntry)
    .flatMap((entry) => (entry.type === type ? [entry.body] : []))

describe('a passkey', () => {
  it('is enrolled by a link, signs in without a user name, and proves again who is there', async () => {
    const bob = browser()
    const { passkey, signedIn } = await enrol(bob, await invite('bob'))
    expect({ passkey, signedIn }).toMatchObject({ passkey: { user: 'bob', name: 'telephone', status: 'active', algorithm: 'ES256' }, signedIn: true })
    expect(await bob.client.whoami()).toMatchObject({ user: 'bob', mayReview: true, unproven: false })
    await bob.client.signOut()
    expect(bob.cookie()).toBeNull()

    expect(await signIn(bob)).toEqual({ user: 'bob', passkey: passkey.id })
    const { options } = await bob.client.stepUpOptions()
    expect(options.allowCredentials).toHaveLength(1)
    const { verifiedAt } = await bob.client.stepUp({ credential: bob.passkeys.get(options) })
    expect(Date.parse(verifiedAt)).toBeGreaterThan(0)
    expect(await bob.client.passkeys()).toMatchObject([{ id: passkey.id, lastUsedAt: verifiedAt }])
  })

  it.each(['EdDSA', 'RS256'] as const)('may be of %s', async (algorithm) => {
    const carol = browser(new Authenticator(ORIGIN, { algorithm, counts: false }))
    expect((await enrol(carol, await invite('carol'))).passkey.algorithm).toBe(algorithm)
    expect((await signIn(carol)).user).toBe('carol')
  })

  it('is added by who has just proven who he is, once', async () => {
    const alice = browser()
    await enrol(alice, await invite('alice'))
    const { options } = await alice.client.addPasskeyOptions()
    expect(() => alice.passkeys.create(options)).toThrow('InvalidStateError')
    const other = new Authenticator(ORIGIN)
    const credential = other.create(options)
    expect(await alice.client.addPasskey({ name: 'laptop', credential })).toMatchObject({ name: 'laptop', status: 'active' })
    await expect(alice.client.addPasskey({ name: 'again', credential })).rejects.toEqual(refused('signature-refused', /answered before/))
    expect((await signIn(browser(other))).user).toBe('alice')
  })

  it('is added by nobody with a token alone', async () => {
    await expect(bed.client('bob').addPasskeyOptions()).rejects.toEqual(refused('forbidden', /signed in on the web/))
  })

  it('that was removed signs in no more, nor goes on with where it is signed in', async () => {
    const [bob, elsewhere] = [browser(), browser()]
    const { passkey } = await enrol(bob, await invite('bob'))
    const { options } = await bob.client.addPasskeyOptions()
    const second = await bob.client.addPasskey({ name: 'other', credential: elsewhere.passkeys.create(options) })
    await signIn(elsewhere)
    expect(await bob.client.removePasskey({ id: second.id })).toMatchObject({ id: second.id, status: 'removed' })
    await expect(elsewhere.client.whoami()).rejects.toEqual(refused('unauthenticated', /sign-in has ended/))
    await expect(signIn(elsewhere)).rejects.toEqual(refused('signature-refused', /has been removed/))
    expect(await bob.client.whoami()).toMatchObject({ user: 'bob' })
    expect(told('passkey.removed')).toContainEqual({ passkey: second.id, user: 'bob', waits: false, by: 'bob' })
    await expect(browser(elsewhere.passkeys).client.removePasskey({ id: passkey.id })).rejects.toMatchObject({ status: 401 })
  })

  it('whose authenticator counts backwards is refused, which the ledger tells', async () => {
    const bob = browser()
    const { passkey } = await enrol(bob, await invite('bob'))
    await signIn(bob)
    bob.passkeys.counter = 1
    await expect(signIn(bob)).rejects.toEqual(refused('signature-refused', /a copy of it would/))
    expect(told('passkey.refused')).toContainEqual(expect.objectContaining({ passkey: passkey.id, user: 'bob', why: 'counter' }))
  })

  it.each<[string, Parameters<Authenticator['get']>[1]]>([
    ['that was made to enrol', { type: 'webauthn.create' }],
    ['without the person verified', { flags: 0x01 }],
    ['to a challenge that nobody gave', { challenge: Buffer.alloc(32).toString('base64url') }],
  ])('signs nobody in with an answer %s', async (_name, tricks) => {
    const bob = browser()
    await enrol(bob, await invite('bob'))
    const { options } = await bob.client.signInOptions()
    await expect(bob.client.signInWithPasskey({ credential: bob.passkeys.get(options, tricks) })).rejects.toEqual(refused('signature-refused', /was refused/))
  })

  it('signs in once with one answer, and to another site with none', async () => {
    const bob = browser()
    await enrol(bob, await invite('bob'))
    const { options } = await bob.client.signInOptions()
    const credential = bob.passkeys.get(options)
    await bob.client.signInWithPasskey({ credential })
    await expect(bob.client.signInWithPasskey({ credential })).rejects.toEqual(refused('signature-refused', /answered before/))
    const phished = new Authenticator('https://cs.example.com.evil.example')
    expect(() => phished.get(options)).toThrow('SecurityError')
  })

  it('leaves nothing in the store for whoever only asks, and answers wrongly', async () => {
    const bob = browser()
    await enrol(bob, await invite('bob'))
    const rows = () => {
      const database = new DatabaseSync(join(dirname(bed.socketPath), 'countersign.db'), { readOnly: true })
      const tables = database.prepare("select name from sqlite_master where type = 'table'").all() as { name: string }[]
      const counted = tables.map(({ name }) => [name, database.prepare(`select count(*) as n from ${name}`).get()?.['n']])
      database.close()
      return counted
    }
    const before = rows()
    for (let asked = 0; asked < 50; asked++) {
      const { options } = await browser().client.signInOptions()
      const wrong = bob.passkeys.get(options, { type: 'webauthn.create' })
      await expect(bob.client.signInWithPasskey({ credential: wrong })).rejects.toEqual(refused('signature-refused', /was refused/))
    }
    expect(rows()).toEqual(before)
    expect((await signIn(bob)).user).toBe('bob')
  })

  it('is not of another person by his word', async () => {
    const bob = browser()
    await enrol(bob, await invite('bob'))
    const { options } = await bob.client.signInOptions()
    const credential = bob.passkeys.get(options)
    const lied = { ...credential, response: { ...credential.response, userHandle: Buffer.from('somebody else').toString('base64url') } }
    await expect(bob.client.signInWithPasskey({ credential: lied })).rejects.toEqual(refused('signature-refused', /somebody else/))
  })
})

describe('a link that enrols a passkey', () => {
  it('is good once', async () => {
    const link = await invite('bob')
    await enrol(browser(), link)
    await expect(enrol(browser(), link)).rejects.toEqual(refused('not-found', /was used, has expired/))
  })

  it('is good once of two who open it at once', async () => {
    const link = await invite('bob')
    const both = await Promise.allSettled([enrol(browser(), link), enrol(browser(), link)])
    expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
  })

  it('is not good when it was taken back, nor for whom is disabled meanwhile', async () => {
    const { id, link } = await bed.admin.invite({ user: 'bob' })
    await bed.admin.revokeInvite({ id })
    await expect(enrol(browser(), link)).rejects.toEqual(refused('not-found', /taken back/))
    const late = await bed.admin.invite({ user: 'bob' })
    await bed.admin.disablePerson({ name: 'bob' })
    await expect.poll(() => bed.services.directory.user('bob')).toBeNull()
    await expect(enrol(browser(), late.link)).rejects.toEqual(refused('not-found', /ask for another/))
    await bed.admin.enablePerson({ name: 'bob' })
    await expect.poll(() => bed.services.directory.user('bob')).not.toBeNull()
  })

  it('is kept as a hash, and is in no log and no entry', async () => {
    const secret = secretOf(await invite('bob'))
    expect(JSON.stringify([await bed.store.invites.list(), bed.logged, journal()])).not.toContain(secret)
    await expect(bed.client('carol').invite({ user: 'alice' })).rejects.toEqual(refused('forbidden', /by admins/))
  })

  it('brings in somebody whom nobody knew, in the groups that were said', async () => {
    const { link } = await bed.admin.invite({ user: 'dana@example.com', groups: ['dba'] })
    await expect.poll(() => bed.services.directory.user('dana@example.com')).not.toBeNull()
    const dana = browser()
    await enrol(dana, link)
    expect(await dana.client.whoami()).toMatchObject({ user: 'dana@example.com', groups: ['dba'], admin: false })
    await expect(bed.admin.invite({ user: 'dana@example.com', groups: ['security'] })).rejects.toEqual(refused('unprocessable', /known already \(local\)/))
    await bed.admin.disablePerson({ name: 'dana@example.com' })
    await expect.poll(() => dana.client.whoami().catch(() => 'nobody')).toBe('nobody')
    expect(await bed.admin.people()).toContainEqual(expect.objectContaining({ name: 'dana@example.com', active: false, passkeys: 1 }))
  })
})

describe('a key of an admin', () => {
  it('counts at once while he is the only one, and after another admin has agreed to it otherwise', async () => {
    const root = browser()
    expect((await enrol(root, await invite('root'))).passkey.status).toBe('active')

    const { link } = await bed.admin.invite({ user: 'rita', admin: true })
    await expect.poll(() => bed.services.directory.user('rita')?.admin).toBe(true)
    const rita = browser()
    const { passkey, signedIn } = await enrol(rita, link)
    expect({ status: passkey.status, signedIn }).toEqual({ status: 'waiting', signedIn: false })
    await expect(signIn(rita)).rejects.toEqual(refused('signature-refused', /once another admin has agreed/))
    await expect(bed.admin.reviewPasskey({ id: passkey.id, approve: true })).rejects.toEqual(refused('forbidden', /another admin/))
    await expect(bed.client('carol').reviewPasskey({ id: passkey.id, approve: true })).rejects.toEqual(refused('not-found', /no passkey/))
    expect(await root.client.passkeys({ status: 'waiting' })).toMatchObject([{ id: passkey.id, reviewable: true }])
    expect(await root.client.reviewPasskey({ id: passkey.id, approve: true })).toMatchObject({ status: 'active' })
    expect((await signIn(rita)).user).toBe('rita')

    // Removing it: it counts no longer at once, and comes back when another admin does not agree.
    expect(await rita.client.removePasskey({ id: passkey.id })).toMatchObject({ status: 'leaving' })
    await expect(signIn(rita)).rejects.toEqual(refused('signature-refused', /removed/))
    await expect(rita.client.reviewPasskey({ id: passkey.id, approve: false })).rejects.toEqual(refused('forbidden', /another admin/))
    expect(await root.client.reviewPasskey({ id: passkey.id, approve: false })).toMatchObject({ status: 'active' })
    expect((await signIn(rita)).user).toBe('rita')
    await expect(root.client.invite({ user: 'rita' })).rejects.toEqual(refused('forbidden', /there is none: on the gateway's own host/))
    const entries = told('passkey.reviewed').filter((body) => body['passkey'] === passkey.id)
    expect(entries).toMatchObject([
      { approve: true, counts: true, by: 'root' },
      { approve: false, counts: true, by: 'root' },
    ])
  })
})
