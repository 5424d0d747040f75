import { expire, withdraw, type Request } from '@countersign/core/request'
import { expect, test } from 'vitest'
import { ALICE, aRequest, BOB, MINUTE, NOW } from '../../../../core/test/arbitraries.ts'
import type { Pair } from '../bed.ts'

const RACERS = 20

const racing = (over: Partial<Request>) => Array.from({ length: RACERS }, (_, index) => aRequest({ ...over, id: `racer-${index}` }))

export function attaching(pair: () => Pair): void {
  const openAll = (requests: readonly Request[]) =>
    Promise.all(requests.map((request, index) => (index % 2 ? pair().there : pair().here).requests.open(request)))

  test('one of many that open it at once', async () => {
    const opened = await openAll(racing({}))
    expect(opened.filter(({ attached }) => !attached)).toHaveLength(1)
    expect(new Set(opened.map(({ request }) => request.id)).size).toBe(1)
    expect(await pair().here.requests.list({})).toHaveLength(1)
  })

  test('with the other’s values, not with one’s own', async () => {
    const first = aRequest({ reason: 'first' })
    await pair().here.requests.open(first)
    expect(await pair().there.requests.open(aRequest({ id: 'req-2', reason: 'second' }))).toEqual({ request: first, attached: true, expired: [] })
  })

  test('never another principal, resource or ask', async () => {
    const other = aRequest().ask
    const opened = await openAll([
      aRequest(),
      aRequest({ id: 'by-bob', requester: BOB }),
      aRequest({ id: 'by-an-agent', requester: { ...ALICE, agent: 'claude' } }),
      aRequest({ id: 'elsewhere', resource: 'billing-db' }),
      aRequest({ id: 'something-else', ask: { ...other, digest: 'd2' } }),
    ])
    expect(opened.map(({ attached }) => attached)).toEqual([false, false, false, false, false])
  })

  test('only while it is pending', async () => {
    const { here } = pair()
    await here.requests.open(aRequest())
    await here.requests.save(withdraw(aRequest(), ALICE, NOW))
    expect(await here.requests.open(aRequest({ id: 'req-2' }))).toMatchObject({ attached: false, request: { id: 'req-2' } })
  })

  test('until the moment it expires, and then it is expired', async () => {
    const { here } = pair()
    const first = aRequest({ expiresAt: NOW + MINUTE })
    await here.requests.open(first)
    expect((await here.requests.open(aRequest({ id: 'in-time', createdAt: NOW + MINUTE - 1 }))).attached).toBe(true)
    expect(await here.requests.open(aRequest({ id: 'late', createdAt: NOW + MINUTE }))).toMatchObject({
      attached: false,
      expired: [expire(first, NOW + MINUTE)],
    })
    expect(await here.requests.get('req-1')).toEqual(expire(first, NOW + MINUTE))
    expect((await here.requests.list({ status: 'pending' })).map(({ id }) => id)).toEqual(['late'])
  })

  test('one of many that find it expired', async () => {
    await pair().here.requests.open(aRequest({ expiresAt: NOW + MINUTE }))
    const opened = await openAll(racing({ createdAt: NOW + MINUTE }))
    expect(opened.filter(({ attached }) => !attached)).toHaveLength(1)
    expect(opened.flatMap(({ expired }) => expired)).toHaveLength(1)
    expect(await pair().there.requests.list({ status: 'pending' })).toHaveLength(1)
    expect(await pair().there.requests.get('req-1')).toMatchObject({ status: 'expired', version: 2 })
  })
}
