import { createHash } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Caller, LOCAL } from '../../src/identity/caller.ts'
import type { Config } from '../../src/config/config.ts'
import { Desk } from '../../src/identity/desk.ts'
import { Directory } from '../../src/identity/directory.ts'
import type { TokenWish } from '../../src/identity/token-wish.ts'
import { scramParameters, Tokens } from '../../src/identity/tokens.ts'
import { aUser } from '../policy/fixture.ts'
import { type Bed, openBed } from '../workflow/bed.ts'

const ALICE = 'alice@example.com'
const BOB = 'bob@example.com'
const WISH: TokenWish = { user: ALICE, agent: null, name: null, scope: null, mayReview: false, ttlMs: null }
const MAKER = { user: 'local-admin', proven: false }

let bed: Bed
let tokens: Tokens
let desk: Desk

beforeEach(async () => {
  bed = await openBed()
  tokens = new Tokens(bed.context.directory, bed.context.store.tokens, () => bed.clock.now())
  desk = new Desk(tokens, bed.context.store.tokens, bed.context, Object.keys(bed.context.config.resources))
})
afterEach(() => bed.close())

const callerWith = async (wish: Partial<TokenWish> = {}): Promise<Caller> => {
  const { token } = await desk.createToken(LOCAL, { ...WISH, ...wish })
  const caller = await tokens.callerForSecret(token)
  if (!caller) throw new Error('a new token is not valid')
  return caller
}

const knowing = (users: Config['users']) => new Directory({ users }, bed.context.store, () => bed.clock.now())
const tokenOf = ({ by }: Caller) => (by.kind === 'token' ? by.id : '')

const idOf = ({ by }: Caller) => (by.kind === 'token' ? by.id : '')

describe('a token', () => {
  test('proves its user, and is kept nowhere itself', async () => {
    const { token, record } = await tokens.create(WISH, MAKER)
    expect(token).toMatch(/^cst_[\w-]{43}$/)
    expect(JSON.stringify(await bed.context.store.tokens.get(record.id))).not.toContain(token)
    expect(record.hash).toBe(createHash('sha256').update(token).digest('hex'))
    expect(await tokens.callerForSecret(token)).toMatchObject({
      principal: { user: ALICE, groups: ['engineering'] },
      admin: false,
      mayReview: false,
      proven: false,
    })
  })

  test.each(['', 'cst_', 'cst_wrong', 'not even'])('that is %j proves nobody', async (secret) => {
    await tokens.create(WISH, MAKER)
    expect(await tokens.callerForSecret(secret)).toBeNull()
  })

  test('ends at its end, when it is revoked, and with its user', async () => {
    const { token, record } = await tokens.create({ ...WISH, ttlMs: 1_000 }, MAKER)
    bed.clock.pass(999)
    expect(await tokens.callerForSecret(token)).not.toBeNull()
    bed.clock.pass(1)
    expect(await tokens.callerForSecret(token)).toBeNull()
    expect(await tokens.liveOf(ALICE)).toEqual([])

    const other = await tokens.create(WISH, MAKER)
    expect(await tokens.revoke(other.record.id)).toBe(true)
    expect(await tokens.revoke(other.record.id)).toBe(false)
    expect(await tokens.callerForSecret(other.token)).toBeNull()

    const gone = new Tokens(knowing({}), bed.context.store.tokens, () => bed.clock.now())
    expect(gone.callerOf(record)).toBeNull()
  })

  test('carries the groups its user has now, not those he had', async () => {
    const { record } = await tokens.create(WISH, MAKER)
    const left = new Tokens(knowing({ [ALICE]: aUser() }), bed.context.store.tokens, () => bed.clock.now())
    expect(left.callerOf(record)?.principal.groups).toEqual([])
  })

  test('is good for no more than its scope, whoever its holder is', async () => {
    const [root, wide, none] = [BOB, { resources: null, actions: ['review', 'admin'] }, { resources: ['orders'], actions: null }] as const
    expect(await callerWith({ user: root, mayReview: true })).toMatchObject({ admin: true, mayReview: true })
    expect(await callerWith({ user: root, scope: wide })).toMatchObject({ admin: true, mayReview: true, by: { scope: wide } })
    expect(await callerWith({ user: root, scope: none })).toMatchObject({ admin: false, auditor: false, mayReview: false, by: { scope: none } })
  })

  test('knows when it was last used, to the minute, and is no slower for it', async () => {
    const { token, record } = await tokens.create(WISH, MAKER)
    const lastUsed = async () => (await bed.context.store.tokens.get(record.id))?.lastUsedAt
    const first = bed.clock.now()
    await tokens.callerForSecret(token)
    await expect.poll(lastUsed).toBe(first)
    bed.clock.pass(59_999)
    await tokens.callerForSecret(token)
    expect(await lastUsed()).toBe(first)
    bed.clock.pass(1)
    await tokens.holderOf(record.id)
    await expect.poll(lastUsed).toBe(first + 60_000)
  })

  test('of an agent is never an admin’s', async () => {
    const caller = await callerWith({ user: BOB, agent: 'claude' })
    expect(caller).toMatchObject({ principal: { user: BOB, agent: 'claude' }, admin: false, mayReview: false })
    expect(await callerWith({ user: BOB })).toMatchObject({ admin: true })
  })

  test('is not made for nobody, for an odd name, or for an agent that reviews', async () => {
    await expect(tokens.create({ ...WISH, user: 'mallory' }, MAKER)).rejects.toThrow(/no user mallory/)
    await expect(tokens.create({ ...WISH, agent: 'a b' }, MAKER)).rejects.toThrow(/an agent is named/)
    await expect(tokens.create({ ...WISH, agent: 'claude', mayReview: true }, MAKER)).rejects.toThrow(/never reviews/)
  })
})

