import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { createClient } from '@countersign/contract/client'
import type { Change } from '@countersign/contract/schemas/change'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type GatewayProcess, startGateway } from './support/gateway.ts'
import { entriesOf } from './support/ledger.ts'
import { type OidcProvider, startOidcProvider, Visitor } from './support/oidc-provider.ts'

const person = (name: string, more: object = {}) => ({ email: `${name}@example.com`, email_verified: true, name, groups: ['engineering'], ...more })
const PEOPLE = {
  alice: person('alice'),
  bob: person('bob', { groups: ['dba', 'no, such group'] }),
  carol: person('carol', { groups: 'auditors' }),
  dan: person('dan'),
  mallory: person('alice', { email_verified: false }),
  impostor: person('bob'),
  nobody: {},
}
const POLICY = '@id("nothing") forbid (principal, action, resource);'

let provider: OidcProvider
let gateway: GatewayProcess

beforeAll(async () => {
  provider = await startOidcProvider(PEOPLE)
  gateway = await startGateway({
    users: {},
    resources: {},
    policy: POLICY,
    identity: { oidc: { name: 'corp', title: 'Corp', ...provider.client, auditorGroups: ['auditors'] }, firstAdmin: 'dan@example.com', refresh: '1s' },
    env: provider.env,
  })
})
afterAll(async () => {
  await gateway?.stop()
  await provider?.stop()
})

const START = () => `${gateway.url}/auth/oidc/corp`
const isBack = (url: string) => url.startsWith(`${START()}/callback`)
const whoami = async (visitor: Visitor) => (await visitor.fetch(`${gateway.url}/api/v1/whoami`)).json() as Promise<Record<string, unknown>>
const statusWith = async (secret: string | undefined) => (await fetch(`${gateway.url}/api/v1/whoami`, { headers: { cookie: `countersign=${secret}` } })).status
const entries = (type: string) => entriesOf(gateway.data).filter((entry) => entry.type === type)

async function signedIn(who: string, to = '/'): Promise<Visitor> {
  const visitor = new Visitor()
  await visitor.go(`${START()}?to=${encodeURIComponent(to)}`, who, (url) => !isBack(url) && url.startsWith(gateway.url) && !url.startsWith(START()))
  return visitor
}

/** As far as the way back, which is not gone. */
async function almost(who: string): Promise<{ readonly visitor: Visitor; readonly back: string }> {
  const visitor = new Visitor()
  const { url } = await visitor.go(START(), who, isBack)
  return { visitor, back: url }
}

