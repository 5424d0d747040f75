import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Bed, openBed } from './bed.ts'

let bed: Bed
beforeAll(async () => {
  bed = await openBed()
})
afterAll(() => bed.close())

describe('the typed client against the real server', () => {
  test('a write is asked for, found in the inbox, approved, used and done', async () => {
    const text = "DELETE FROM orders WHERE note = '\u202e'"
    const { request, attached } = await bed.client('alice').ask({ resource: 'orders-db', action: text, reason: 'INC-7' })
    expect(attached).toBe(false)
    expect(request).toMatchObject({
      status: 'pending',
      requester: { id: 'alice' },
      needs: { text: '1 of dba', missing: '1 of dba' },
      ceiling: { kind: 'duration', durationMs: 1_800_000 },
      reason: 'INC-7',
    })
    expect(request.ask).toMatchObject({ kind: 'action', type: 'sql:write', text, display: "DELETE FROM orders WHERE note = '<U+202E>'" })
    expect(request.link).toBe(`https://cs.example.com/r/${request.id.replace('req-', '')}`)
    expect((await bed.client('alice').ask({ resource: 'orders-db', action: text })).attached).toBe(true)

    const inbox = await bed.client('bob').requests({ inbox: true })
    expect(inbox.map(({ id }) => id)).toEqual([request.id])
    const approved = await bed.client('bob').approve({ id: request.id, comment: 'matches', for: '10m' })
    expect(approved).toMatchObject({
      status: 'approved',
      needs: { missing: null },
      reviews: [{ reviewer: { user: 'bob' }, unproven: true, given: { kind: 'duration', durationMs: 600_000 } }],
    })

    const [grant] = await bed.client('alice').grants({ live: true })
    expect(grant).toMatchObject({ request: request.id, covers: 'sql:write', approvers: ['bob'], status: 'active', usesLeft: null })
    expect((await bed.client('alice').done({ resource: 'orders-db' })).map(({ status }) => status)).toEqual(['done'])
    expect(await bed.client('alice').grants({ live: true })).toEqual([])
  })

  test('a scope that policy allows by itself comes back approved, and its grant can be revoked', async () => {
    const { request } = await bed.client('alice').ask({ resource: 'orders-db', scope: 'sql:read', for: '5m' })
    expect(request).toMatchObject({ status: 'approved', ask: { kind: 'scope', scope: 'sql:read', durationMs: 300_000 } })
    const grant = (await bed.admin.grants({ live: true })).find((each) => each.request === request.id)
    expect(await bed.admin.revoke({ id: grant?.id ?? '', reason: 'enough' })).toMatchObject({ status: 'revoked', endReason: expect.stringContaining('enough') })
  })

  test('denied with a comment, and withdrawn', async () => {
    const [a, b] = await Promise.all(['1', '2'].map((id) => bed.client('alice').ask({ resource: 'orders-db', action: `DELETE FROM orders WHERE id = ${id}` })))
    expect(await bed.client('bob').deny({ id: a?.request.id ?? '', comment: 'no' })).toMatchObject({ status: 'denied', reviews: [{ comment: 'no' }] })
    expect(await bed.client('alice').withdraw({ id: b?.request.id ?? '' })).toMatchObject({ status: 'withdrawn' })
  })

  test('what surrounds it: whoami, resources, gateway, policy, explain, sessions, ledger', async () => {
    expect(await bed.client('bob').whoami()).toMatchObject({ id: 'bob', groups: ['dba'], admin: false, mayReview: true, unproven: true })
    expect(await bed.admin.whoami()).toMatchObject({ id: 'local-admin', admin: true, mayReview: false, unproven: false })
    expect(await bed.client('alice').resources()).toMatchObject([
      { name: 'orders-db', connect: { host: '127.0.0.1', port: 7432, database: 'orders-db' }, summary: { write: 'needs 1 of dba' } },
    ])
    expect(await bed.client('alice').gateway()).toMatchObject({ certificate: 'PEM', postgres: { port: 7432 } })
    expect((await bed.client('alice').policy()).files).toHaveLength(1)
    expect(await bed.client('alice').explain({ resource: 'orders-db', action: 'DROP TABLE orders' })).toMatchObject({
      decision: { effect: 'deny', policies: ['no-ddl'] },
    })
    expect(await bed.client('root').explain({ user: 'alice', resource: 'orders-db', type: 'sql:write' })).toMatchObject({
      decision: { effect: 'review', needs: '1 of dba' },
    })
    expect(await bed.client('alice').sessions()).toEqual([])
    expect(await bed.admin.ledger({ from: 0, limit: 10 })).toEqual([])
    expect(await bed.admin.ledgerHeads()).toEqual([])
  })

  test('a token is made on the socket, works, is listed without its secret, and ends when revoked', async () => {
    const made = await bed.admin.createToken({ user: 'alice', agent: 'claude', for: '1h' })
    const list = await bed.admin.tokens()
    expect(list.find(({ id }) => id === made.id)).toEqual({ ...made, token: undefined })
    expect(JSON.stringify(list)).not.toContain(made.token)
    const asAgent = () => fetch(`${bed.url}/api/v1/whoami`, { headers: { authorization: `Bearer ${made.token}` } })
    expect(await (await asAgent()).json()).toMatchObject({ id: 'alice/claude', mayReview: false, unproven: true })
    expect(await bed.admin.revokeToken({ id: made.id })).toMatchObject({ id: made.id, revokedAt: expect.any(String) })
    expect((await asAgent()).status).toBe(401)
  })
})

