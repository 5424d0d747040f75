import { review } from '@countersign/core/request'
import { expect, test, vi } from 'vitest'
import { aGrant, aRequest, aReview, NOW } from '../../../../core/test/arbitraries.ts'
import type { Store, StoreEvent } from '../../../src/store/store.ts'
import type { Pair } from '../bed.ts'
import { aSession, aToken } from '../values.ts'

const LAST = { kind: 'token', id: 'last' } as const

/** What a store tells until the token `last` is inserted. */
function heard(store: Store): { readonly all: () => Promise<readonly StoreEvent[]> } {
  const events: StoreEvent[] = []
  store.subscribe((event) => events.push(event))
  const all = async () => {
    await vi.waitFor(() => expect(events).toContainEqual(LAST), { timeout: 5_000 })
    return events.filter((event) => event.kind === 'resync' || event.id !== LAST.id)
  }
  return { all }
}

export function events(pair: () => Pair): void {
  test('one event for each changed thing, whoever changed it', async () => {
    const { here, there } = pair()
    const [near, far] = [heard(here), heard(there)]
    await here.requests.open(aRequest())
    const approved = review(aRequest(), aReview(), { grantId: 'grant-1' })
    await there.requests.save(approved.request, approved.grant)
    await here.grants.save(aGrant({ version: 2, status: 'used' }))
    await here.sessions.insert(aSession())
    await there.sessions.save(aSession({ version: 2, endedAt: NOW }))
    await here.tokens.insert(aToken())
    await here.tokens.revoke('token-1', NOW)
    await there.tokens.insert(aToken({ id: 'last' }))
    const expected = [
      'request req-1',
      'request req-1',
      'grant grant-1',
      'grant grant-1',
      'session session-1',
      'session session-1',
      'token token-1',
      'token token-1',
    ]
    const told = (await Promise.all([near.all(), far.all()])).map((all) =>
      all.map((event) => (event.kind === 'resync' ? 'resync' : `${event.kind} ${event.id}`)),
    )
    expect(told).toEqual([expected, expected])
  })

  test('nothing about what did not change', async () => {
    const { here, there } = pair()
    await here.requests.open(aRequest())
    await here.grants.insert(aGrant())
    const far = heard(there)
    await here.requests.open(aRequest({ id: 'req-2' }))
    await here.requests.save(aRequest({ version: 7 }))
    await here.grants.save(aGrant({ version: 7 }))
    await here.tokens.revoke('no such token', NOW)
    await expect(here.requests.save(aRequest({ version: 2 }), aGrant())).rejects.toThrow('the store failed')
    await here.gateways.beat('gw-1', NOW)
    await here.tokens.insert(aToken({ id: 'last' }))
    expect(await far.all()).toEqual([])
  })

  test('of a request that was found expired, and of the new one', async () => {
    const { here, there } = pair()
    await here.requests.open(aRequest())
    const far = heard(there)
    await here.requests.open(aRequest({ id: 'req-2', createdAt: aRequest().expiresAt }))
    await here.tokens.insert(aToken({ id: 'last' }))
    expect(await far.all()).toEqual([
      { kind: 'request', id: 'req-1' },
      { kind: 'request', id: 'req-2' },
    ])
  })

  test('what is read on hearing of it is what was committed', async () => {
    const { here, there } = pair()
    const read = new Promise((resolve, reject) => there.subscribe((event) => event.kind === 'grant' && there.grants.get(event.id).then(resolve, reject)))
    await here.grants.insert(aGrant())
    expect(await read).toEqual(aGrant())
  })

  test('only while one listens', async () => {
    const { here, there } = pair()
    const far = heard(there)
    const events: StoreEvent[] = []
    there.subscribe((event) => events.push(event))()
    await here.tokens.insert(aToken({ id: 'last' }))
    await far.all()
    expect(events).toEqual([])
  })
}
