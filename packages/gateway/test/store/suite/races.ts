import { consume, type Grant } from '@countersign/core/grant'
import { expire, type Request, review, withdraw } from '@countersign/core/request'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ALICE, aGrant, aRequest, aReview, attempt, BOB, CAROL, MINUTE, NOW, shapeCoverage } from '../../../../core/test/arbitraries.ts'
import { DomainError } from '@countersign/core/error'
import type { Store } from '../../../src/store/store.ts'
import { runs } from '../arbitraries.ts'
import type { Pair } from '../bed.ts'
import { aSession, aToken } from '../values.ts'

const RACERS = 50

type Outcome = { readonly request: Request; readonly grant: Grant | null }

/** Each what one gateway would save that has just read the pending request. */
const CONTENDERS = {
  approved: (request: Request, grantId: string): Outcome => review(request, aReview({ reviewer: BOB }), { grantId }),
  denied: (request: Request, grantId: string): Outcome => review(request, aReview({ reviewer: CAROL, verdict: 'deny', comment: 'no' }), { grantId }),
  withdrawn: (request: Request): Outcome => ({ request: withdraw(request, ALICE, NOW + MINUTE), grant: null }),
  expired: (request: Request): Outcome => ({ request: expire(request, request.expiresAt), grant: null }),
} as const

const contenders = fc.array(fc.constantFrom(...(['approved', 'denied', 'withdrawn', 'expired'] as const)), { minLength: 2, maxLength: 12 })

const wins = (results: readonly boolean[]) => results.filter(Boolean).length