describe('refusals, as the client sees them', () => {
  test.each<[string, () => Promise<unknown>, number, string]>([
    ['what policy never allows', () => bed.client('alice').ask({ resource: 'orders-db', action: 'DROP TABLE t' }), 403, 'denied'],
    ['a resource that is not there', () => bed.client('alice').ask({ resource: '__proto__', action: 'SELECT 1' }), 404, 'not-found'],
    ['an unknown resource in explain', () => bed.client('alice').explain({ resource: 'constructor', type: 'connect' }), 404, 'not-found'],
    ['somebody else in explain', () => bed.client('alice').explain({ user: 'bob', resource: 'orders-db', type: 'connect' }), 403, 'forbidden'],
    [
      'a user that is not there in explain',
      () => bed.client('root').explain({ user: 'constructor', resource: 'orders-db', type: 'connect' }),
      404,
      'not-found',
    ],
    ['the ledger without being an admin', () => bed.client('bob').ledger(), 403, 'forbidden'],
    ['the ledger heads without being an admin', () => bed.client('bob').ledgerHeads(), 403, 'forbidden'],
    ['a token for somebody else', () => bed.client('bob').createToken({ user: 'root' }), 403, 'forbidden'],
    ['a token for nobody', () => bed.admin.createToken({ user: 'mallory' }), 422, 'unprocessable'],
    ['the local administrator asking for access', () => bed.admin.ask({ resource: 'orders-db' }), 403, 'forbidden'],
  ])('%s', async (_, call, status, code) => {
    await expect(call()).rejects.toMatchObject({ code: 'refused', status, problem: { code, message: expect.any(String) } })
  })

  test('each rule of review has its code', async () => {
    const { request } = await bed.client('alice').ask({ resource: 'orders-db', action: 'DELETE FROM orders WHERE id = 3' })
    const { id } = request
    await expect(bed.client('alice').approve({ id })).rejects.toMatchObject({ problem: { code: 'own-request' } })
    await expect(bed.client('root').approve({ id })).rejects.toMatchObject({ problem: { code: 'not-a-reviewer' } })
    await expect(bed.client('carol').approve({ id })).rejects.toMatchObject({ status: 404 })
    await expect(bed.admin.approve({ id })).rejects.toMatchObject({ problem: { code: 'forbidden' } })
    await expect(bed.client('bob').withdraw({ id })).rejects.toMatchObject({ problem: { code: 'not-the-requester' } })
    await expect(bed.client('bob').approve({ id, for: '2h' })).rejects.toMatchObject({ status: 422, problem: { code: 'too-wide' } })
    await bed.client('bob').approve({ id })
    await expect(bed.client('bob').approve({ id })).rejects.toMatchObject({ status: 409, problem: { code: 'not-pending' } })
  })
})
