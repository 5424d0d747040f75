import { DEFAULT_CHOICES, type NotificationChoices } from '@countersign/core/notification'
import { type Request, review, withdraw } from '@countersign/core/request'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { aGrant, aRequest, aReview, MINUTE, NOW } from '../../../core/test/arbitraries.ts'
import type { Users } from '../../src/identity/caller.ts'
import { DeliveryError } from '../../src/notify/channel.ts'
import { occasionsOfLedger } from '../../src/notify/occasions.ts'
import { type Bed, EVERY_MS, openBed } from './bed.ts'
import { aUser } from './users.ts'

const ALICE = { user: 'alice@example.com', agent: null, groups: ['engineering'] }
const BOB = { user: 'bob@example.com', agent: null, groups: ['dba'] }
const WAITS = 'email bob@example.com: req-1 waits for your review: sql:write on orders-db'

let bed: Bed
beforeEach(async () => {
  bed = await openBed()
})
afterEach(() => bed.close())

const anAsk = (over: Partial<Request> = {}) => aRequest({ requester: ALICE, createdAt: NOW, expiresAt: NOW + 120 * MINUTE, ...over })
const ask = async (over: Partial<Request> = {}) => (await bed.store.requests.open(anAsk(over))).request

async function decide(request: Request, verdict: 'approve' | 'deny', reviewer = BOB): Promise<void> {
  const given = aReview({ reviewer, verdict, comment: 'a canary of a comment', given: null, at: bed.clock.now() })
  const next = review(request, given, { grantId: 'grant-1' })
  expect(await bed.store.requests.save(next.request, next.grant)).toBe(true)
}

const choose = (user: string, over: Partial<NotificationChoices>) => bed.store.notifications.choose(user, { ...DEFAULT_CHOICES, ...over })

const later = (ms: number) => {
  bed.clock.pass(ms)
  return bed.round()
}

describe('a request that waits', () => {
  test('is told to who may review it, at once, and again every ten minutes, three times', async () => {
    await ask()
    expect(await bed.round()).toEqual([WAITS, 'webhook: request.waiting'])
    expect(await later(1_000)).toEqual([])
    expect(await later(EVERY_MS - 2_000)).toEqual([])
    for (let n = 0; n < 3; n++) expect(await later(n === 0 ? 1_000 : EVERY_MS)).toEqual([WAITS])
    expect(await later(EVERY_MS)).toEqual([])
    expect(await later(10 * EVERY_MS)).toEqual([])
  })

  test.each([
    ['decided', async (request: Request) => decide(request, 'approve')],
    ['taken back', async (request: Request) => void (await bed.store.requests.save(withdraw(request, ALICE, bed.clock.now())))],
    ['expired, and not yet said to be', () => Promise.resolve(bed.clock.pass(3 * 60 * MINUTE))],
    ['of a group that he has left', () => Promise.resolve(void (bed.people = bed.people.filter(({ groups }) => !groups.includes('dba'))))],
    ['not his any more, because he is disabled', () => Promise.resolve(void (bed.people = bed.people.map((user) => ({ ...user, active: false }))))],
    ['not to be told any more, as he chooses', () => choose(BOB.user, { kinds: { ...DEFAULT_CHOICES.kinds, review: { email: false, push: true } } })],
  ])('is not told again when it is %s', async (_name, change) => {
    const request = await ask()
    expect(await bed.round()).toContain(WAITS)
    bed.clock.pass(EVERY_MS)
    await change(request)
    expect((await bed.round()).filter((told) => told.includes('waits'))).toEqual([])
    expect((await later(EVERY_MS)).filter((told) => told.includes('waits'))).toEqual([])
  })

  test.each([
    ['he chooses', async (isOn: boolean) => choose(BOB.user, { kinds: { ...DEFAULT_CHOICES.kinds, review: { email: isOn, push: true } } })],
    [
      'he is in the group',
      (isOn: boolean) =>
        Promise.resolve(void (bed.people = bed.people.map((user) => (user.name === BOB.user ? { ...user, groups: isOn ? ['dba'] : [] } : user)))),
    ],
  ])('and is told again once it is wanted again, as %s, though it was not for a while', async (_, want) => {
    await ask()
    expect(await bed.round()).toContain(WAITS)
    await want(false)
    expect((await later(EVERY_MS)).filter((told) => told.includes('waits'))).toEqual([])
    await want(true)
    expect((await later(EVERY_MS)).filter((told) => told.includes('waits'))).toEqual([WAITS])
  })

  test('is told by the browser too when one is subscribed, and to who joins the group later', async () => {
    await ask()
    await bed.round()
    bed.people = [...bed.people, aUser('dave@example.com', { groups: ['dba'] })]
    await bed.store.notifications.subscribe({
      id: 'p',
      user: 'dave@example.com',
      endpoint: 'https://push.example.com/1',
      p256dh: '',
      auth: '',
      label: null,
      createdAt: 0,
    })
    expect(await later(1_000)).toEqual([WAITS, WAITS.replace('email', 'push')].map((told) => told.replace('bob', 'dave')))
  })

  test('and needs nobody is told to nobody: policy approves it in the same moment', async () => {
    await ask({ need: [] })
    expect(await bed.round()).toEqual([])
  })

  test('waits for who has reviewed it no more, and for others still', async () => {
    bed.people = [...bed.people, aUser('dave@example.com', { groups: ['dba'] })]
    const request = await ask({ need: [[{ policy: 'p', groups: ['dba'], quorum: 2 }]] })
    expect(await bed.round()).toHaveLength(3)
    await decide(request, 'approve')
    expect(await later(EVERY_MS)).toEqual([WAITS.replace('bob', 'dave')])
  })

  test('and hundreds more are told in few messages', async () => {
    await ask()
    expect(await bed.round()).toContain(WAITS)
    for (let n = 2; n < 200; n++) await ask({ id: `req-${n}`, ask: { ...anAsk().ask, digest: `d${n}` } })
    expect((await later(1_000)).filter((told) => !told.startsWith('webhook'))).toEqual([])
    expect(await later(30_000)).toEqual(['email bob@example.com: 198 requests wait for your review'])
  })

  test('is not told in quiet hours, but after them if it waits still', async () => {
    const at = (ms: number) => new Date(ms).toISOString().slice(11, 16)
    await choose(BOB.user, { quiet: { from: at(NOW), until: at(NOW + 30 * MINUTE), timeZone: 'UTC' } })
    const handled = await ask({ id: 'req-2', ask: { ...anAsk().ask, digest: 'd2' } })
    await ask()
    expect(await bed.round()).toEqual(['webhook: request.waiting', 'webhook: request.waiting'])
    await decide(handled, 'approve')
    expect((await later(29 * MINUTE)).filter((told) => told.includes('waits'))).toEqual([])
    expect(await later(MINUTE)).toEqual([WAITS])
  })
})

