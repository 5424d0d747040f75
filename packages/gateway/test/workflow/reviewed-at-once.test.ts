import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Caller } from '../../src/identity/caller.ts'
import { openRequest, reviewRequest } from '../../src/workflow/requests.ts'
import { aPerson } from '../store/values.ts'
import { anOpening, type Bed, BOB_CALLS, openBed } from './bed.ts'

let bed: Bed
beforeEach(async () => void (bed = await openBed()))
afterEach(async () => {
  bed.context.directory.close()
  await bed.close()
})

const callsAs = (user: string): Caller => ({ ...BOB_CALLS, principal: { user, agent: null, groups: ['dba'] } })

/** Dbas of a directory. */
async function there(...names: readonly string[]) {
  const { directory, store } = bed.context
  for (const name of names) await store.people.insert(aPerson({ id: name, name, externalId: name, groups: ['dba'] }))
  await directory.start()
}

test('each of several who approve at the same time is in the ledger once', async () => {
  const reviewers = ['bob', 'carol', 'dave']
  await there(...reviewers)
  const { request } = await openRequest(bed.context, anOpening({ need: [[{ policy: 'writes', groups: ['dba'], quorum: 3 }]] }))
  const verdict = { approve: true, comment: null, given: null }
  await Promise.all(reviewers.map((user) => reviewRequest(bed.context, callsAs(user), request.id, verdict)))
  expect(await bed.context.store.requests.get(request.id)).toMatchObject({ status: 'approved' })
  const said = (await bed.entries()).filter(({ type }) => type === 'request.reviewed')
  expect(said.map(({ body }) => String(body['reviewer'])).toSorted()).toEqual(reviewers)
})

test('one that somebody joins meanwhile in another process is in the ledger once', async () => {
  const { request } = await openRequest(bed.context, anOpening())
  const { requests } = bed.context.store
  let joined = false
  const store: typeof bed.context.store = {
    ...bed.context.store,
    requests: {
      open: (...args) => requests.open(...args),
      get: (...args) => requests.get(...args),
      list: (...args) => requests.list(...args),
      pending: () => requests.pending(),
      due: (...args) => requests.due(...args),
      save: async (next, grant) => {
        if (!joined) await requests.save({ ...request, version: request.version + 1, session: 'ses-2' })
        joined = true
        return requests.save(next, grant)
      },
    },
  }
  const approved = await reviewRequest({ ...bed.context, store }, callsAs('bob'), request.id, { approve: true, comment: null, given: null })
  expect(approved).toMatchObject({ status: 'approved', session: 'ses-2' })
  const said = (await bed.entries()).filter(({ type }) => type === 'request.reviewed' || type === 'grant.issued')
  expect(said).toMatchObject([{ type: 'request.reviewed', body: { completes: true, grant: said[1]?.body['grant'] } }, { type: 'grant.issued' }])
})

test('whoever is disabled, or leaves the group, before there are enough counts no more, and somebody else has to', async () => {
  const { store, directory } = bed.context
  await there('bob', 'carol', 'dave')
  const { request } = await openRequest(bed.context, anOpening({ need: [[{ policy: 'writes', groups: ['dba'], quorum: 2 }]] }))
  const approve = (user: string) => reviewRequest(bed.context, callsAs(user), request.id, { approve: true, comment: null, given: null })
  await approve('bob')
  const [bob] = await store.people.list({ name: 'bob' })
  if (bob) await store.people.save({ ...bob, version: 2, active: false })
  await vi.waitFor(() => expect(directory.user('bob')).toBeNull())

  expect(await approve('carol')).toMatchObject({ status: 'pending', reviews: [{ lapsed: true }, {}] })
  expect((await openRequest(bed.context, anOpening())).request).toMatchObject({ reviews: [{ lapsed: true }, {}] })
  expect(await approve('dave')).toMatchObject({ status: 'approved' })
  const issued = (await bed.entries()).filter(({ type }) => type === 'grant.issued')
  expect(issued).toMatchObject([{ body: { approvers: ['carol', 'dave'] } }])
  expect(await store.requests.get(request.id)).toMatchObject({ reviews: [{ lapsed: true }, {}, {}] })
})

test('nothing is granted to who was disabled since he asked', async () => {
  const { store, directory } = bed.context
  await there('bob')
  const { request } = await openRequest(bed.context, anOpening())
  await store.people.insert(aPerson({ id: 'alice', name: request.requester.user, externalId: 'alice', active: false }))
  await vi.waitFor(() => expect(directory.user(request.requester.user)).toBeNull())
  const review = (approve: boolean) => reviewRequest(bed.context, callsAs('bob'), request.id, { approve, comment: 'he has left', given: null })
  await expect(review(true)).rejects.toThrow('alice@example.com is disabled here, or unknown: nothing is granted to him')
  expect(await store.grants.list({})).toEqual([])
  expect((await bed.entries()).map(({ type }) => type)).toEqual(['request.opened'])
  expect(await review(false)).toMatchObject({ status: 'denied' })
})
