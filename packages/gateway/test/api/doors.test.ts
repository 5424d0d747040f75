import { openRoutes, routes } from '@countersign/contract/routes'
import { eventsRoute, ledgerFileRoutes, queryRoute, recordingRoute, watchRoute } from '@countersign/contract/streams'
import { ACTION_TYPES, ACTION_GROUPS } from '@countersign/core/action'
import { DEFAULT_CHOICES } from '@countersign/core/notification'
import { Scope } from '@countersign/contract/schemas/common'
import { Validator } from '@seriousme/openapi-schema-validator'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { aBrowser } from '../notify/browser.ts'
import { type Bed, openBed, type Person } from './bed.ts'

let bed: Bed
beforeAll(async () => {
  bed = await openBed()
})
afterAll(() => bed.close())

const all = [...Object.values(routes), ...Object.values(ledgerFileRoutes), eventsRoute, queryRoute, recordingRoute, watchRoute].map(
  (route) => [route.method.toUpperCase(), route.path] as const,
)

/** Those that ask who it is. */
const closed = all.filter(([method, path]) => !openRoutes.some((route) => route.method.toUpperCase() === method && route.path === path))

/** What carol, who is in no group that matters, and root, an admin, get for things that are not theirs. */
const EXPECTED: Readonly<Record<string, readonly [carol: number, root: number]>> = {
  'GET /api/v1/whoami': [200, 200],
  'GET /api/v1/resources': [200, 200],
  'POST /api/v1/resources/{name}/check': [403, 404],
  'POST /api/v1/requests': [403, 403],
  'GET /api/v1/requests': [200, 200],
  'GET /api/v1/requests/{id}': [404, 200],
  'GET /api/v1/requests/{id}/context': [404, 200],
  'POST /api/v1/sign-in/passkey/options': [200, 200],
  'POST /api/v1/sign-in/passkey': [400, 400],
  'POST /api/v1/enrol/options': [404, 404],
  'POST /api/v1/enrol': [400, 400],
  'POST /api/v1/step-up/options': [422, 422], // a token has nobody who could prove it again
  'POST /api/v1/step-up': [400, 400],
  'GET /api/v1/passkeys': [200, 200],
  'POST /api/v1/passkeys/options': [403, 403],
  'POST /api/v1/passkeys': [400, 400],
  'DELETE /api/v1/passkeys/{id}': [404, 404],
  'POST /api/v1/passkeys/{id}/review': [404, 404],
  'GET /api/v1/invites': [403, 200],
  'POST /api/v1/invites': [403, 200],
  'DELETE /api/v1/invites/{id}': [403, 404],
  'GET /api/v1/people': [403, 200],
  'POST /api/v1/people/{name}/disable': [403, 404],
  'POST /api/v1/people/{name}/enable': [403, 404],
  'POST /api/v1/requests/{id}/to-sign': [404, 422], // policy wants no signature
  'POST /api/v1/requests/{id}/approve': [404, 403],
  'POST /api/v1/requests/{id}/deny': [404, 403],
  'POST /api/v1/requests/{id}/withdraw': [404, 403],
  'GET /api/v1/requests/{id}/receipt': [404, 503],
  'GET /api/v1/grants': [200, 200],
  'POST /api/v1/grants/{id}/revoke': [404, 404],
  'POST /api/v1/done': [200, 200],
  'GET /api/v1/sessions': [200, 200],
  'GET /api/v1/sessions/{id}': [404, 404],
  'GET /api/v1/sessions/{id}/watch': [404, 404],
  'POST /api/v1/sessions/{id}/kill': [404, 404],
  'GET /api/v1/leases': [403, 200],
  'GET /api/v1/tokens': [200, 200],
  'POST /api/v1/tokens': [403, 403],
  'POST /api/v1/tokens/revoke': [403, 200],
  'DELETE /api/v1/tokens/{id}': [404, 404],
  'GET /api/v1/sign-in': [200, 200],
  'GET /api/v1/logins': [200, 200],
  'DELETE /api/v1/logins/{id}': [404, 404],
  'POST /api/v1/sign-out': [422, 422], // nobody here has signed in
  'POST /api/v1/device': [200, 200], // it is open
  'POST /api/v1/device/token': [400, 400],
  'GET /api/v1/device/{userCode}': [403, 403], // for who is signed in on the web
  'POST /api/v1/device/{userCode}/confirm': [403, 403],
  'POST /api/v1/device/{userCode}/refuse': [403, 403],
  'GET /api/v1/policy': [200, 200],
  'POST /api/v1/policy/explain': [403, 200],
  'GET /api/v1/ledger': [403, 200],
  'GET /api/v1/ledger/heads': [403, 200],
  'GET /api/v1/ledger/search': [403, 200],
  'GET /api/v1/ledger/state': [403, 200],
  'GET /api/v1/ledger/entries/{index}': [400, 400], // no index
  'GET /api/v1/overview': [403, 200],
  'GET /api/v1/policy/access': [200, 200],
  'GET /api/v1/ledger/keys': [403, 200],
  'POST /api/v1/ledger/vouch': [403, 404],
  'POST /api/v1/ledger/rotate-key': [403, 200],
  'GET /api/v1/ledger/checkpoint': [404, 404],
  'GET /api/v1/ledger/signed-heads': [403, 200],
  'GET /api/v1/ledger/tile/{path}': [403, 404],
  'GET /api/v1/erasures': [403, 200],
  'POST /api/v1/erasures': [403, 200],
  // Without what they need to be asked, which is found out first.
  'GET /api/v1/ledger/export': [400, 400],
  'GET /api/v1/ledger/report': [400, 400],
  'GET /api/v1/recordings': [404, 404], // this gateway records nothing
  'GET /api/v1/recordings/{session}': [404, 404],
  'POST /api/v1/query': [403, 403], // for who is signed in on the web
  'GET /api/v1/me/notifications': [200, 200],
  'PUT /api/v1/me/notifications': [200, 200],
  'POST /api/v1/me/notifications/try': [200, 200],
  'GET /api/v1/me/push': [200, 200],
  'POST /api/v1/me/push': [200, 200],
  'DELETE /api/v1/me/push/{id}': [404, 404],
  'GET /api/v1/gateway': [200, 200],
  'GET /api/v1/events': [200, 200],
}