describe('its requester', () => {
  const everything = { ...DEFAULT_CHOICES.kinds, decided: { email: true, push: true }, ending: { email: true, push: true } }

  test.each([
    ['approve', 'was approved'],
    ['deny', 'was denied'],
  ] as const)('is told once what became of it: %s', async (verdict, outcome) => {
    await choose(ALICE.user, { kinds: everything })
    await decide(await ask(), verdict)
    expect(await bed.round()).toEqual([
      `email alice@example.com: req-1 ${outcome} (sql:write on orders-db)`,
      `webhook: request.${verdict === 'deny' ? 'denied' : 'approved'}`,
    ])
    expect(await later(EVERY_MS)).toEqual([])
  })

  test('is not told of what he took back himself, nor of what nobody saw happen long ago', async () => {
    await choose(ALICE.user, { kinds: everything })
    const [mine, old] = [await ask(), await ask({ id: 'req-2', ask: { ...anAsk().ask, digest: 'd2' } })]
    await bed.store.requests.save(withdraw(mine, ALICE, bed.clock.now()))
    await decide(old, 'deny')
    bed.clock.pass(2 * 60 * MINUTE)
    expect(await bed.round()).toEqual([])
  })

  test('is told before his access ends, and when somebody takes it back', async () => {
    await choose(ALICE.user, { kinds: everything })
    const coverage = { kind: 'scope', scope: 'sql:write' } as const
    const grant = aGrant({ subject: ALICE, request: 'req-1', coverage, usesLeft: null, startsAt: NOW, endsAt: NOW + 30 * MINUTE })
    await bed.store.grants.insert(grant)
    await bed.store.grants.insert({ ...grant, id: 'grant-once', usesLeft: 1 })
    await bed.store.grants.insert({ ...grant, id: 'grant-short', endsAt: NOW + 10 * MINUTE })
    expect(await bed.round()).toEqual([])
    expect(await later(25 * MINUTE)).toEqual([
      expect.stringMatching(/^email alice@example.com: your access to orders-db ends at .* UTC$/),
      'webhook: grant.ending',
    ])
    await bed.store.grants.save({ ...grant, version: grant.version + 1, status: 'revoked', endedAt: bed.clock.now(), endReason: 'a canary of a reason' })
    expect(await bed.round()).toEqual(['email alice@example.com: your access to orders-db was taken back', 'webhook: grant.revoked'])
  })
})

test('admins and auditors are told what is wrong with the ledger, once a day of the same', async () => {
  bed.people = [
    ...bed.people,
    aUser('erin@example.com', { admin: true }),
    aUser('fay@example.com', { auditor: true }),
    aUser('gone@example.com', { admin: true, active: false }),
  ]
  const wrong = () => bed.gateway().planner.plan(occasionsOfLedger('disagrees', 'witness-1', { users: () => bed.people } as Users, bed.clock.now()))
  await wrong()
  await wrong()
  const title = 'a witness has seen another history of the ledger'
  const told = [`email erin@example.com: ${title}`, `email fay@example.com: ${title}`, 'webhook: ledger.disagrees']
  expect(await bed.round()).toEqual(told)
  expect(await later(EVERY_MS)).toEqual([])
  bed.clock.pass(24 * 60 * MINUTE)
  await wrong()
  expect(await bed.round()).toEqual(told)
})

