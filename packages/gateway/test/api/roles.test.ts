import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createClient } from '@countersign/contract/client'
import { routes } from '@countersign/contract/routes'
import { eventsRoute, ledgerFileRoutes, queryRoute, recordingRoute, watchRoute } from '@countersign/contract/streams'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { DEFAULT_CHOICES } from '@countersign/core/notification'
import { aGrant } from '../../../core/test/arbitraries.ts'
import { aSession } from '../store/values.ts'
import { type Bed, openBed, overSocket } from './bed.ts'

/** The columns of the table in docs/roles.md. Every object that is asked for is alice's. */
const ROLES = ['nobody', 'requester', 'stranger', 'agent', 'scoped', 'reviewer', 'auditor', 'admin', 'ended', 'local'] as const
type Role = (typeof ROLES)[number]

const DOCS = join(import.meta.dirname, '../../../../docs/roles.md')
const all = [...Object.values(routes), ...Object.values(ledgerFileRoutes), eventsRoute, queryRoute, recordingRoute, watchRoute].map(
  (route) => [route.method.toUpperCase(), route.path] as const,
)

let bed: Bed
let secrets: Readonly<Record<Exclude<Role, 'nobody' | 'local'>, string>>

beforeAll(async () => {
  bed = await openBed()
  const { alice, bob, carol, olga, root } = bed.secrets
  const mint = async (wish: object) => (await bed.admin.createToken({ user: 'alice', ...wish })).token
  const gone = (await bed.admin.createToken({ user: 'carol' })).token
  const agent = await mint({ agent: 'claude' })
  const scoped = await mint({ resources: ['orders-db'], actions: ['sql:read'] })
  const [revoked] = (await bed.admin.tokens()).filter(({ user, agent: of }) => user === 'carol' && of === null)
  if (revoked) await bed.admin.revokeToken({ id: revoked.id })
  secrets = { requester: alice, stranger: carol, agent, scoped, reviewer: bob, auditor: olga, admin: root, ended: gone }
})
afterAll(() => bed.close())

const BODIES: Readonly<Record<string, unknown>> = {
  '/api/v1/query': { resource: 'orders-db', sql: 'SELECT 1' },
  '/api/v1/requests': { resource: 'orders-db', scope: 'sql:read' },
  '/api/v1/requests/{id}/deny': { comment: 'no' },
  '/api/v1/tokens': { user: 'alice' },
  '/api/v1/tokens/revoke': { user: 'nobody' },
  '/api/v1/device': { client: 'countersign' },
  '/api/v1/device/token': { deviceCode: 'x'.repeat(43) },
  '/api/v1/enrol/options': { secret: 'nobody-has-such-a-secret' },
  '/api/v1/passkeys/{id}/review': { approve: true },
  '/api/v1/invites': { user: 'bob' },
  '/api/v1/erasures': { user: 'alice', reason: 'he asked for it' },
  '/api/v1/ledger/vouch': { gateway: 'gw-0000000009', key: 'a key' },
  '/api/v1/me/notifications': DEFAULT_CHOICES,
  '/api/v1/policy/explain': { user: 'bob', resource: 'orders-db', type: 'sql:read' },
}

const QUERIES: Readonly<Record<string, string>> = {
  '/api/v1/ledger/export': '?format=jsonl',
  '/api/v1/ledger/report': '?from=2026-01-01T00:00:00.000Z&until=2026-01-02T00:00:00.000Z',
}

let made = 0

