import { once } from 'node:events'
import { connect } from 'node:net'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createApi } from '../../src/api/server.ts'
import { StoreUnavailable } from '../../src/store/store.ts'
import { JournalBroken } from '../../src/journal/journal.ts'
import { type Bed, CANARY, openBed } from './bed.ts'

let bed: Bed
beforeAll(async () => {
  bed = await openBed()
})
afterAll(() => bed.close())

const post = (path: string, body: string, headers: Record<string, string> = {}) =>
  bed.ask(path, { as: 'alice', method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } })

const codeOf = async (answer: Response) => [answer.status, ((await answer.json()) as { code: string }).code]

/** Bytes as they are: what no HTTP client would send. */
async function raw(text: string): Promise<string> {
  const socket = connect(Number(new URL(bed.url).port), '127.0.0.1').setEncoding('utf8')
  let answer = ''
  socket.on('data', (piece: string) => (answer += piece))
  socket.write(text)
  await once(socket, 'close')
  return answer
}

describe('bodies', () => {
  test.each<[string, string, Record<string, string>, number, string]>([
    ['10 MB', JSON.stringify({ resource: 'x'.repeat(10_000_000) }), {}, 413, 'too-large'],
    ['a form', 'resource=orders-db', { 'content-type': 'application/x-www-form-urlencoded' }, 415, 'unsupported-media-type'],
    ['plain text', '{}', { 'content-type': 'text/plain' }, 415, 'unsupported-media-type'],
    ['JSON by another name', '{}', { 'content-type': 'application/jsonp' }, 415, 'unsupported-media-type'],
    ['not JSON', '{"resource":', {}, 400, 'invalid'],
    ['an array', '[]', {}, 400, 'invalid'],
    ['an unknown key', '{"resource":"orders-db","resorce":1}', {}, 400, 'invalid'],
    ['__proto__', '{"resource":"orders-db","__proto__":{"admin":true}}', {}, 400, 'invalid'],
    ['constructor', '{"resource":"orders-db","constructor":{"prototype":{"admin":true}}}', {}, 400, 'invalid'],
    ['a lone surrogate', '{"resource":"orders-db","action":"SELECT \'\\ud800\'"}', {}, 400, 'invalid'],
    ['both a scope and an action', '{"resource":"orders-db","action":"SELECT 1","scope":"sql:read"}', {}, 400, 'invalid'],
    ['a time that is none', '{"resource":"orders-db","for":"-1h"}', {}, 400, 'invalid'],
    ['an empty action', '{"resource":"orders-db","action":""}', {}, 400, 'invalid'],
  ])('%s is refused', async (_, body, headers, status, code) => {
    expect(await codeOf(await post('/api/v1/requests', body, headers))).toEqual([status, code])
    expect(Object.hasOwn(Object.prototype, 'admin')).toBe(false)
  })

  test('whatever JSON comes, the answer is a Problem or a request, and never a mistake of ours', async () => {
    await fc.assert(
      fc.asyncProperty(fc.json(), async (body) => {
        const [status, code] = await codeOf(await post('/api/v1/requests', body))
        expect([status, code]).toEqual([400, 'invalid'])
      }),
      { numRuns: 50 },
    )
  })

  test('without a length, with two, or with a lying one', async () => {
    const head = `POST /api/v1/requests HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nAuthorization: Bearer ${bed.secrets.alice}\r\nContent-Type: application/json\r\n`
    expect(await raw(`${head}Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`)).toMatch(/^HTTP\/1.1 411 /)
    expect(await raw(`${head}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`)).toMatch(/^HTTP\/1.1 400 /)
    expect(await raw(`${head}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}`)).toMatch(/^HTTP\/1.1 400 /)
  })
})

