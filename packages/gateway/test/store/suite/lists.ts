import type { Grant } from '@countersign/core/grant'
import type { Request } from '@countersign/core/request'
import { expect, test } from 'vitest'
import { ALICE, aGrant, aRequest, BOB, NOW } from '../../../../core/test/arbitraries.ts'
import type { Pair } from '../bed.ts'
import { aSession, aToken } from '../values.ts'

const ids = (values: readonly { readonly id: string }[]) => values.map(({ id }) => id)
const ago = (ms: number) => NOW - ms

const scope = (digest: string): Request['ask'] => ({ kind: 'scope', digest, scope: 'sql', ms: 1 })

export function lists(pair: () => Pair): void {
  test('requests, newest first, by status and user', async () => {
    const { requests } = pair().here
    await requests.open(aRequest({ id: 'old', createdAt: ago(3), ask: scope('a') }))
    await requests.open(aRequest({ id: 'new', createdAt: ago(1), ask: scope('b'), requester: { ...ALICE, agent: 'claude' } }))
    await requests.open(aRequest({ id: 'bobs', createdAt: ago(2), ask: scope('c'), requester: BOB, status: 'denied' }))
    expect(ids(await requests.list({}))).toEqual(['new', 'bobs', 'old'])
    expect(ids(await requests.list({ limit: 2 }))).toEqual(['new', 'bobs'])
    expect(ids(await requests.list({ since: ago(2) }))).toEqual(['new', 'bobs'])
    expect(ids(await requests.list({ user: 'alice' }))).toEqual(['new', 'old'])
    expect(ids(await requests.list({ status: 'denied' }))).toEqual(['bobs'])
    expect(ids(await requests.list({ status: 'denied', user: 'alice' }))).toEqual([])
    expect(await requests.pending()).toEqual(expect.arrayContaining(['old', 'new']))
    expect(await requests.pending()).toHaveLength(2)
    await requests.open(aRequest({ id: 'alike', createdAt: ago(2), ask: scope('d') }))
    expect(ids(await requests.list({ limit: 2 }))).toEqual(['new', 'bobs'])
    expect(ids(await requests.list({ before: { createdAt: ago(2), id: 'bobs' }, limit: 2 }))).toEqual(['alike', 'old'])
  })

  test('requests, newest first, by what they have in common, and by session', async () => {
    const { requests } = pair().here
    const write = (digest: string) => ({ ...aRequest().ask, digest })
    await requests.open(aRequest({ id: 'one', createdAt: ago(3), ask: write('a'), session: 'ses-1' }))
    await requests.open(aRequest({ id: 'two', createdAt: ago(2), ask: write('b'), session: 'ses-2' }))
    await requests.open(aRequest({ id: 'elsewhere', ask: write('c'), resource: 'billing-db' }))
    await requests.open(aRequest({ id: 'scope', createdAt: ago(1), ask: scope('d'), session: 'ses-1' }))
    expect(ids(await requests.list({ resource: 'orders-db', likeness: 'f1' }))).toEqual(['two', 'one'])
    expect(ids(await requests.list({ likeness: 'scope sql' }))).toEqual(['scope'])
    expect(ids(await requests.list({ session: 'ses-1' }))).toEqual(['scope', 'one'])
    const [held] = await requests.list({ session: 'ses-2' })
    if (held) await requests.save({ ...held, version: held.version + 1, session: 'ses-3' })
    expect(ids(await requests.list({ session: 'ses-3' }))).toEqual(['two'])
  })

  test('requests, and the grants of them, newest first, by the groups that may review them', async () => {
    const { requests, grants } = pair().here
    const need = (...groups: readonly string[]) => groups.map((group) => [{ policy: group, groups: [group, 'everybody'], quorum: 1 }])
    await requests.open(aRequest({ id: 'dba', createdAt: ago(3), ask: scope('a'), need: need('dba') }))
    await requests.open(aRequest({ id: 'both', createdAt: ago(2), ask: scope('b'), need: need('dba', 'security'), status: 'denied' }))
    await requests.open(aRequest({ id: 'nobody', createdAt: ago(1), ask: scope('c'), need: [] }))
    for (const request of ['dba', 'both', 'nobody', null])
      await grants.insert(aGrant({ id: `of ${request}`, request, startsAt: ago(request === 'dba' ? 2 : 1) }))
    expect(ids(await requests.list({ groups: ['dba', 'security'] }))).toEqual(['both', 'dba'])
    expect(ids(await requests.list({ groups: ['security', '\0', "'"] }))).toEqual(['both'])
    expect(ids(await requests.list({ groups: ['everybody'], status: 'denied' }))).toEqual(['both'])
    expect(ids(await requests.list({ groups: ['dba', 'security', 'everybody'], limit: 2 }))).toEqual(['both', 'dba'])
    expect(ids(await requests.list({ groups: [], limit: 2 }))).toEqual([])
    expect(ids(await requests.list({ groups: ['everybody'], limit: 1, before: { createdAt: ago(2), id: 'both' } }))).toEqual(['dba'])
    expect(ids(await requests.list({ groups: [] }))).toEqual([])
    expect(ids(await grants.list({ groups: ['dba'] }))).toEqual(['of both', 'of dba'])
    expect(ids(await grants.list({ groups: ['\0'] }))).toEqual([])
  })

  test('grants, newest first, by user, agent, resource and life', async () => {
    const { grants } = pair().here
    const put = (id: string, startsAt: number, over: Partial<Grant>) => grants.insert(aGrant({ id, startsAt, ...over }))
    await put('own', ago(4), {})
    await put('agents', ago(3), { subject: { ...ALICE, agent: 'claude' } })
    await put('ended', ago(2), { status: 'used' })
    await put('bobs', ago(1), { subject: BOB, resource: 'billing-db' })
    expect(ids(await grants.list({}))).toEqual(['bobs', 'ended', 'agents', 'own'])
    expect(ids(await grants.list({ limit: 1 }))).toEqual(['bobs'])
    expect(ids(await grants.list({ live: true }))).toEqual(['bobs', 'agents', 'own'])
    expect(ids(await grants.list({ user: 'alice', agent: null }))).toEqual(['ended', 'own'])
    expect(ids(await grants.list({ user: 'alice', agent: 'claude' }))).toEqual(['agents'])
    expect(ids(await grants.list({ resource: 'orders-db', user: 'bob' }))).toEqual([])
    await put('connections', ago(0), { session: 'ses-1' })
    expect(ids(await grants.list({ user: 'alice', live: true }))).toEqual(['connections', 'agents', 'own'])
    expect(ids(await grants.list({ user: 'alice', live: true, asked: true }))).toEqual(['agents', 'own'])
    await put('alike', ago(3), {})
    expect(ids(await grants.list({ before: { startsAt: ago(2), id: 'ended' } }))).toEqual(['alike', 'agents', 'own'])
    expect(ids(await grants.list({ before: { startsAt: ago(3), id: 'alike' }, limit: 1 }))).toEqual(['agents'])
  })

  test('sessions, newest first, by life, user, gateway and grant', async () => {
    const { sessions } = pair().here
    await sessions.insert(aSession({ id: 'live', startedAt: ago(3) }))
    await sessions.insert(aSession({ id: 'past', startedAt: ago(2), endedAt: NOW, grant: null }))
    await sessions.insert(aSession({ id: 'bobs', startedAt: ago(1), principal: BOB, gateway: 'gw-2' }))
    expect(ids(await sessions.list({}))).toEqual(['bobs', 'past', 'live'])
    expect(ids(await sessions.list({ limit: 1 }))).toEqual(['bobs'])
    expect(ids(await sessions.list({ live: true }))).toEqual(['bobs', 'live'])
    expect(ids(await sessions.list({ user: 'alice' }))).toEqual(['past', 'live'])
    expect(ids(await sessions.list({ gateway: 'gw-2' }))).toEqual(['bobs'])
    expect(ids(await sessions.list({ grant: 'grant-1', gateway: 'gw-1' }))).toEqual(['live'])
    await sessions.insert(aSession({ id: 'alike', startedAt: ago(2) }))
    expect(ids(await sessions.list({ limit: 2 }))).toEqual(['bobs', 'past'])
    expect(ids(await sessions.list({ before: { startedAt: ago(2), id: 'past' }, limit: 2 }))).toEqual(['alike', 'live'])
  })

  test('tokens, by user and life', async () => {
    const { tokens } = pair().here
    await tokens.insert(aToken({ id: 'first', createdAt: ago(3) }))
    await tokens.insert(aToken({ id: 'revoked', createdAt: ago(2) }))
    await tokens.insert(aToken({ id: 'bobs', createdAt: ago(1), user: 'bob' }))
    await tokens.revoke('revoked', NOW)
    expect(ids(await tokens.list({}))).toEqual(['bobs', 'revoked', 'first'])
    expect(ids(await tokens.list({ user: 'alice' }))).toEqual(['revoked', 'first'])
    expect(ids(await tokens.list({ user: 'alice', live: true }))).toEqual(['first'])
  })

  test('what is due, from the moment its time is over', async () => {
    const { requests, grants } = pair().here
    await requests.open(aRequest({ expiresAt: NOW }))
    await requests.open(aRequest({ id: 'decided', resource: 'billing-db', status: 'denied', expiresAt: NOW }))
    await grants.insert(aGrant({ endsAt: NOW }))
    await grants.insert(aGrant({ id: 'ended', endsAt: NOW, status: 'revoked' }))
    expect([await requests.due(NOW - 1), await grants.due(NOW - 1)]).toEqual([[], []])
    expect([ids(await requests.due(NOW)), ids(await grants.due(NOW))]).toEqual([['req-1'], ['grant-1']])
  })
}