/** A new object of alice's, of the kind that the path is about. */
async function objectOf(path: string): Promise<string> {
  const name = `own-${++made}`
  const alice = { user: 'alice', agent: null, groups: ['engineering'] }
  if (path.startsWith('/api/v1/requests/')) {
    const { request } = await bed.client('alice').ask({ resource: 'orders-db', action: `DELETE FROM orders WHERE note = '${name}'` })
    return request.id
  }
  if (path.startsWith('/api/v1/grants/'))
    await bed.store.grants.insert(aGrant({ id: name, subject: alice, resource: 'orders-db', endsAt: Date.now() + 60_000 }))
  if (path.startsWith('/api/v1/sessions/')) await bed.store.sessions.insert(aSession({ id: name, principal: alice, resource: 'orders-db' }))
  if (path.startsWith('/api/v1/tokens/')) return (await bed.admin.createToken({ user: 'alice' })).id
  if (path.startsWith('/api/v1/logins/')) {
    await bed.logins.create({ user: 'alice', method: 'passkey', flow: null, keep: null, before: null }, { client: '10.0.0.7:1', userAgent: null })
    const [login] = await bed.store.logins.list({ user: 'alice' })
    return login?.id ?? ''
  }
  return name
}

async function statusOf(role: Role, method: string, path: string): Promise<number> {
  const id = path.includes('{') ? await objectOf(path) : ''
  const url =
    path
      .replace('{userCode}', 'BBBB-BBBB')
      .replace('{path}', '0/000')
      .replace('{index}', '0')
      .replace(/\{\w+\}/, id) + (QUERIES[path] ?? '')
  const body = method === 'POST' || method === 'PUT' ? JSON.stringify(BODIES[path] ?? {}) : null
  const headers: Record<string, string> = { 'content-type': 'application/json' }
  if (body !== null) headers['content-length'] = String(Buffer.byteLength(body))
  if (role !== 'nobody' && role !== 'local') headers['authorization'] = `Bearer ${secrets[role]}`
  const init = { method, headers, ...(body === null ? {} : { body }) }
  const stop = new AbortController()
  const answer = await (role === 'local' ? overSocket(bed.socketPath)(`http://localhost${url}`, { ...init, signal: stop.signal }) : fetch(bed.url + url, init))
  await answer.body?.cancel()
  stop.abort()
  return answer.status
}

/** `| GET /api/v1/whoami | 401 | 200 | …`: what each gets, as the page says. */
function documented(): ReadonlyMap<string, readonly number[]> {
  const rows = readFileSync(DOCS, 'utf8').matchAll(/^\| `([A-Z]+ \/[^`]*)` \|([ \d|]+)\|$/gm)
  return new Map([...rows].map(([, route = '', cells = '']) => [route, cells.split('|').map(Number)]))
}

test('docs/roles.md has every route, and no other', () => {
  expect([...documented().keys()].sort()).toEqual(all.map(([method, path]) => `${method} ${path.replace('/api/v1', '')}`).sort())
})

test.each(all)('%s %s answers every role as docs/roles.md has it', async (method, path) => {
  const statuses: number[] = []
  for (const role of ROLES) statuses.push(await statusOf(role, method, path))
  expect(statuses).toEqual(documented().get(`${method} ${path.replace('/api/v1', '')}`))
})

test('a token for one resource sees and ends nothing of another', async () => {
  const alice = { user: 'alice', agent: null, groups: ['engineering'] }
  await bed.store.grants.insert(aGrant({ id: 'elsewhere', subject: alice, resource: 'other-db', endsAt: Date.now() + 60_000 }))
  await bed.store.sessions.insert(aSession({ id: 'elsewhere', principal: alice, resource: 'other-db' }))
  const as = (role: 'requester' | 'scoped') => createClient({ url: bed.url, token: secrets[role] })
  for (const end of [
    () => as('scoped').kill({ id: 'elsewhere' }),
    () => as('scoped').revoke({ id: 'elsewhere' }),
    () => as('scoped').session({ id: 'elsewhere' }),
  ])
    await expect(end()).rejects.toMatchObject({ status: 404 })
  expect((await as('scoped').sessions()).filter(({ id }) => id === 'elsewhere')).toEqual([])
  expect(await as('requester').session({ id: 'elsewhere' })).toMatchObject({ id: 'elsewhere' })
  await expect(as('scoped').ask({ resource: 'orders-db', scope: 'sql:write' })).rejects.toMatchObject({ status: 403, problem: { code: 'denied' } })
})
