import type { Given } from '@countersign/core/coverage'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Caller } from '../../src/identity/caller.ts'
import { openRequest } from '../../src/workflow/requests.ts'
import { WorkflowService } from '../../src/workflow/service.ts'
import { engineOf } from '../policy/fixture.ts'
import { ALICE, anOpening, type Bed, BOB_CALLS, openBed } from './bed.ts'

const CONNECT = `@id("connect") permit (principal, action == Action::"connect", resource);`
const writes = (annotations: string) =>
  engineOf(`${CONNECT} @id("writes") @review("dba") ${annotations} permit (principal, action == Action::"sql:write", resource);`)
const HALF_AN_HOUR = writes('@grants("30m")')
const TEN_MINUTES = writes('@grants("10m")')
const ALICE_CALLS: Caller = { ...BOB_CALLS, principal: ALICE }
const MINUTE = 60_000
const lasting = (minutes: number): Given => ({ kind: 'duration', ms: minutes * MINUTE })

let bed: Bed
let engine = HALF_AN_HOUR
let workflow: WorkflowService

beforeEach(async () => {
  bed = await openBed()
  engine = HALF_AN_HOUR
  workflow = new WorkflowService({ ...bed.context, policy: () => engine }, { verify: () => Promise.reject(new Error('nobody signs here')) })
})
afterEach(() => bed.close())

const held = async () =>
  (await openRequest(bed.context, anOpening({ obligations: { ...anOpening().obligations, ceiling: { kind: 'duration', ms: 30 * MINUTE } } }))).request.id
const asked = async (minutes: number) =>
  (await workflow.ask(ALICE_CALLS, { resource: 'orders', wish: { kind: 'scope', scope: 'sql:write', ms: minutes * MINUTE }, reason: null, ticket: null }))
    .request.id
const approve = (id: string, given: Given | null = null) => workflow.review(BOB_CALLS, id, { approve: true, comment: null, given })
const grants = () => bed.context.store.grants.list({})

test.each([
  ['less time', TEN_MINUTES, lasting(30), 'policy grants at most 10m here'],
  ['one action', writes('@grants("once")'), lasting(5), 'policy grants at most once here'],
  ['one action, by saying nothing', writes(''), lasting(5), 'policy grants at most once here'],
])('what was asked while policy granted more is approved for no more than policy grants now: %s', async (_, now, given, message) => {
  const id = await held()
  engine = now
  await expect(approve(id, given)).rejects.toThrow(message)
  expect(await grants()).toEqual([])
  expect(await approve(id)).toMatchObject({ status: 'approved' })
  expect(await grants()).toMatchObject([{ coverage: { kind: 'exact' }, usesLeft: 1 }])
})

test('a time that was asked for is approved for the time that policy grants now, where a reviewer says so', async () => {
  const id = await asked(30)
  engine = TEN_MINUTES
  expect(await workflow.request(BOB_CALLS, id)).toMatchObject({ obligations: { ceiling: { kind: 'duration', ms: 10 * MINUTE } } })
  await expect(approve(id)).rejects.toThrow('policy grants at most 10m here')
  await approve(id, lasting(10))
  const now = bed.clock.now()
  expect(await grants()).toMatchObject([{ startsAt: now, endsAt: now + 10 * MINUTE }])
})

test('a policy that grants more than before, or that asks nobody any more, widens nothing', async () => {
  engine = TEN_MINUTES
  const ids = [await asked(10), await asked(5)]
  engine = HALF_AN_HOUR
  await expect(approve(ids[0] ?? '', lasting(30))).rejects.toThrow('policy grants at most')
  engine = engineOf(`${CONNECT} @id("free") permit (principal, action == Action::"sql:write", resource);`)
  await expect(approve(ids[1] ?? '', lasting(30))).rejects.toThrow('policy grants at most')
  await approve(ids[1] ?? '')
  expect(await grants()).toMatchObject([{ endsAt: bed.clock.now() + 5 * MINUTE }])
})

test('a denial needs no policy', async () => {
  const id = await asked(30)
  engine = TEN_MINUTES
  expect(await workflow.review(BOB_CALLS, id, { approve: false, comment: 'no', given: null })).toMatchObject({ status: 'denied' })
})
