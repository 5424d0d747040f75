import { createClient } from '@countersign/contract/client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { LOCAL } from '../../src/identity/caller.ts'
import { type Bed, openBed, type Person } from './bed.ts'

const OWN = 'https://cs.example.com' // the `url` of the configuration
const SEEN = { client: '10.0.0.7:51000', userAgent: 'Firefox' }

let bed: Bed
beforeAll(async () => {
  bed = await openBed()
})
afterAll(() => bed.close())

async function signIn(user: Person): Promise<string> {
  const secret = await bed.logins.create({ user, method: 'passkey', flow: null, keep: null, before: null }, SEEN)
  return `__Host-countersign=${secret}`
}

const ask = (path: string, cookie: string, init: RequestInit = {}) =>
  fetch(bed.url + path, { ...init, headers: { cookie, ...(init.headers as Record<string, string>) } })
const post = (path: string, cookie: string, headers: Record<string, string>, body = '{}') =>
  ask(path, cookie, { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } })

describe('the cookie of a sign-in', () => {
  test('says who asks, and since when', async () => {
    const me = await (await ask('/api/v1/whoami', await signIn('bob'))).json()
    expect(me).toMatchObject({ user: 'bob', groups: ['dba'], mayReview: true, unproven: false, via: 'login', signedInAt: expect.any(String) })
    expect(await bed.client('bob').whoami()).toMatchObject({ via: 'token', signedInAt: null })
    expect(await bed.admin.whoami()).toMatchObject({ via: 'local', admin: true, auditor: true })
  })

  test('of another name, or with an ended or made-up secret, is nobody’s', async () => {
    const cookie = await signIn('bob')
    for (const other of [cookie.replace('__Host-', ''), '__Host-countersign=', `__Host-countersign=csl_${'A'.repeat(43)}`, '__Host-countersign=%00'])
      expect((await ask('/api/v1/whoami', other)).status).toBe(401)
    const signedOut = await post('/api/v1/sign-out', cookie, { origin: OWN })
    expect(await signedOut.json()).toEqual({ next: null })
    expect(signedOut.headers.get('set-cookie')).toBe('__Host-countersign=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Strict')
    const answer = await ask('/api/v1/whoami', cookie)
    expect([answer.status, await answer.json()]).toEqual([401, expect.objectContaining({ message: 'this sign-in has ended' })])
  })

  test('is not sent together with a token', async () => {
    const answer = await ask('/api/v1/whoami', await signIn('bob'), { headers: { authorization: `Bearer ${bed.secrets.alice}` } })
    expect([answer.status, await answer.json()]).toEqual([400, expect.objectContaining({ code: 'invalid' })])
  })

  test('is not looked at on the admin socket', async () => {
    const answer = await bed.admin.whoami()
    expect(answer.user).toBe('local-admin')
  })
})

describe('what changes something with a cookie', () => {
  /** What the browser says of the page that asks, and whether it may. */
  test.each([
    [{ origin: OWN }, 200],
    [{ 'sec-fetch-site': 'same-origin' }, 200],
    [{ origin: OWN, 'sec-fetch-site': 'same-origin' }, 200],
    [{}, 403], // an old browser, or no browser at all
    [{ 'sec-fetch-site': 'none' }, 403],
    [{ 'sec-fetch-site': 'same-site' }, 403], // another port of this host, or a sibling of it
    [{ 'sec-fetch-site': 'cross-site' }, 403],
    [{ origin: OWN, 'sec-fetch-site': 'cross-site' }, 403],
    [{ origin: 'null' }, 403],
    [{ origin: 'https://evil.example' }, 403],
    [{ origin: 'https://cs.example.com.evil.example' }, 403],
    [{ origin: 'http://cs.example.com' }, 403],
    [{ origin: 'https://cs.example.com:8443' }, 403],
    [{ origin: OWN, 'content-type': 'text/plain' }, 415], // what a form can send
  ])('with %j is answered with %i', async (headers, status) => {
    const cookie = await signIn('alice')
    expect((await post('/api/v1/done', cookie, headers)).status).toBe(status)
    if (status === 415) return
    const [login] = await bed.logins.list(LOCAL, 'alice')
    expect((await ask(`/api/v1/logins/${login?.id}`, cookie, { method: 'DELETE', headers })).status).toBe(status)
  })

  test('by a page of another site reads nothing either', async () => {
    const cookie = await signIn('alice')
    for (const site of ['cross-site', 'same-site']) expect((await ask('/api/v1/whoami', cookie, { headers: { 'sec-fetch-site': site } })).status).toBe(403)
    for (const site of ['none', 'same-origin']) expect((await ask('/api/v1/whoami', cookie, { headers: { 'sec-fetch-site': site } })).status).toBe(200)
  })
})

describe('where somebody is signed in', () => {
  test('he sees, and signs out from afar; nobody else does', async () => {
    const [here, there, carol] = [await signIn('carol'), await signIn('carol'), await signIn('alice')]
    const mine = (await (await ask('/api/v1/logins', here)).json()) as { id: string; current: boolean }[]
    expect(mine.filter(({ current }) => current)).toHaveLength(1)
    expect(mine).toHaveLength(2)
    const other = mine.find(({ current }) => !current)?.id ?? ''
    expect((await ask(`/api/v1/logins/${other}`, carol, { method: 'DELETE', headers: { origin: OWN } })).status).toBe(404)
    expect((await ask(`/api/v1/logins/${other}`, here, { method: 'DELETE', headers: { origin: OWN } })).status).toBe(200)
    expect([(await ask('/api/v1/whoami', there)).status, (await ask('/api/v1/whoami', here)).status]).toEqual([401, 200])
    await expect(bed.client('alice').logins({ user: 'carol' })).rejects.toMatchObject({ status: 403 })
    expect(await bed.client('olga').logins({ user: 'carol' })).toMatchObject([{ user: 'carol', method: 'passkey', client: SEEN.client, current: false }])
  })

  test('a stream of events ends at once with the login', async () => {
    const cookie = await signIn('bob')
    const client = createClient({
      url: bed.url,
      fetch: (url, init) => fetch(url, { ...init, headers: { ...(init.headers as Record<string, string>), cookie } }),
    })
    const stream = client.events()
    const ended = stream.next()
    await expect.poll(() => bed.readers()).toBe(1)
    await bed.logins.endAllOf('bob', 'root', 'enough')
    expect((await ended).done).toBe(true)
  })
})