describe('other sites', () => {
  test.each(['https://evil.example', 'null', 'http://localhost:1', 'https://cs.example.com.evil.example', 'https://cs.example.com:8443'])(
    'the origin %s is refused everywhere',
    async (origin) => {
      expect(await codeOf(await post('/api/v1/requests', '{"resource":"orders-db"}', { origin }))).toEqual([403, 'forbidden'])
      expect(await codeOf(await bed.ask('/api/v1/events', { as: 'alice', headers: { origin } }))).toEqual([403, 'forbidden'])
    },
  )

  test("the gateway's own pages may ask", async () => {
    for (const origin of ['https://cs.example.com', bed.url]) expect((await bed.ask('/api/v1/whoami', { as: 'alice', headers: { origin } })).status).toBe(200)
  })

  test.each(['evil.example', 'evil.example:7070', '127.0.0.1.evil.example', '[::2]', 'localhost.'])('the host name %s is refused on loopback', async (host) => {
    expect(await raw(`GET /healthz HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)).toMatch(/^HTTP\/1.1 403 /)
  })

  test.each(['localhost', '127.0.0.1:7070', 'cs.example.com', '[::1]'])('the host name %s is ours', async (host) => {
    expect(await raw(`GET /healthz HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)).toMatch(/^HTTP\/1.1 200 /)
  })

  test.each(['', 'a b', 'evil.example@localhost', 'localhost/../x', '\u0000'])('a malformed host %j gets no 200', async (host) => {
    expect(await raw(`GET /healthz HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)).not.toMatch(/^HTTP\/1.1 200 /)
  })

  test('forwarded headers make nobody local, nor anybody else', async () => {
    const headers = {
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-host': 'evil.example',
      forwarded: 'for=127.0.0.1',
      'x-forwarded-user': 'root',
      'x-http-method-override': 'DELETE',
    }
    expect(await (await bed.ask('/api/v1/whoami', { as: 'carol', headers })).json()).toMatchObject({ user: 'carol', admin: false })
  })
})

describe('addresses', () => {
  test.each(['<script>alert(1)</script>', '%00', '..%2f..%2fetc', 'a%22b', '%F0%9F%92%A9', 'x'.repeat(200)])(
    'the id %s is answered as JSON or escaped, and finds nothing',
    async (id) => {
      const api = await bed.ask(`/api/v1/requests/${id}`, { as: 'root' })
      expect([400, 404]).toContain(api.status)
      expect(api.headers.get('content-type')).toContain('application/json')
      const page = await bed.ask(`/r/${id}`)
      expect([400, 404]).toContain(page.status)
      expect(await page.text()).not.toContain('<script')
    },
  )

  test('nothing there is 404, another method is 405 and says which, both as a Problem', async () => {
    expect(await codeOf(await bed.ask('/nothing'))).toEqual([404, 'not-found'])
    expect(await codeOf(await bed.ask('/api/v1/nothing', { as: 'alice' }))).toEqual([404, 'not-found'])
    const answer = await bed.ask('/api/v1/requests/req-1', { as: 'alice', method: 'DELETE' })
    expect(answer.headers.get('allow')).toBe('GET, HEAD')
    expect(await codeOf(answer)).toEqual([405, 'method-not-allowed'])
  })

  test.each(['swagger-ui.js', 'package.json', '..%2fpackage.json', 'index.html'])('the docs serve no %s', async (name) => {
    expect((await bed.ask(`/api/docs/${name}`)).status).toBe(404)
  })

  test('a query with an unknown key or a wrong value is refused', async () => {
    expect((await bed.ask('/api/v1/requests?inbx=true', { as: 'alice' })).status).toBe(400)
    expect((await bed.ask('/api/v1/grants?live=maybe', { as: 'alice' })).status).toBe(400)
    expect((await bed.ask('/api/v1/ledger?limit=10001', { as: 'root' })).status).toBe(400)
  })
})

describe('when something behind the API fails', () => {
  const failing = (error: Error) => {
    const services = {
      ...bed.services,
      tokens: {
        ...bed.services.tokens,
        callerForToken: async () => {
          throw error
        },
      },
    }
    return createApi(services).request(`${bed.url}/api/v1/whoami`, { headers: { authorization: 'Bearer cst_x' } }, {})
  }

  test.each([
    [new StoreUnavailable('connect ECONNREFUSED /secret/path'), 503, 'unavailable'],
    [new JournalBroken('ENOSPC /secret/path'), 503, 'unavailable'],
    [new Error('/secret/path exploded'), 500, 'internal'],
  ])('%s is logged under an id, and answered without its words', async (error, status, code) => {
    const answer = await failing(error)
    const body = await answer.text()
    expect([answer.status, JSON.parse(body)]).toMatchObject([status, { code, requestId: expect.any(String) }])
    expect(body).not.toContain('secret')
    expect(bed.logged.some((line) => line.includes('/secret/path') && line.includes((JSON.parse(body) as { requestId: string }).requestId))).toBe(true)
  })

  test('from elsewhere metrics need a token, and readiness does not say why', async () => {
    const app = createApi(bed.services)
    expect((await app.request(`${bed.url}/metrics`, {}, {})).status).toBe(401)
    expect((await app.request(`${bed.url}/metrics`, { headers: { authorization: `Bearer ${bed.secrets.carol}` } }, {})).status).toBe(200)
    expect(await (await app.request(`${bed.url}/readyz`, {}, {})).json()).toEqual({ ready: false, checks: { store: 'ok', journal: 'failing' } })
  })
})

test('no token is ever logged, wherever it was put', async () => {
  await bed.ask(`/api/v1/whoami?token=${CANARY}`, { headers: { authorization: `Bearer ${CANARY}` } })
  await post('/api/v1/requests', JSON.stringify({ resource: CANARY, action: CANARY, reason: CANARY }))
  await bed.ask('/api/v1/whoami', { as: 'alice', headers: { cookie: CANARY, 'x-request-id': CANARY } })
  expect(bed.logged.length).toBeGreaterThan(3)
  for (const secret of [CANARY, ...Object.values(bed.secrets)]) expect(bed.logged.join('')).not.toContain(secret)
})
