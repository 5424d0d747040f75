import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { BROWSER_MS, openBrowser, signedIn, visitor } from './support/browser.ts'
import { type GatewayProcess, startGateway } from './support/gateway.ts'
import { lacks } from './support/needs.ts'

/** Bytes over the wire until a page is shown to somebody who never was here. */
const LARGEST_FIRST_LOAD = 300_000

describe.skipIf(lacks('chromium'))('the console, as the gateway serves it', { timeout: BROWSER_MS }, () => {
  let gateway: GatewayProcess
  let browser: Browser

  beforeAll(async () => {
    browser = await openBrowser()
    gateway = await startGateway({ users: { bob: { groups: [], admin: true } }, resources: {}, policy: '' })
  })
  afterAll(async () => {
    await browser?.close()
    await gateway?.stop()
  })

  const get = (path: string, headers: Readonly<Record<string, string>> = {}) => fetch(gateway.url + path, { headers: { accept: 'text/html', ...headers } })

  test('is one page for every address that is not of the API, asked for anew each time', async () => {
    for (const path of ['/', '/r/7kq2', '/sign-in', '/no/such/page']) {
      const answer = await get(path)
      expect(answer.status).toBe(200)
      expect(answer.headers.get('cache-control')).toBe('no-cache')
      expect(await answer.text()).toContain('<div id="console">')
    }
  })

  test('leaves the addresses of programs alone, and programs without a page', async () => {
    for (const path of ['/api/v1/nothing', '/api/nothing', '/assets/nothing.js', '/scim/v2/nothing']) expect((await get(path)).status).not.toBe(200)
    expect((await get('/no/such/page', { accept: 'application/json' })).status).toBe(404)
    expect((await fetch(`${gateway.url}/no/such/page`, { method: 'POST', headers: { accept: 'text/html' } })).status).not.toBe(200)
    for (const path of ['/assets/..%2f..%2fpackage.json', '/assets/%2e%2e/made-of.txt', '/made-of.txt', '/index.html']) {
      expect(await (await get(path, { accept: '*/*' })).text()).not.toContain('countersign-workspace')
      expect((await get(path, { accept: '*/*' })).status).toBe(404)
    }
  })

  test('keeps what is named by its content for ever, as short as the browser can read it', async () => {
    const [, script = ''] = /src="([^"]+)"/.exec(await (await get('/')).text()) ?? []
    const plain = Buffer.from(await (await get(script, { 'accept-encoding': 'identity' })).arrayBuffer())
    expect((await get(script)).headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
    expect((await raw(gateway.url + script, 'br')).encoding).toBe('br')
    expect(brotliDecompressSync((await raw(gateway.url + script, 'gzip, deflate, br')).body).equals(plain)).toBe(true)
    expect(gunzipSync((await raw(gateway.url + script, 'gzip;q=1.0, br;q=0')).body).equals(plain)).toBe(true)
  })

  test('lets the browser run nothing that is not from here, and nobody frame it', async () => {
    const policyOf = async (path: string) => (await get(path)).headers.get('content-security-policy') ?? ''
    const policy = await policyOf('/')
    for (const rule of ["default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'", "base-uri 'none'", "frame-ancestors 'none'"])
      expect(policy).toContain(rule)
    expect(policy).not.toMatch(/unsafe|[*]|https?:/)
    for (const path of ['/sign-in', '/sessions', '/sessions/ses-1', '/sessions/ses-1/terminal/x', '/sessions/terminal', '/sessions/a/b/terminal', '/terminal'])
      expect(await policyOf(path)).toBe(policy)
    expect(await policyOf('/sessions/ses-1/terminal')).toBe(policy.replace("script-src 'self'", "script-src 'self' 'wasm-unsafe-eval'"))
  })

  test('carries the licences of what it was made with', async () => {
    const licences = await (await get('/assets/licences.md')).text()
    for (const name of ['react', '@mantine/core', '@tanstack/react-router', 'zod']) expect(licences).toContain(name)
  })

  test('shows the way in to somebody who is not signed in, and the request on the command line, in less than 300 kB', async () => {
    const { page, complaints } = await visitor(browser, gateway.url)
    const bytes = countBytes(page)
    await page.goto('/r/7kq2')
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
    expect(new URL(page.url()).pathname).toBe('/sign-in')
    expect(await page.getByText('countersign approve req-7kq2').isVisible()).toBe(true)
    await page.waitForLoadState('networkidle')
    expect(bytes()).toBeGreaterThan(50_000)
    expect(bytes()).toBeLessThan(LARGEST_FIRST_LOAD)
    expect(complaints).toEqual([])
  })

  test.each([
    '/',
    '/r/7kq2',
    '/requests',
    '/resources',
    '/profile',
    '/sessions',
    '/sessions/ses-1',
    '/sessions/ses-1/terminal',
    '/ledger',
    '/policies',
    '/overview',
    '/people',
    '/people/bob',
  ])('fetches less than 300 kB for %s', async (path) => {
    const { page } = await signedIn(browser, gateway, { token: await gateway.token('bob') })
    const bytes = countBytes(page)
    await page.goto(path)
    await page.getByText('live', { exact: true }).last().waitFor()
    await page.getByRole('heading', { level: 1 }).waitFor()
    expect(bytes()).toBeGreaterThan(50_000)
    expect(bytes()).toBeLessThan(LARGEST_FIRST_LOAD)
  })

  test('reads what it shows once when it is opened, when its changes are heard', async () => {
    const { page } = await signedIn(browser, gateway, { token: await gateway.token('bob') })
    const asked: string[] = []
    page.on('request', (request) => asked.push(new URL(request.url()).pathname))
    await page.route('**/api/v1/events', async (route) => {
      await page.waitForTimeout(250)
      await route.continue()
    })
    await page.goto('/')
    await page.getByText('live', { exact: true }).last().waitFor()
    await page.getByText('Nothing waits for you').waitFor()
    expect(asked.filter((path) => path === '/api/v1/requests')).toHaveLength(1)
  })
})

/** Over the wire, of everything that the page fetches from now on. */
function countBytes(page: Page): () => number {
  let bytes = 0
  page.on('requestfinished', (request) => {
    void request
      .sizes()
      .then(({ responseBodySize, responseHeadersSize }) => (bytes += responseBodySize + responseHeadersSize))
      .catch(() => undefined)
  })
  return () => bytes
}

/** `fetch` unpacks by itself. */
async function raw(url: string, encodings: string): Promise<{ readonly encoding: string | undefined; readonly body: Buffer }> {
  const { get } = await import('node:http')
  return new Promise((resolve, reject) => {
    get(url, { headers: { 'accept-encoding': encodings } }, (answer) => {
      const chunks: Buffer[] = []
      answer.on('data', (chunk: Buffer) => chunks.push(chunk))
      answer.on('end', () => resolve({ encoding: answer.headers['content-encoding'], body: Buffer.concat(chunks) }))
    }).on('error', reject)
  })
}
