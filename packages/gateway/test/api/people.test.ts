import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type Entry, parseEntry } from '@countersign/ledger/entry'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { aGrant } from '../../../core/test/arbitraries.ts'
import { enrol, openBrowser, signIn } from '../../../../tests/support/people.ts'
import { type Bed, openBed } from './bed.ts'

const ORIGIN = 'https://cs.example.com'
const HOUR_MS = 3_600_000

let bed: Bed
beforeAll(async () => {
  bed = await openBed()
})
afterAll(() => bed.close())

const refused = (code: string, message: RegExp) =>
  expect.objectContaining({ problem: expect.objectContaining({ code, message: expect.stringMatching(message) }) })

/** What the ledger was told of somebody since `from`, in order. */
function told(user: string, from = 0): readonly Entry[] {
  const folder = join(dirname(bed.socketPath), 'journal')
  const lines = readdirSync(folder).flatMap((file) => readFileSync(join(folder, file), 'utf8').split('\n'))
  const entries = lines.filter((line) => line !== '').map(parseEntry)
  return entries.filter(({ seq, body }) => seq > from && [body['user'], body['principal']].includes(user))
}

const tokensOf = async (name: string) => (await bed.admin.tokens()).filter(({ user, revokedAt }) => user === name && revokedAt === null)
const liveGrantsOf = async (name: string) => (await bed.admin.grants({ live: true })).filter(({ subject }) => subject.user === name)
const grantTo = (user: string, id: string) =>
  bed.store.grants.insert(aGrant({ id, subject: { user, agent: null, groups: ['dba'] }, resource: 'orders-db', endsAt: Date.now() + HOUR_MS }))

/** Somebody new, with all that one can have: a passkey, a sign-in, tokens, a grant, and an invitation that is open. */
async function somebody(name: string) {
  const browser = openBrowser(bed.url, ORIGIN)
  await enrol(browser, (await bed.admin.invite({ user: name, groups: ['dba'] })).link)
  const { token } = await browser.client.createToken({})
  await browser.client.createToken({ agent: 'claude' })
  await grantTo(name, `grant-${name}`)
  const { link } = await bed.admin.invite({ user: name })
  return { browser, token, link }
}

describe('whoever is disabled', () => {
  it('has nothing left of what he had, also once he is enabled again; only his passkey lets him in anew', async () => {
    const { browser, token, link } = await somebody('dana')
    const before = told('dana').at(-1)?.seq ?? 0
    const disabled = await bed.client('root').disablePerson({ name: 'dana' })
    expect(disabled).toMatchObject({ active: false, said: [{ source: 'local', active: false, disabledBy: 'root', groups: ['dba'] }] })
    await expect(browser.client.whoami()).rejects.toMatchObject({ status: 401 })
    expect(await tokensOf('dana')).toEqual([])
    expect(await liveGrantsOf('dana')).toEqual([])
    expect((await bed.admin.invites()).filter(({ user, usedAt, revokedAt }) => user === 'dana' && usedAt === null && revokedAt === null)).toEqual([])
    // He was refused before anything was taken from him: what follows may fail and leaves him out.
    expect(told('dana', before).map(({ type }) => type)).toEqual(['person.changed', 'token.revoked', 'token.revoked', 'login.ended', 'invite.revoked'])

    const enabled = await bed.client('root').enablePerson({ name: 'dana' })
    expect(enabled).toMatchObject({ active: true, groups: ['dba'], said: [{ disabledBy: null }] })
    const bearer = await fetch(`${bed.url}/api/v1/whoami`, { headers: { authorization: `Bearer ${token}` } })
    expect(bearer.status).toBe(401)
    await expect(browser.client.whoami()).rejects.toMatchObject({ status: 401 })
    await expect(enrol(openBrowser(bed.url, ORIGIN), link)).rejects.toEqual(refused('not-found', /taken back/))
    expect(await tokensOf('dana')).toEqual([])
    expect(await liveGrantsOf('dana')).toEqual([])
    expect((await signIn(browser)).user).toBe('dana')
  })

  it('has nothing either of what came into being before every gateway knew it', async () => {
    await somebody('eve')
    await bed.admin.disablePerson({ name: 'eve' })
    await grantTo('eve', 'grant-late')
    await bed.store.tokens.insert({ ...(await anyToken('eve')), id: 'tok-late', hash: 'late', revokedAt: null })
    await bed.admin.enablePerson({ name: 'eve' })
    expect(await tokensOf('eve')).toEqual([])
    expect(await liveGrantsOf('eve')).toEqual([])
  })

  it('is ended again by whoever disables him again, and loses nothing when he was not disabled at all', async () => {
    await somebody('finn')
    await bed.admin.enablePerson({ name: 'finn' })
    expect(await tokensOf('finn')).toHaveLength(2)
    await bed.admin.disablePerson({ name: 'finn' })
    await grantTo('finn', 'grant-again')
    await bed.admin.disablePerson({ name: 'finn' })
    expect(await liveGrantsOf('finn')).toEqual([])
  })

  it('was disabled by an admin, who is not himself, and not by an auditor', async () => {
    await expect(bed.client('root').disablePerson({ name: 'root' })).rejects.toEqual(refused('forbidden', /nobody disables himself/))
    await expect(bed.client('olga').disablePerson({ name: 'carol' })).rejects.toEqual(refused('forbidden', /people are for admins/))
    expect((await bed.client('olga').people()).find(({ name }) => name === 'root')).toMatchObject({
      said: [{ source: 'config', admin: true, active: true, disabledBy: null, until: null }],
    })
  })
})

describe('the tokens of one person', () => {
  it('are shown to who sees all; anybody else sees his own, whomever he asks about', async () => {
    const [asked, own] = [{ user: 'alice' }, { user: 'bob' }]
    expect((await bed.client('olga').tokens(asked)).map(({ user }) => user)).toEqual(['alice'])
    expect(await bed.client('bob').tokens(asked)).toEqual([])
    expect((await bed.client('bob').tokens(own)).map(({ user }) => user)).toEqual(['bob'])
  })
})

async function anyToken(user: string) {
  const [token] = await bed.store.tokens.list({ user })
  if (!token) throw new Error(`${user} never had a token`)
  return token
}
