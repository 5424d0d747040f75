import { afterEach, beforeEach, expect, test } from 'vitest'
import { openRequest } from '../../src/workflow/requests.ts'
import { anOpening, type Bed, openBed } from './bed.ts'

let bed: Bed

beforeEach(async () => {
  bed = await openBed()
})
afterEach(() => bed.close())

test('a request whose life is over is recorded as expired when the same is asked again, before its successor', async () => {
  const first = await openRequest(bed.context, anOpening())
  bed.clock.pass(300_000)
  const second = await openRequest(bed.context, anOpening())
  expect(second.attached).toBe(false)
  expect((await bed.entries()).map(({ type, body }) => [type, body['request']])).toEqual([
    ['request.opened', first.request.id],
    ['request.expired', first.request.id],
    ['request.opened', second.request.id],
  ])
})

test('one that still lives is attached to, and nothing is recorded twice', async () => {
  const first = await openRequest(bed.context, anOpening())
  bed.clock.pass(299_999)
  expect(await openRequest(bed.context, anOpening({ reason: 'again' }))).toEqual({ request: first.request, attached: true })
  expect((await bed.entries()).map(({ type }) => type)).toEqual(['request.opened'])
})

test('nothing is opened when its entry cannot be written', async () => {
  bed.context.journal.fail('the disk is full')
  await expect(openRequest(bed.context, anOpening())).rejects.toThrow('the disk is full')
  expect(await bed.context.store.requests.list({})).toEqual([])
})