const BODIES: Readonly<Record<string, unknown>> = {
  '/api/v1/query': { resource: 'orders-db', sql: 'SELECT 1' },
  '/api/v1/requests': { resource: 'orders-db', action: 'DELETE FROM orders WHERE id = 1' },
  '/api/v1/requests/{id}/deny': { comment: 'no' },
  '/api/v1/tokens': { user: 'alice' },
  '/api/v1/enrol/options': { secret: 'nobody-has-such-a-secret' },
  '/api/v1/passkeys/{id}/review': { approve: true },
  '/api/v1/invites': { user: 'bob' },
  '/api/v1/tokens/revoke': { user: 'nobody' },
  '/api/v1/device': { client: 'countersign' },
  '/api/v1/device/token': { deviceCode: 'x'.repeat(43) },
  '/api/v1/erasures': { user: 'alice', reason: 'he asked for it' },
  '/api/v1/ledger/vouch': { gateway: 'gw-0000000009', key: 'a key' },
  '/api/v1/me/notifications': DEFAULT_CHOICES,
  '/api/v1/me/push': aBrowser('https://push.example.com/1').subscription,
  '/api/v1/policy/explain': { user: 'alice', resource: 'orders-db', type: 'sql:read' },
}

const call = (method: string, path: string, id: string, token?: string) => {
  const headers = { ...(token === undefined ? {} : { authorization: `Bearer ${token}` }), 'content-type': 'application/json' }
  const body = method === 'POST' || method === 'PUT' ? { body: JSON.stringify(BODIES[path] ?? {}) } : {}
  return fetch(bed.url + path.replace(/\{(id|session)\}/, id).replace('{userCode}', 'BBBB-BBBB'), { method, headers, ...body })
}