test('SCRAM asks an unknown name for the same as a known one, and each name for its own', () => {
  expect(scramParameters('nobody').salt).toHaveLength(scramParameters(ALICE).salt.length)
  expect(scramParameters('nobody').iterations).toBe(scramParameters(ALICE).iterations)
  expect(scramParameters(ALICE)).toEqual(scramParameters(ALICE))
  expect(scramParameters(ALICE).salt).not.toEqual(scramParameters(BOB).salt)
})

describe('the desk', () => {
  test('lets a person make tokens for himself and his agents, and for nobody else', async () => {
    const alice = await callerWith()
    expect((await desk.createToken(alice, { ...WISH, agent: 'claude' })).record).toMatchObject({ agent: 'claude', createdBy: ALICE })
    await expect(desk.createToken(alice, { ...WISH, user: BOB })).rejects.toMatchObject({ code: 'forbidden' })
    await expect(desk.createToken(await callerWith({ agent: 'claude' }), WISH)).rejects.toMatchObject({ code: 'forbidden' })
  })

  test('widens nothing: a token that may not review or is unproven makes none that may or is', async () => {
    const [plain, reviewing] = [await callerWith(), await callerWith({ mayReview: true })]
    await expect(desk.createToken(plain, { ...WISH, mayReview: true })).rejects.toMatchObject({ code: 'forbidden' })
    expect((await desk.createToken(reviewing, { ...WISH, mayReview: true })).record).toMatchObject({ mayReview: true, proven: false })
  })

  test('makes none with a token that has a scope, and none that reviews with one that may not', async () => {
    const scope = { resources: ['orders'], actions: null }
    const [scoped, plain] = [await callerWith({ scope }), await callerWith()]
    await expect(desk.createToken(scoped, { ...WISH, scope })).rejects.toMatchObject({ code: 'forbidden' })
    await expect(desk.createToken(plain, { ...WISH, scope: { resources: null, actions: ['review'] } })).rejects.toMatchObject({ code: 'forbidden' })
    expect((await desk.createToken(plain, { ...WISH, scope, name: 'nightly' })).record).toMatchObject({ scope, name: 'nightly', mayReview: false })
  })

  test.each([
    ['a resource that there is not', { scope: { resources: ['nowhere'], actions: null } }, /there is no resource nowhere; there are orders, scratch/],
    ['administering one resource', { scope: { resources: ['orders'], actions: ['admin'] } }, /names none/],
    ['an agent that reviews', { agent: 'claude', scope: { resources: null, actions: ['sql', 'review'] } }, /an agent neither reviews/],
    ['reviewing beside its scope', { mayReview: true, scope: { resources: null, actions: ['sql'] } }, /has review among its actions/],
  ] as const)('makes none for %s', async (_, wish, why) => {
    await expect(desk.createToken(LOCAL, { ...WISH, ...wish })).rejects.toMatchObject({ code: 'invalid', message: expect.stringMatching(why) })
  })

  test('lets a token with a scope see and revoke itself, and no other', async () => {
    const [scoped, agent, plain] = [
      await callerWith({ scope: { resources: null, actions: ['sql:read'] } }),
      await callerWith({ agent: 'claude' }),
      await callerWith(),
    ]
    for (const caller of [scoped, agent]) {
      expect((await desk.listTokens(caller)).map(({ id }) => id)).toEqual([idOf(caller)])
      await expect(desk.revokeToken(caller, idOf(plain))).rejects.toMatchObject({ code: 'not-found' })
      await expect(desk.revokeTokens(caller, ALICE)).rejects.toMatchObject({ code: 'forbidden' })
    }
    expect(await desk.revokeToken(scoped, idOf(scoped))).toMatchObject({ revokedAt: bed.clock.now() })
  })

  test('revokes all of a person at once, those of his agents too: for himself and for admins', async () => {
    const [alice, agent, bob] = [await callerWith(), await callerWith({ agent: 'claude' }), await callerWith({ user: BOB })]
    await expect(desk.revokeTokens(alice, BOB)).rejects.toMatchObject({ code: 'forbidden' })
    const revoked = await desk.revokeTokens(bob, ALICE)
    expect(revoked.map(({ id }) => id).sort()).toEqual([idOf(alice), idOf(agent)].sort())
    expect(await tokens.liveOf(ALICE)).toEqual([])
    expect(await desk.revokeTokens(bob, ALICE)).toEqual([])
    expect((await bed.entries()).filter(({ type }) => type === 'token.revoked')).toHaveLength(2)
  })

  test('shows and revokes to its holder and to admins only', async () => {
    const [alice, bob] = [await callerWith(), await callerWith({ user: BOB })]
    expect((await desk.listTokens(alice)).map(({ user }) => user)).toEqual([ALICE])
    expect((await desk.listTokens(bob)).length).toBe(2)
    await expect(desk.revokeToken(alice, tokenOf(bob))).rejects.toMatchObject({ code: 'not-found' })
    await expect(desk.revokeToken({ ...alice, auditor: true }, tokenOf(bob))).rejects.toMatchObject({ code: 'not-found' })
    expect(await desk.revokeToken(bob, tokenOf(alice))).toMatchObject({ revokedAt: bed.clock.now() })
  })

  test('records each token that is made and revoked, once, and never its secret', async () => {
    const { token, record } = await desk.createToken(LOCAL, WISH)
    await desk.revokeToken(LOCAL, record.id)
    await desk.revokeToken(LOCAL, record.id)
    const entries = await bed.entries()
    expect(entries.map(({ type }) => type)).toEqual(['token.created', 'token.revoked'])
    expect(JSON.stringify(entries)).not.toContain(token)
  })
})
