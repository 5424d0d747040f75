import { afterEach, beforeEach, expect, test } from 'vitest'
import { openJournal } from '../../src/journal/open.ts'
import { trustedNow } from '../../src/workflow/context.ts'
import { grantForSession, liveGrants, useGrant } from '../../src/workflow/grants.ts'
import { openRequest, reviewRequest } from '../../src/workflow/requests.ts'
import { ALICE, anOpening, type Bed, BOB_CALLS, openBed, POLICY } from './bed.ts'

const HOUR = 3_600_000
const REFUSED = /this gateway's clock is \d+ s behind its own ledger, so nothing is granted; set the clock right/
const APPROVE = { approve: true, comment: null, given: null } as const

let bed: Bed

beforeEach(async () => {
  bed = await openBed(POLICY.replace('@expires', '@grants("1h") @expires'))
  await bed.context.journal.append({ type: 'gateway.started', body: {} }, 'process')
})
afterEach(() => bed.close())

test('opens nothing, approves nothing and issues nothing', async () => {
  const { context, clock } = bed
  const { request } = await openRequest(context, anOpening())
  clock.set(-HOUR)
  expect(() => trustedNow(context)).toThrow(REFUSED)
  await expect(openRequest(context, anOpening({ resource: 'scratch' }))).rejects.toThrow(REFUSED)
  await expect(reviewRequest(context, BOB_CALLS, request.id, APPROVE)).rejects.toThrow(REFUSED)
  expect(() => grantForSession(context, ALICE, 'orders', 'ses-1', HOUR)).toThrow(REFUSED)
  expect(await context.store.grants.list({})).toEqual([])
  expect(await context.store.requests.get(request.id)).toEqual(request)
})

test('uses no grant, of any kind', async () => {
  const { context, clock } = bed
  const { request } = await openRequest(context, anOpening({ obligations: { ...anOpening().obligations, ceiling: { kind: 'duration', ms: HOUR } } }))
  await reviewRequest(context, BOB_CALLS, request.id, { ...APPROVE, given: { kind: 'duration', ms: HOUR } })
  const { request: once } = await openRequest(context, anOpening())
  await reviewRequest(context, BOB_CALLS, once.id, APPROVE)
  const grants = await liveGrants(context, ALICE, 'orders')
  expect(grants.map(({ usesLeft }) => usesLeft)).toEqual(expect.arrayContaining([1, null]))
  clock.set(-10_000)
  for (const grant of grants) await expect(useGrant(context, grant)).rejects.toThrow(REFUSED)
  clock.set(10_000)
  for (const grant of grants) expect(await useGrant(context, grant)).toBe(true)
})

test('is remembered over a restart, because the ledger is', async () => {
  const { clock, context } = bed
  const { latest } = context.journal
  clock.set(-HOUR)
  await context.journal.close()
  const reopened = await openJournal({ directory: bed.folder, clock: () => clock.now() })
  expect(reopened.latest).toBe(latest)
  expect(() => trustedNow({ clock, journal: reopened })).toThrow(REFUSED)
  await reopened.close()
})

test('by a second is what clocks do, and is let pass', () => {
  bed.clock.set(-1_000)
  expect(trustedNow(bed.context)).toBe(bed.clock.now())
  bed.clock.set(-1)
  expect(() => trustedNow(bed.context)).toThrow(REFUSED)
})