export function races(pair: () => Pair): void {
  const storeOf = (index: number): Store => (index % 2 === 0 ? pair().here : pair().there)
  const racers = <T>(run: (store: Store, index: number) => Promise<T>) => Promise.all(Array.from({ length: RACERS }, (_, index) => run(storeOf(index), index)))

  test('approve, deny, withdraw and expire: one of them, and at most one grant', async () => {
    let round = 0
    const property = fc.asyncProperty(contenders, async (names) => {
      const request = aRequest({ id: `req-${++round}`, resource: `db-${round}` })
      await pair().here.requests.open(request)
      const saved = await Promise.all(
        names.map((name, index) => {
          const outcome = CONTENDERS[name](request, `grant-${round}-${index}`)
          return storeOf(index).requests.save(outcome.request, outcome.grant)
        }),
      )
      expect(wins(saved)).toBe(1)
      const winner = names[saved.indexOf(true)]
      expect((await pair().there.requests.get(request.id))?.status).toBe(winner)
      const grants = await pair().there.grants.list({ resource: request.resource })
      expect(grants.map(({ id }) => id)).toEqual(winner === 'approved' ? [`grant-${round}-${saved.indexOf(true)}`] : [])
    })
    await fc.assert(property, runs(20))
  })

  test('two approvers of a quorum of two: both count, and one grant', async () => {
    await pair().here.requests.open(aRequest({ need: [[{ policy: 'p', groups: ['dba'], quorum: 2 }]] }))
    const approve = async (store: Store, reviewer: typeof BOB, grantId: string): Promise<void> => {
      const request = await store.requests.get('req-1')
      if (!request) throw new Error('the request is gone')
      const next = review(request, aReview({ reviewer }), { grantId })
      if (!(await store.requests.save(next.request, next.grant))) await approve(store, reviewer, grantId)
    }
    await Promise.all([approve(pair().here, BOB, 'by-bob'), approve(pair().there, CAROL, 'by-carol')])
    expect(await pair().here.requests.get('req-1')).toMatchObject({ status: 'approved', version: 3 })
    expect(await pair().here.grants.list({})).toHaveLength(1)
  })

  test('a shape of five uses is used five times, whoever is first', async () => {
    await pair().here.grants.insert(aGrant({ coverage: shapeCoverage(), usesLeft: 5 }))
    const use = async (store: Store): Promise<boolean> => {
      const grant = await store.grants.get('grant-1')
      const next = grant && attempt(() => consume(grant, NOW))
      if (next === null || next instanceof DomainError) return false
      return (await store.grants.save(next)) || use(store)
    }
    expect(wins(await racers(use))).toBe(5)
    expect(await pair().here.grants.get('grant-1')).toMatchObject({ status: 'used', usesLeft: 0, version: 6 })
  })

  test('a one-use grant is used once', async () => {
    await pair().here.grants.insert(aGrant())
    const used = await racers(async (store) => {
      const grant = await store.grants.get('grant-1')
      const next = grant && attempt(() => consume(grant, NOW))
      return next !== null && !(next instanceof DomainError) && store.grants.save(next)
    })
    expect(wins(used)).toBe(1)
    expect(await pair().there.grants.get('grant-1')).toMatchObject({ status: 'used', usesLeft: 0, version: 2 })
  })

  test('of several grants that are used together all are used, or none', async () => {
    const { here, there } = pair()
    const [one, two] = [aGrant({ id: 'one' }), aGrant({ id: 'two' })]
    await here.grants.insert(one)
    await here.grants.insert(two)
    const used = (grants: readonly Grant[]) => grants.map((grant) => consume(grant, NOW))
    const owed = (id: string) => [{ id, gateway: 'gw-1', person: null, erased: false, sealed: 'AAAA' }]
    const saved = await racers((store, index) => store.grants.saveAll(used(index % 2 ? [one, two] : [two, one]), owed(String(index))))
    expect(wins(saved)).toBe(1)
    expect(await there.owed.of('gw-1')).toEqual(owed(String(saved.indexOf(true))))

    const three = aGrant({ id: 'three' })
    await here.grants.insert(three)
    for (const grants of [[three, one], [one, three]]) expect(await there.grants.saveAll(used(grants), owed('never'))).toBe(false) // prettier-ignore
    expect(await here.grants.get('three')).toEqual(three)
    expect(await there.owed.of('gw-1')).toHaveLength(1)
  })

  test('a session is changed by one', async () => {
    await pair().here.sessions.insert(aSession())
    const saved = await racers((store, index) => store.sessions.save(aSession({ version: 2, cut: { by: 'bob', reason: String(index) } })))
    expect(wins(saved)).toBe(1)
    expect((await pair().there.sessions.get('session-1'))?.cut?.reason).toBe(String(saved.indexOf(true)))
  })

  test('a token is revoked once, and that stays its time', async () => {
    await pair().here.tokens.insert(aToken())
    const revoked = await racers((store, index) => store.tokens.revoke('token-1', NOW + index))
    expect(wins(revoked)).toBe(1)
    expect((await pair().there.tokens.get('token-1'))?.revokedAt).toBe(NOW + revoked.indexOf(true))
    expect(await pair().here.tokens.revoke('no such token', NOW)).toBe(false)
  })

  test('all tokens of a user are revoked at once, and those of nobody else', async () => {
    const { here, there } = pair()
    for (const token of [aToken({ id: 'a' }), aToken({ id: 'b', agent: 'claude' }), aToken({ id: 'c', user: BOB.user })]) await here.tokens.insert(token)
    await here.tokens.revoke('a', NOW)
    expect(await there.tokens.revokeAll(ALICE.user, NOW + 1)).toEqual(['b'])
    expect(await Promise.all(['a', 'b', 'c'].map(async (id) => (await here.tokens.get(id))?.revokedAt))).toEqual([NOW, NOW + 1, null])
  })

  test('the last use of a token is written where it is not known to be later', async () => {
    const { here, there } = pair()
    await here.tokens.insert(aToken())
    const used = async () => (await there.tokens.get('token-1'))?.lastUsedAt
    await here.tokens.used('token-1', NOW, NOW - MINUTE)
    expect(await used()).toBe(NOW)
    await there.tokens.used('token-1', NOW + 1, NOW + 1 - MINUTE)
    expect(await used()).toBe(NOW)
    await there.tokens.used('token-1', NOW + MINUTE, NOW)
    expect(await used()).toBe(NOW + MINUTE)
  })

  test('a version that was never there, or an id, changes nothing', async () => {
    const { here } = pair()
    await here.requests.open(aRequest())
    await here.grants.insert(aGrant())
    expect(await here.requests.save(aRequest({ version: 7, status: 'approved' }), aGrant({ id: 'grant-2' }))).toBe(false)
    expect(await here.requests.save(aRequest({ id: 'req-2', version: 2 }))).toBe(false)
    expect(await here.grants.save(aGrant({ version: 1, status: 'used' }))).toBe(false)
    expect(await here.requests.list({})).toEqual([aRequest()])
    expect(await here.grants.list({})).toEqual([aGrant()])
  })

  test('a request whose grant cannot be inserted is not approved either', async () => {
    const { here } = pair()
    await here.requests.open(aRequest())
    await here.grants.insert(aGrant())
    await expect(here.requests.save(aRequest({ version: 2, status: 'approved' }), aGrant({ resource: 'other' }))).rejects.toThrow('the store failed')
    expect(await here.requests.get('req-1')).toEqual(aRequest())
    expect(await here.grants.get('grant-1')).toEqual(aGrant())
  })
}