describe('every route', () => {
  test.each(closed)('%s %s is closed without a token, and with one that is unknown or malformed', async (method, path) => {
    for (const token of [undefined, '', 'cst_unknown', `${bed.secrets.alice}x`, 'ü']) {
      const answer = await call(method, path, 'req-1', token === 'ü' ? encodeURIComponent(token) : token)
      expect(answer.status).toBe(401)
      expect(answer.headers.get('www-authenticate')).toBe('Bearer')
      expect(await answer.json()).toMatchObject({ code: 'unauthenticated', requestId: answer.headers.get('x-request-id') })
    }
  })

  test.each(all)('%s %s gives a stranger and an admin what is theirs', async (method, path) => {
    const { request } = await bed.client('alice').ask({ resource: 'orders-db', action: `DELETE FROM orders WHERE note = '${method} ${path}'` })
    const statuses = async (person: Person) => {
      const answer = await call(method, path, request.id, bed.secrets[person])
      await answer.body?.cancel()
      return answer.status
    }
    expect([await statuses('carol'), await statuses('root')]).toEqual(EXPECTED[`${method} ${path}`])
  })

  test.each(all)('%s %s carries the headers that keep browsers in check', async (method, path) => {
    const { headers } = await call(method, path, 'req-1')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('content-security-policy')).toContain("default-src 'none'")
    expect(headers.get('cache-control')).toBe('no-store')
    expect(headers.get('access-control-allow-origin')).toBeNull()
  })
})

describe('the OpenAPI document', () => {
  test('is valid 3.1 and describes every route, open to anybody', async () => {
    const document = (await (await bed.ask('/api/openapi.json')).json()) as { openapi: string; paths: Record<string, Record<string, unknown>> }
    expect(document.openapi).toMatch(/^3\.1\./)
    expect(await new Validator().validate(structuredClone(document))).toMatchObject({ valid: true })
    const described = Object.entries(document.paths).flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`))
    expect(described.sort()).toEqual(all.map(([method, path]) => `${method} ${path}`).sort())
  })

  test('knows the action types and groups that core knows', () => {
    expect([...Scope.options].sort()).toEqual([...ACTION_TYPES, ...ACTION_GROUPS].sort())
  })
})

describe('open without a token', () => {
  test.each([
    '/healthz',
    '/',
    '/api/docs',
    '/api/docs/swagger-ui.css',
    '/api/docs/swagger-ui-bundle.js',
    '/api/docs/initializer.js',
    '/page.css',
    '/r/7kq2',
    '/r/req-7kq2',
    '/metrics',
  ])('%s', async (path) => {
    const answer = await bed.ask(path)
    expect(answer.status).toBe(200)
    expect((await answer.text()).length).toBeGreaterThan(1)
  })

  test('no page has an inline script, and its policy would stop one', async () => {
    for (const path of ['/', '/api/docs', '/r/7kq2']) {
      const answer = await bed.ask(path)
      expect(await answer.text()).not.toMatch(/<script(?![^>]*\bsrc=)|\son\w+=|javascript:/i)
      expect(answer.headers.get('content-security-policy')).not.toContain('unsafe')
    }
  })

  test('a page about a request says how to approve it and nothing of what it is', async () => {
    const { request } = await bed.client('alice').ask({ resource: 'orders-db', action: 'DELETE FROM orders WHERE id = 4711' })
    const text = await (await bed.ask(new URL(request.link).pathname)).text()
    expect(text).toContain(`countersign approve ${request.id}`)
    expect(text).not.toMatch(/4711|alice|orders/)
    expect((await bed.ask('/r/zzzz')).status).toBe(200)
  })

  test('readiness tells this machine why, and says 503', async () => {
    const answer = await bed.ask('/readyz')
    expect(answer.status).toBe(503)
    expect(await answer.json()).toEqual({ ready: false, checks: { store: 'ok', journal: 'no space left on /secret/disk' } })
  })
})
