import fc from 'fast-check'
import { expect, test } from 'vitest'
import { anyGrant, anyRequest, anySession, anyToken, runs } from '../arbitraries.ts'
import type { Pair } from '../bed.ts'

const RUNS = runs(60)

const next = <T extends { readonly version: number }>(value: T): T => ({ ...value, version: value.version + 1 })

export function roundtrip(pair: () => Pair): void {
  test('any request, as opened and as saved', async () => {
    const { here, there } = pair()
    const property = fc.asyncProperty(anyRequest, anyRequest, async (request, later) => {
      const { attached } = await here.requests.open(request)
      if (attached) return
      expect(await there.requests.get(request.id)).toEqual(request)
      const next = { ...later, id: request.id, version: request.version + 1, status: 'denied' as const }
      expect(await here.requests.save(next)).toBe(true)
      expect(await there.requests.get(request.id)).toEqual(next)
    })
    await fc.assert(property, RUNS)
  })

  test('any grant, as inserted, as issued with a request and as saved', async () => {
    const { here, there } = pair()
    const property = fc.asyncProperty(anyGrant, anyGrant, anyRequest, async (grant, issued, request) => {
      await here.grants.insert(grant)
      expect(await there.grants.get(grant.id)).toEqual(grant)
      const next = { ...issued, id: grant.id, version: grant.version + 1 }
      expect(await there.grants.save(next)).toBe(true)
      expect(await here.grants.get(grant.id)).toEqual(next)
      const { attached } = await here.requests.open({ ...request, status: 'pending' })
      if (attached) return
      expect(await here.requests.save({ ...request, version: request.version + 1, status: 'approved' }, issued)).toBe(true)
      expect(await there.grants.get(issued.id)).toEqual(issued)
    })
    await fc.assert(property, RUNS)
  })

  test('any session', async () => {
    const { here, there } = pair()
    const property = fc.asyncProperty(anySession, anySession, async (session, later) => {
      await here.sessions.insert(session)
      expect(await there.sessions.get(session.id)).toEqual(session)
      const next = { ...later, id: session.id, version: session.version + 1 }
      expect(await there.sessions.save(next)).toBe(true)
      expect(await here.sessions.get(session.id)).toEqual(next)
    })
    await fc.assert(property, RUNS)
  })

  test('a session that begins and ends together with its grant, unless somebody has ended that before', async () => {
    const { here, there } = pair()
    const property = fc.asyncProperty(anySession, anyGrant, fc.boolean(), async (session, grant, revoked) => {
      await here.sessions.insert(session, grant)
      expect([await there.sessions.get(session.id), await there.grants.get(grant.id)]).toEqual([session, grant])
      const [nextSession, nextGrant] = [next(session), { ...next(grant), endReason: 'it is over' }]
      const revocation = { ...next(grant), endReason: 'revoked' }
      if (revoked) await there.grants.save(revocation)
      expect(await there.sessions.end(nextSession, nextGrant)).toEqual({ session: true, grant: !revoked })
      expect([await here.sessions.get(session.id), await here.grants.get(grant.id)]).toEqual([nextSession, revoked ? revocation : nextGrant])
      expect(await here.sessions.end(nextSession, next(nextGrant))).toEqual({ session: false, grant: false })
      expect(await there.grants.get(grant.id)).toEqual(revoked ? revocation : nextGrant)
    })
    await fc.assert(property, RUNS)
  })

  test('any token, by its id and by its hash', async () => {
    const { here, there } = pair()
    const property = fc.asyncProperty(anyToken, async (token) => {
      await here.tokens.insert(token)
      expect(await there.tokens.get(token.id)).toEqual(token)
      expect(await there.tokens.findByHash(token.hash)).toEqual(token)
    })
    await fc.assert(property, RUNS)
  })

  test('null for what is not there', async () => {
    const { here } = pair()
    const nothing = await Promise.all([here.requests.get('x'), here.grants.get('x'), here.sessions.get('x'), here.tokens.get('x'), here.tokens.findByHash('x')])
    expect(nothing).toEqual([null, null, null, null, null])
  })

  test('the last beat of each gateway, and its address as it last said it', async () => {
    const { here, there } = pair()
    await here.gateways.beat('gw-2', 1, 'https://old.example')
    await there.gateways.beat('gw-1', 2, null)
    await there.gateways.beat('gw-2', 3, 'https://new.example')
    expect(await here.gateways.list()).toEqual([
      { id: 'gw-1', seenAt: 2, url: null },
      { id: 'gw-2', seenAt: 3, url: 'https://new.example' },
    ])
  })
}
