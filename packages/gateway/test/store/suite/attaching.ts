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
    expect(await pair().there.requests.open(aRequest({ id: 'req-2', reason: 'second' }))).toEqual({ request: first, attached: true, isOver: false })
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

  test('until the moment it expires, and then it has to be ended first', async () => {
    const { here } = pair()
    const first = aRequest({ expiresAt: NOW + MINUTE })
    await here.requests.open(first)
    expect(await here.requests.open(aRequest({ id: 'in-time', createdAt: NOW + MINUTE - 1 }))).toEqual({ request: first, attached: true, isOver: false })
    const late = aRequest({ id: 'late', createdAt: NOW + MINUTE })
    expect(await here.requests.open(late)).toEqual({ request: first, attached: true, isOver: true })
    expect(await here.requests.get('req-1')).toEqual(first)
    await here.requests.save(expire(first, NOW + MINUTE))
    expect(await here.requests.open(late)).toMatchObject({ attached: false, request: { id: 'late' } })
    expect((await here.requests.list({ status: 'pending' })).map(({ id }) => id)).toEqual(['late'])
  })
}