describe('signing in at an issuer', () => {
  it('is offered to everybody', async () => {
    expect(await (await fetch(`${gateway.url}/api/v1/sign-in`)).json()).toEqual({
      oidc: [{ name: 'corp', title: 'Corp', href: '/auth/oidc/corp' }],
      passkeys: true,
    }) // 127.0.0.1 is no name that a passkey could be for
  })

  it('gives a person, with the groups that the issuer says', async () => {
    const bob = await signedIn('bob')
    expect(await whoami(bob)).toMatchObject({
      user: 'bob@example.com',
      groups: ['dba'],
      admin: false,
      auditor: false,
      mayReview: true,
      unproven: false,
      via: 'login',
    })
    expect(await whoami(await signedIn('carol'))).toMatchObject({ groups: ['auditors'], auditor: true })
  })

  it('begins where the issuer sends back to, by whatever name of this machine somebody came', async () => {
    const other = START().replace('127.0.0.1', 'localhost')
    const answer = await fetch(`${other}?to=/r/7kq2`, { redirect: 'manual' })
    expect([answer.status, answer.headers.get('location'), answer.headers.getSetCookie()]).toEqual([302, `${START()}?to=/r/7kq2`, []])
  })

  it('makes the first admin, whom the configuration names', async () => {
    expect(await whoami(await signedIn('dan'))).toMatchObject({ user: 'dan@example.com', admin: true })
  })

  it('is in the ledger, and so is what the person may do from then on', async () => {
    await signedIn('alice')
    expect(entries('login.started').at(-1)?.body).toMatchObject({ principal: 'alice@example.com', method: 'oidc:corp', client: expect.stringMatching(/^127/) })
    expect(entries('person.changed').find(({ body }) => body['user'] === 'alice@example.com')?.body).toMatchObject({
      source: 'oidc:corp',
      by: 'oidc:corp',
      groups: ['engineering'],
      active: true,
    })
  })

  it.each([
    ['/r/7kq2', '/r/7kq2'],
    ['/ledger?type=request.opened#e7', '/ledger?type=request.opened#e7'],
    ['https://evil.example/', '/'],
    ['//evil.example', '/'],
    ['/\\evil.example', '/'],
    ['/\t/evil.example', '/'],
    ['/./ /evil.example', '/'],
    ['/.//evil.example', '/'],
    ['javascript:alert(1)', '/'],
    ['/api/v1/whoami', '/'],
    ['/auth/oidc/corp', '/'],
    [`/${'a'.repeat(2_000)}`, '/'],
  ])('after %j goes to %j', async (to, expected) => {
    const visitor = new Visitor()
    const { url: back } = await visitor.go(`${START()}?to=${encodeURIComponent(to)}`, 'alice', isBack)
    expect((await visitor.fetch(back)).headers.get('location')).toBe(expected)
  })

  it('sets a cookie for this host alone, another at each sign-in, and ends the one before', async () => {
    const { visitor, back } = await almost('alice')
    const [cookie = ''] = (await visitor.fetch(back)).headers.getSetCookie().filter((line) => line.startsWith('countersign='))
    expect(cookie).toMatch(/^countersign=csl_[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/)
    const before = visitor.cookies(gateway.url).get('countersign')
    const { url: again } = await visitor.go(START(), 'alice', isBack)
    await visitor.fetch(again)
    expect(visitor.cookies(gateway.url).get('countersign')).not.toBe(before)
    expect(await statusWith(before)).toBe(401)
  })

  it('ends the one before also where a browser comes back from another site, and brings no cookie that is SameSite=Strict', async () => {
    const visitor = await signedIn('alice')
    const before = visitor.cookies(gateway.url).get('countersign')
    const { url: back } = await visitor.go(START(), 'alice', isBack)
    const flow = [...visitor.cookies(gateway.url)].filter(([name]) => name !== 'countersign').map(([name, value]) => `${name}=${value}`)
    expect(flow).toHaveLength(1)
    const answer = await fetch(back, { headers: { cookie: flow.join() }, redirect: 'manual' })
    const [, secret] = /countersign=(csl_[\w-]+)/.exec(answer.headers.getSetCookie().join()) ?? []
    expect([await statusWith(before), await statusWith(secret)]).toEqual([401, 200])
  })

  it('takes over no sign-in that somebody has put into the browser, and ends it', async () => {
    const mallory = (await signedIn('bob')).cookies(gateway.url).get('countersign') ?? ''
    for (const planted of [mallory, `csl_${'A'.repeat(43)}`]) {
      const { visitor, back } = await almost('alice')
      const flow = [...visitor.cookies(gateway.url)].map(([name, value]) => `${name}=${value}`).join('; ')
      const answer = await fetch(back, { headers: { cookie: `countersign=${planted}; ${flow}` }, redirect: 'manual' })
      const [, secret] = /countersign=(csl_[\w-]+)/.exec(answer.headers.getSetCookie().join()) ?? []
      expect(secret).not.toBe(planted)
      expect([await statusWith(planted), await statusWith(secret)]).toEqual([401, 200])
    }
  })

  it('ends here and at the issuer', async () => {
    const visitor = await signedIn('alice')
    const init = { method: 'POST', body: '{}', headers: { 'content-type': 'application/json', origin: gateway.url } }
    const { next } = (await (await visitor.fetch(`${gateway.url}/api/v1/sign-out`, init)).json()) as { next: string }
    const url = new URL(next)
    expect([url.origin, url.pathname]).toEqual([provider.issuer, '/session/end'])
    expect(url.searchParams.get('post_logout_redirect_uri')).toBe(`${gateway.url}/sign-in`)
    expect(url.searchParams.get('id_token_hint')?.split('.')).toHaveLength(3)
    expect(await whoami(visitor)).toMatchObject({ code: 'unauthenticated' })
    expect((await visitor.fetch(next)).status).toBe(200)
  })
})

describe('nobody is signed in', () => {
  const refusal = async (visitor: Visitor, back: string) => {
    const answer = await visitor.fetch(back)
    expect(visitor.cookies(gateway.url).has('countersign')).toBe(false)
    return [answer.status, await answer.text()] as const
  }

  it.each(['audience', 'issuer', 'nonce', 'expired', 'key', 'alg-none'] as const)('with an ID token that is wrong: %s', async (fault) => {
    const { visitor, back } = await almost('alice')
    await provider.set(PEOPLE, fault)
    const [status, text] = await refusal(visitor, back)
    await provider.set(PEOPLE)
    expect([status, text]).toEqual([403, expect.stringContaining('the issuer has not signed you in')])
  })

  it('by a way back that another browser set out on', async () => {
    const { back } = await almost('alice')
    expect((await refusal(new Visitor(), back))[0]).toBe(403)
    const { visitor: other } = await almost('bob') // who is himself on the way
    expect((await refusal(other, back))[0]).toBe(403)
  })

  it('by a way back that was gone before', async () => {
    const { visitor, back } = await almost('alice')
    const cookie = [...visitor.cookies(gateway.url)].map(([name, value]) => `${name}=${value}`).join('; ')
    const first = await fetch(back, { headers: { cookie }, redirect: 'manual' })
    expect(first.status).toBe(302)
    const later = await fetch(back, { headers: { cookie }, redirect: 'manual' })
    expect([later.status, later.headers.getSetCookie().some((line) => line.startsWith('countersign=csl_'))]).toEqual([403, false])
  })

  it.each(['state', 'code', 'iss'])('when its %s was changed', async (name) => {
    const { visitor, back } = await almost('alice')
    const url = new URL(back)
    url.searchParams.set(name, 'https://evil.example')
    expect((await refusal(visitor, url.href))[0]).toBe(403)
  })

  it('whom the issuer does not vouch for: an e-mail address that is not verified, or none', async () => {
    for (const who of ['mallory', 'nobody']) {
      const { visitor, back } = await almost(who)
      expect(await refusal(visitor, back)).toEqual([403, expect.stringContaining('email_verified')])
    }
  })

  it('under a name that another account of the issuer had first', async () => {
    await signedIn('bob')
    const { visitor, back } = await almost('impostor')
    expect(await refusal(visitor, back)).toEqual([403, expect.stringContaining('somebody else here')])
    expect(entries('login.refused').at(-1)?.body).toMatchObject({ principal: 'bob@example.com', why: 'another account has this name' })
  })

  it('by an issuer that is not configured', async () => {
    expect((await fetch(`${gateway.url}/auth/oidc/other`)).status).toBe(404)
    expect((await fetch(`${gateway.url}/auth/oidc/other/callback?code=x&state=y`)).status).toBe(404)
  })
})

describe('what an issuer takes away', { timeout: 60_000 }, () => {
  it('is gone within seconds, and a stream of events that stood open with it', async () => {
    const carol = await signedIn('carol')
    const cookie = [...carol.cookies(gateway.url)].map(([name, value]) => `${name}=${value}`).join('; ')
    const client = createClient({
      url: gateway.url,
      fetch: (url, init) => fetch(url, { ...init, headers: { ...(init.headers as Record<string, string>), cookie } }),
    })
    const seen: Change[] = []
    const stream = (async () => {
      for await (const change of client.events()) seen.push(change)
    })()
    await provider.set({ ...PEOPLE, carol: person('carol', { groups: ['engineering'] }) })
    await expect.poll(() => whoami(carol), { timeout: 10_000 }).toMatchObject({ groups: ['engineering'], auditor: false })
    const { carol: _gone, ...others } = PEOPLE
    await provider.set(others)
    await stream
    expect(await whoami(carol)).toMatchObject({ code: 'unauthenticated' })
    expect(entries('person.changed').at(-1)?.body).toMatchObject({ user: 'carol@example.com', groups: [], auditor: false })
    expect(entries('login.ended').at(-1)?.body).toMatchObject({ principal: 'carol@example.com', why: 'the issuer vouches for him no more' })
    await provider.set(PEOPLE)
  })

  it('is not taken by one that does not answer', async () => {
    const alice = await signedIn('alice')
    const before = readdirSync(join(gateway.data, 'refresh')).length
    await provider.set(PEOPLE, 'key')
    await expect.poll(() => gateway.log(), { timeout: 10_000 }).toMatch(/cannot be asked about somebody/)
    expect(await whoami(alice)).toMatchObject({ groups: ['engineering'] })
    expect(readdirSync(join(gateway.data, 'refresh'))).toHaveLength(before)
    await provider.set(PEOPLE)
  })
})

it('no secret is in the log, the ledger or the store; refresh tokens are their owner’s alone', async () => {
  const visitor = await signedIn('alice')
  const cookie = visitor.cookies(gateway.url).get('countersign') ?? ''
  const folder = join(gateway.data, 'refresh')
  const tokens = readdirSync(folder).map((name) => (JSON.parse(readFileSync(join(folder, name), 'utf8')) as { token: string }).token)
  expect(readdirSync(folder).map((name) => statSync(join(folder, name)).mode & 0o777)).toEqual(tokens.map(() => 0o600))
  const database = new DatabaseSync(join(gateway.data, 'countersign.db'), { readOnly: true })
  const rows = [
    ...database.prepare('select * from logins').all(),
    ...database.prepare('select * from people').all(),
    ...database.prepare('select * from ledger').all(),
  ]
  database.close()
  const everything = JSON.stringify([gateway.log(), entriesOf(gateway.data), rows])
  for (const secret of [cookie, 'canary-client-secret', ...tokens]) expect(everything).not.toContain(secret)
  expect(everything).not.toMatch(/eyJ[\w-]*\.eyJ/) // an ID token; the first three letters alone are in sealed texts now and then
  expect(cookie).not.toBe('')
  expect(tokens.length).toBeGreaterThan(0)
})
