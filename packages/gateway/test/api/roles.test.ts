import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@countersign/contract/client'
import { routes } from '@countersign/contract/routes'
import { eventsRoute, ledgerFileRoutes, queryRoute, recordingRoute, watchRoute } from '@countersign/contract/streams'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { DEFAULT_CHOICES } from '@countersign/core/notification'
import { aGrant } from '../../../core/test/arbitraries.ts'
import { aSession } from '../store/values.ts'
import { type Alices, openAlices } from './alices.ts'
import { type Bed, overSocket } from './bed.ts'

/** The columns of the table in docs/roles.md. Every object that is asked for is alice's, and it is she who is signed in on the web. */
const ROLES = ['nobody', 'requester', 'web', 'stranger', 'agent', 'scoped', 'reviewer', 'auditor', 'admin', 'ended', 'local'] as const
type Role = (typeof ROLES)[number]

const DOCS = join(import.meta.dirname, '../../../../docs/roles.md')
const all = [...Object.values(routes), ...Object.values(ledgerFileRoutes), eventsRoute, queryRoute, recordingRoute, watchRoute].map(
  (route) => [route.method.toUpperCase(), route.path] as const,
)

let folder: string
let bed: Bed
let alices: Alices
let secrets: Readonly<Record<Exclude<Role, 'nobody' | 'local' | 'web'>, string>>

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-roles-'))
  ;({ bed, alices } = await openAlices(folder))
  const { alice, bob, carol, olga, root } = bed.secrets
  const mint = async (wish: object) => (await bed.admin.createToken({ user: 'alice', ...wish })).token
  const gone = (await bed.admin.createToken({ user: 'carol' })).token
  const agent = await mint({ agent: 'claude' })
  const scoped = await mint({ resources: ['orders-db'], actions: ['sql:read'] })
  const [revoked] = (await bed.admin.tokens()).filter(({ user, agent: of }) => user === 'carol' && of === null)
  if (revoked) await bed.admin.revokeToken({ id: revoked.id })
  secrets = { requester: alice, stranger: carol, agent, scoped, reviewer: bob, auditor: olga, admin: root, ended: gone }
})
afterAll(async () => {
  await bed?.close()
  rmSync(folder, { recursive: true, force: true })
})

/** Where nothing of alice's is needed for it. */
const BODIES: Readonly<Record<string, unknown>> = {
  '/api/v1/query': { resource: 'orders-db', sql: 'SELECT 1' },
  '/api/v1/requests': { resource: 'orders-db', scope: 'sql:read' },
  '/api/v1/requests/{id}/deny': { comment: 'no' },
  '/api/v1/tokens': { user: 'alice' },
  '/api/v1/tokens/revoke': { user: 'nobody' },
  '/api/v1/device': { client: 'countersign' },
  '/api/v1/passkeys/{id}/review': { approve: true },
  '/api/v1/invites': { user: 'alice' },
  '/api/v1/erasures': { user: 'alice', reason: 'she asked for it' },
  '/api/v1/me/notifications': DEFAULT_CHOICES,
  '/api/v1/policy/explain': { user: 'bob', resource: 'orders-db', type: 'sql:read' },
}

const QUERIES: Readonly<Record<string, string>> = {
  '/api/v1/ledger/export': '?format=jsonl',
  '/api/v1/ledger/report': '?from=2026-01-01T00:00:00.000Z&until=2026-01-02T00:00:00.000Z',
}

async function proofOf(role: Role): Promise<Readonly<Record<string, string>>> {
  if (role === 'nobody' || role === 'local') return {}
  return role === 'web' ? alices.signedIn() : { authorization: `Bearer ${secrets[role]}` }
}

async function statusOf(role: Role, method: string, path: string): Promise<number> {
  const proof = await proofOf(role)
  const send = async (way: string, url: string, value: unknown, signal?: AbortSignal) => {
    const body = way === 'POST' || way === 'PUT' ? JSON.stringify(value ?? {}) : null
    const length: Record<string, string> = body === null ? {} : { 'content-length': String(Buffer.byteLength(body)) }
    const init = {
      method: way,
      headers: { 'content-type': 'application/json', ...length, ...proof },
      ...(body === null ? {} : { body }),
      ...(signal ? { signal } : {}),
    }
    return role === 'local' ? overSocket(bed.socketPath)(`http://localhost${url}`, init) : fetch(bed.url + url, init)
  }
  const id = path.includes('{') ? await alices.objectOf(path) : ''
  const body = (await alices.bodyOf(path, (other) => send('POST', other, {}))) ?? BODIES[path]
  const stop = new AbortController()
  const answer = await send(method, path.replace(/\{\w+\}/, id) + (QUERIES[path] ?? ''), body, stop.signal)
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