describe('nothing that was typed leaves', () => {
  test('neither the action, nor its parameters, reason, ticket or comments', async () => {
    const canary = (what: string) => `a canary of a ${what}`
    const { ask: asked } = anAsk()
    if (asked.kind !== 'action') throw new Error('an action is asked for')
    const action = { ...asked.action, text: canary('text'), parameters: [{ value: canary('value'), format: 'text' as const, type: 0 }] }
    const request = await ask({ ask: { ...asked, action }, reason: canary('reason'), ticket: canary('ticket') })
    await choose(ALICE.user, { kinds: { ...DEFAULT_CHOICES.kinds, decided: { email: true, push: true } } })
    await bed.round()
    await decide(request, 'deny')
    await bed.round()
    expect(bed.parcels.map(({ message }) => message.kind)).toEqual(['review', 'decided'])
    expect(JSON.stringify(bed.parcels)).not.toContain('canary')
  })
})

describe('several gateways', () => {
  test('tell everybody once each time, whoever is quicker', async () => {
    const property = fc.asyncProperty(fc.array(fc.tuple(fc.boolean(), fc.nat(2)), { minLength: 1, maxLength: 6 }), async (steps) => {
      const own = await openBed()
      const gateways = [own.gateway(), own.gateway(), own.gateway()]
      await own.store.requests.open(anAsk())
      for (const [again, slow] of steps) {
        own.told.length = 0
        if (again) own.clock.pass(EVERY_MS)
        own.before = () => new Promise((resolve) => setTimeout(resolve, slow))
        await Promise.all(
          gateways.map(async ({ planner, sender }) => {
            await planner.everything()
            await sender.round(new AbortController().signal)
          }),
        )
        expect(own.told.length).toBe(new Set(own.told).size)
      }
      await own.close()
    })
    await fc.assert(property, { numRuns: 8 })
  })

  test('and one that dies before it sends has missed once, and is not followed by two', async () => {
    await ask()
    bed.before = () => Promise.reject(new Error('killed'))
    await expect(bed.round()).rejects.toThrow('killed')
    bed.before = () => Promise.resolve()
    expect(await later(1_000)).toEqual([])
    expect(await later(EVERY_MS)).toEqual([WAITS])
  })
})

describe('a service that fails', () => {
  test('is tried again, later and later, with the same message under the same name, while it is of use', async () => {
    await ask()
    const ids: string[] = []
    bed.before = ({ id }) => {
      ids.push(id)
      return Promise.reject(new DeliveryError('mail answered 451'))
    }
    expect(await bed.round()).toEqual(['webhook: request.waiting'])
    await later(29_000)
    await later(1_000)
    await later(59_000)
    expect(ids).toHaveLength(2)
    await later(1_000)
    expect(ids).toHaveLength(3)
    bed.before = ({ id }) => Promise.resolve(void ids.push(id))
    expect(await later(EVERY_MS)).toEqual([WAITS])
    expect(new Set(ids).size).toBe(1)
    expect(await later(EVERY_MS)).toEqual([WAITS])
    expect(new Set(ids).size).toBe(2)
  })

  test('for everybody is left alone for a while, and holds up no other', async () => {
    for (let n = 0; n < 100; n++) await ask({ id: `req-${n}`, ask: { ...anAsk().ask, digest: `d${n}` } })
    let tries = 0
    bed.beforeHook = () => Promise.reject(new DeliveryError(`try ${++tries}`, { everybody: true }))
    expect(await bed.round()).toEqual(['email bob@example.com: 100 requests wait for your review'])
    expect(tries).toBeLessThanOrEqual(8)
    bed.beforeHook = () => Promise.resolve()
    expect(await later(29_000)).toEqual([])
    expect(await later(1_000)).toHaveLength(100)
  })

  test('is given up after a while, and at once where it says that it never will', async () => {
    await ask()
    let tries = 0
    bed.before = () => Promise.reject(new DeliveryError(`try ${++tries}`))
    for (let n = 0; n < 30; n++) await later(EVERY_MS)
    expect(tries).toBeLessThanOrEqual(12)
    await ask({ id: 'req-2', ask: { ...anAsk().ask, digest: 'd2' }, createdAt: bed.clock.now(), expiresAt: bed.clock.now() + 600 * MINUTE })
    tries = 0
    bed.before = () => Promise.reject(new DeliveryError(`try ${++tries}`, { final: true }))
    for (let n = 0; n < 3; n++) await later(EVERY_MS)
    expect(tries).toBe(1)
  })
})
