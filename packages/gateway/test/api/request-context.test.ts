import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { aGrant } from '../../../core/test/arbitraries.ts'
import { type Bed, openBed } from './bed.ts'

let bed: Bed
beforeAll(async () => {
  bed = await openBed()
})
afterAll(() => bed.close())

describe('what is known beside a request', () => {
  test('what became of those like it on the same resource, and what it yielded', async () => {
    const ask = async (id: number) =>
      (await bed.client('alice').ask({ resource: 'orders-db', action: `DELETE FROM orders WHERE id = ${id} -- \u202e` })).request.id
    const [first, second, third] = [await ask(1), await ask(2), await ask(3)]
    await bed.client('bob').approve({ id: first })
    await bed.client('bob').deny({ id: second, comment: 'not that one' })

    const context = await bed.client('bob').requestContext({ id: third })
    expect(context.alike).toMatchObject({ approved: 1, denied: 1, withdrawn: 0, expired: 0 })
    expect(context.alike?.latest).toEqual([
      expect.objectContaining({ id: second, status: 'denied', display: 'DELETE FROM orders WHERE id = 2 -- <U+202E>' }),
      expect.objectContaining({ id: first, status: 'approved', requester: { id: 'alice', user: 'alice', agent: null } }),
    ])
    expect(context).toMatchObject({ session: null, before: [], grants: [] })
    expect((await bed.client('alice').requestContext({ id: first })).grants).toMatchObject([{ request: first, usesLeft: 1, approvers: ['bob'] }])
  })

  test('is found without the grants of its requester’s connections, of which a program has tens of thousands', async () => {
    const { request } = await bed.client('alice').ask({ resource: 'orders-db', action: 'DELETE FROM orders WHERE id = 4' })
    const subject = { user: 'alice', agent: null, groups: [] }
    for (const at of [1, 2, 3])
      await bed.store.grants.insert(aGrant({ id: `grant-own-${at}`, request: null, session: `ses-${at}`, subject, resource: 'orders-db' }))
    const list = vi.spyOn(bed.store.grants, 'list')
    await bed.client('bob').requestContext({ id: request.id })
    const read = await Promise.all(list.mock.results.map(({ value }) => value))
    list.mockRestore()
    expect(read).toHaveLength(1)
    expect(read.flat().filter(({ session }) => session !== null)).toEqual([])
  })

  test('is for those who see the request, and shows of others what they see', async () => {
    const { request } = await bed.client('alice').ask({ resource: 'orders-db', action: 'DELETE FROM orders' })
    await expect(bed.client('carol').requestContext({ id: request.id })).rejects.toMatchObject({ status: 404 })
    await expect(bed.client('bob').requestContext({ id: 'req-none' })).rejects.toMatchObject({ status: 404 })
    expect((await bed.ask(`/api/v1/requests/${request.id}/context`)).status).toBe(401)
  })
})
