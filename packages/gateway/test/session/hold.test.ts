import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { waitForDecision } from '../../src/session/hold.ts'
import { StoreUnavailable } from '../../src/store/store.ts'
import { openRequest, reviewRequest, withdrawRequest } from '../../src/workflow/requests.ts'
import { ALICE, anOpening, type Bed, BOB_CALLS, openBed } from '../workflow/bed.ts'

let bed: Bed
let id: string
let client: AbortController
let session: AbortController

beforeEach(async () => {
  bed = await openBed()
  id = (await openRequest(bed.context, anOpening())).request.id
  client = new AbortController()
  session = new AbortController()
})
afterEach(() => bed.close())

const wait = (remind = () => undefined, reminderMs = 60_000) =>
  waitForDecision(bed.context.store, id, { client: client.signal, session: session.signal, reminderMs, remind })

const approve = () => reviewRequest(bed.context, BOB_CALLS, id, { approve: true, comment: null, given: null })

test('ends with the decision', async () => {
  const waiting = wait()
  await approve()
  expect(await waiting).toMatchObject({ by: 'decision', request: { id, status: 'approved' } })
})

test('ends at once with a decision that was there before', async () => {
  await withdrawRequest(bed.context, ALICE, id)
  expect(await wait()).toMatchObject({ by: 'decision', request: { status: 'withdrawn' } })
})

test.each([false, true])('ends with the client or the session, before the wait as in it (%s)', async (before) => {
  const endClient = () => client.abort('disconnected')
  if (before) endClient()
  const waiting = wait()
  if (!before) endClient()
  expect(await waiting).toEqual({ by: 'client', end: 'disconnected' })
  client = new AbortController()
  session.abort()
  expect(await wait()).toEqual({ by: 'session' })
})

test('outlives a store that does not answer, and finds what was decided meanwhile', async () => {
  const get = vi.spyOn(bed.context.store.requests, 'get').mockRejectedValue(new StoreUnavailable('gone'))
  const waiting = wait()
  await vi.waitFor(() => expect(get).toHaveBeenCalled())
  get.mockRestore()
  await approve()
  expect(await waiting).toMatchObject({ by: 'decision' })
})

test('looks for itself when nobody tells it', async () => {
  vi.spyOn(bed.context.store, 'subscribe').mockReturnValue(() => undefined)
  const waiting = wait()
  await approve()
  expect(await waiting).toMatchObject({ by: 'decision', request: { status: 'approved' } })
})

test('reminds, and not after its end', async () => {
  const remind = vi.fn<() => undefined>(() => undefined)
  const waiting = wait(remind, 20)
  await vi.waitFor(() => expect(remind.mock.calls.length).toBeGreaterThan(2))
  client.abort('withdrawn')
  await waiting
  const reminded = remind.mock.calls.length
  await new Promise((resolve) => setTimeout(resolve, 60))
  expect(remind).toHaveBeenCalledTimes(reminded)
})
