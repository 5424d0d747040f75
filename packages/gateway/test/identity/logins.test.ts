import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { knownBy, openWith, newSecret, sealWith } from '../../src/identity/login-secret.ts'
import { Logins, type SignIn } from '../../src/identity/logins.ts'
import { LOCAL } from '../../src/identity/caller.ts'
import { aPerson } from '../store/values.ts'
import { type Bed, openBed } from '../workflow/bed.ts'

const ALICE = 'alice@example.com'
const BOB = 'bob@example.com' // an admin
const HOUR = 3_600_000
const SEEN = { client: '10.0.0.7:51000', userAgent: 'Firefox' }
const SIGN_IN: SignIn = { user: ALICE, method: 'oidc:corp', flow: null, keep: null, before: null }

let bed: Bed
let logins: Logins

beforeEach(async () => {
  bed = await openBed()
  await bed.context.directory.start()
  const { directory, store, journal, config } = bed.context
  logins = new Logins({ directory, store: store.logins, journal, clock: bed.clock, config })
})
afterEach(async () => {
  bed.context.directory.close()
  await bed.close()
})

async function signIn(over: Partial<SignIn> = {}): Promise<string> {
  const secret = await logins.create({ ...SIGN_IN, ...over }, SEEN)
  if (secret === null) throw new Error('nobody signed in')
  return secret
}

const callerOf = (secret: string) => logins.caller(secret, true)
const idOf = async (secret: string) => {
  const caller = await callerOf(secret)
  return caller?.by.kind === 'login' ? caller.by.id : ''
}

describe('a login', () => {
  test('proves its user as a person, and is kept nowhere itself', async () => {
    const secret = await signIn({ user: BOB })
    const now = bed.clock.now()
    expect(await callerOf(secret)).toMatchObject({
      principal: { user: BOB, agent: null, groups: ['dba'] },
      admin: true,
      auditor: false,
      mayReview: true,
      proven: true,
      by: { kind: 'login', verifiedAt: now, signedInAt: now, endsAt: now + 12 * HOUR },
    })
    expect(JSON.stringify([await bed.context.store.logins.list({}), await bed.entries()])).not.toContain(secret)
  })

  test.each(['', 'csl_', `csl_${'A'.repeat(43)}`, `cst_${'A'.repeat(43)}`, `csl_${'A'.repeat(5_000)}`])('of %j is nobody’s', async (secret) => {
    await signIn()
    expect(await callerOf(secret)).toBeNull()
  })

  test('ends when it was not used for too long, and at its end however much it is used', async () => {
    const [idle, busy] = [await signIn(), await signIn()]
    for (let hours = 0; hours < 11; hours++) {
      bed.clock.pass(HOUR)
      expect(await callerOf(busy)).not.toBeNull()
    }
    expect(await logins.caller(idle, false)).not.toBeNull() // to look is not to use it
    bed.clock.pass(HOUR)
    for (let again = 0; again < 2; again++) expect(await callerOf(idle)).toBeNull()
    expect((await logins.list(LOCAL, ALICE)).length).toBe(1)
    for (let hours = 12; hours < 7 * 24; hours += 6) {
      expect(await callerOf(busy)).not.toBeNull()
      bed.clock.pass(6 * HOUR)
    }
    expect(await callerOf(busy)).toBeNull()
  })

  test('is new at each sign-in, and the one that the browser had is over', async () => {
    const first = await signIn()
    const second = await signIn({ before: knownBy(first) })
    expect(second).not.toBe(first)
    expect(await callerOf(first)).toBeNull()
    expect(await callerOf(second)).not.toBeNull()
  })

  test('is had once of one exchange with an issuer, however often that is sent', async () => {
    const secrets = await Promise.all([1, 2, 3].map(() => logins.create({ ...SIGN_IN, flow: 'the same' }, SEEN)))
    expect(secrets.filter((secret) => secret !== null)).toHaveLength(1)
  })

  test('carries the groups of now, and is nobody’s while its user is disabled', async () => {
    const secret = await signIn()
    await bed.context.store.people.insert(aPerson({ id: 'more', name: ALICE, groups: ['oncall'] }))
    await vi.waitFor(async () => expect((await callerOf(secret))?.principal.groups).toEqual(['engineering', 'oncall']))
    await bed.context.store.people.insert(aPerson({ id: 'no', name: ALICE, source: 'local', active: false }))
    await vi.waitFor(async () => expect(await callerOf(secret)).toBeNull())
    await expect(signIn()).rejects.toMatchObject({ code: 'forbidden' })
  })

  test('is ended by its own user and by admins, and by nobody else', async () => {
    const [alice, bob] = [await signIn(), await signIn({ user: BOB })]
    const [alices, bobs] = await Promise.all([callerOf(alice), callerOf(bob)])
    if (!alices || !bobs) throw new Error('nobody is signed in')
    await expect(logins.end(alices, await idOf(bob))).rejects.toMatchObject({ code: 'not-found' })
    await expect(logins.end({ ...alices, auditor: true }, await idOf(bob))).rejects.toMatchObject({ code: 'forbidden' })
    const agent = { ...alices, principal: { ...alices.principal, agent: 'claude' } }
    await expect(logins.end(agent, await idOf(alice))).rejects.toMatchObject({ code: 'not-found' })
    await expect(logins.list(agent)).rejects.toMatchObject({ code: 'forbidden' })
    await expect(logins.list(alices, BOB)).rejects.toMatchObject({ code: 'forbidden' })
    expect(await logins.end(bobs, await idOf(alice))).toMatchObject({ endedAt: bed.clock.now() })
    expect(await callerOf(alice)).toBeNull()
    await logins.endAllOf(BOB, 'root', 'deprovisioned')
    expect(await callerOf(bob)).toBeNull()
  })

  test('begins and ends in the ledger, once each', async () => {
    const secret = await signIn()
    await logins.signOut(secret)
    expect(await logins.signOut(secret)).not.toBeNull()
    await logins.refused(ALICE, 'oidc:corp', SEEN.client, 'disabled')
    const entries = await bed.entries()
    expect(entries.map(({ type }) => type)).toEqual(['login.started', 'login.ended', 'login.refused'])
    expect(entries[1]?.body).toMatchObject({ principal: ALICE, method: 'oidc:corp', by: ALICE, why: 'signed out' })
  })

  test('gives back what it was given to keep, for its secret and for no other', async () => {
    const secret = await signIn({ keep: 'an ID token' })
    const [stored] = await bed.context.store.logins.list({})
    expect(JSON.stringify(stored)).not.toContain('an ID token')
    expect(openWith(newSecret(), stored?.sealed ?? '')).toBeNull()
    expect((await logins.signOut(secret))?.kept).toBe('an ID token')
  })
})

test('any text is read with the secret that it was sealed with, and nothing that was touched since', () => {
  const property = fc.property(fc.string({ unit: 'grapheme' }), fc.nat(), (text, at) => {
    const secret = newSecret()
    const sealed = sealWith(secret, text)
    const bytes = Buffer.from(sealed, 'base64url')
    const place = at % bytes.length
    bytes[place] = (bytes[place] ?? 0) ^ 1
    expect(openWith(secret, sealed)).toBe(text)
    expect(openWith(secret, bytes.toString('base64url'))).toBeNull()
    expect(openWith(secret, sealed.slice(0, at % 30))).toBeNull()
  })
  fc.assert(property, { numRuns: 50 })
})
