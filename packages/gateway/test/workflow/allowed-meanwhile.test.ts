import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Caller } from '../../src/identity/caller.ts'
import { WorkflowService } from '../../src/workflow/service.ts'
import { engineOf } from '../policy/fixture.ts'
import { ALICE, type Bed, BOB_CALLS, openBed } from './bed.ts'

const CONNECT = `@id("connect") permit (principal, action == Action::"connect", resource);`
const REVIEWED = engineOf(`${CONNECT} @id("asked") @review("dba") @grants("30m") permit (principal, action == Action::"sql:write", resource);`)
const ALLOWED = engineOf(`${CONNECT} @id("free") permit (principal, action == Action::"sql:write", resource);`)
const CALLS: Caller = { ...BOB_CALLS, principal: ALICE }
const WISH = { resource: 'orders', wish: { kind: 'scope', scope: 'sql:write', ms: 60_000 }, reason: null, ticket: null } as const

let bed: Bed
beforeEach(async () => void (bed = await openBed()))
afterEach(() => bed.close())

test('what policy has come to allow is given to who asks again, though it waits for a review still', async () => {
  let engine = REVIEWED
  const workflow = new WorkflowService({ ...bed.context, policy: () => engine }, { verify: () => Promise.reject(new Error('nobody signs here')) })
  const held = await workflow.ask(CALLS, WISH)
  expect(held.request).toMatchObject({ status: 'pending', policies: ['asked'] })
  engine = ALLOWED
  const { request } = await workflow.ask(CALLS, WISH)
  expect(request).toMatchObject({ id: held.request.id, status: 'approved', policies: ['free'], reviews: [] })
  expect(await bed.context.store.grants.list({ live: true })).toMatchObject([{ request: request.id, subject: ALICE, approvers: [] }])
  expect((await bed.entries()).at(-2)).toEqual({ type: 'request.approved', body: { request: request.id, resource: 'orders', policies: ['free'] } })
})
