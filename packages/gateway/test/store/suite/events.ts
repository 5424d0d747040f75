import { review } from '@countersign/core/request'
import { expect, test, vi } from 'vitest'
import { aGrant, aRequest, aReview, NOW } from '../../../../core/test/arbitraries.ts'
import type { Store, StoreEvent } from '../../../src/store/store.ts'
import type { Pair } from '../bed.ts'
import { aSession, aToken } from '../values.ts'

/** Tokens whose insertion marks where a test begins and ends: what was done before may still be under way to the listener. */
const marked = (store: Store, id: 'first' | 'last') => store.tokens.insert(aToken({ id }))

/** What a store tells between the two marks, as `kind id`, and whether it is new. */
function heard(store: Store): { readonly all: () => Promise<readonly string[]> } {
  const events: string[] = []
  store.subscribe((event) => events.push(event.kind === 'resync' ? event.kind : `${event.inserted ? 'new ' : ''}${event.kind} ${event.id}`))
  const all = async () => {
    await vi.waitFor(() => expect(events).toContain('new token last'), { timeout: 5_000 })
    return events.slice(events.indexOf('new token first') + 1, events.indexOf('new token last'))
  }
  return { all }
}

export function events(pair: () => Pair): void {
  test('one event for each changed thing, whoever changed it, and whether it is new', async () => {
    const { here, there } = pair()
    const [near, far] = [heard(here), heard(there)]
    await marked(here, 'first')
    await here.requests.open(aRequest())
    const approved = review(aRequest(), aReview(), { grantId: 'grant-1' })
    await there.requests.save(approved.request, approved.grant)
    await here.grants.save(aGrant({ version: 2, status: 'used' }))
    await here.sessions.insert(aSession())
    await there.sessions.save(aSession({ version: 2, endedAt: NOW }))
    await here.tokens.insert(aToken())
    await here.tokens.revoke('token-1', NOW)
    await marked(there, 'last')
    const expected = [
      'new request req-1',
      'request req-1',
      'new grant grant-1',
      'grant grant-1',
      'new session session-1',
      'session session-1',
      'new token token-1',
      'token token-1',
    ]
    expect([await near.all(), await far.all()]).toEqual([expected, expected])
  })

  test('nothing about what did not change', async () => {
    const { here, there } = pair()
    const far = heard(there)
    await here.requests.open(aRequest())
    await here.grants.insert(aGrant())
    await marked(here, 'first')
    await here.requests.open(aRequest({ id: 'req-2' }))
    await here.requests.save(aRequest({ version: 7 }))
    await here.grants.save(aGrant({ version: 7 }))
    await here.tokens.revoke('no such token', NOW)
    await expect(here.requests.save(aRequest({ version: 2 }), aGrant())).rejects.toThrow('the store failed')
    await here.gateways.beat('gw-1', NOW, null)
    await marked(here, 'last')
    expect(await far.all()).toEqual([])
  })

  test('what is read on hearing of it is what was committed', async () => {
    const { here, there } = pair()
    const heard = new Promise<string>((resolve) => there.subscribe((event) => event.kind === 'grant' && resolve(event.id)))
    await here.grants.insert(aGrant())
    expect(await there.grants.get(await heard)).toEqual(aGrant())
  })

  test('only while one listens', async () => {
    const { here, there } = pair()
    const far = heard(there)
    const events: StoreEvent[] = []
    there.subscribe((event) => events.push(event))()
    await marked(here, 'last')
    await far.all()
    expect(events).toEqual([])
  })
}
