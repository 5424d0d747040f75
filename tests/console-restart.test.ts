import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { BROWSER_MS, openBrowser, signedIn } from './support/browser.ts'
import { type GatewayOptions, type GatewayProcess, startGateway } from './support/gateway.ts'
import { lacks } from './support/needs.ts'

const POLICY = `
@id("connects") permit (principal in Group::"engineering", action == Action::"connect", resource);
@id("writes") @review("dba") @grants("30m") permit (principal in Group::"engineering", action in [Action::"sql:write", Action::"sql:read"], resource);
`

describe.skipIf(lacks('chromium'))('a console that is open while its gateway restarts', { timeout: BROWSER_MS }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-restart-'))
  let browser: Browser
  let gateway: GatewayProcess

  beforeAll(async () => {
    browser = await openBrowser()
  })
  afterAll(async () => {
    await browser?.close()
    await gateway?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  test('says so, goes on by itself, and shows in every tab what was asked afterwards', async () => {
    const options: GatewayOptions = {
      users: { alice: { groups: ['engineering'] }, bob: { groups: ['dba'] } },
      resources: { db: { protocol: 'postgres', url: 'postgres://127.0.0.1:1/none', credential: { username: 'x', password: { env: 'PGPASSWORD' } } } },
      env: { PGPASSWORD: 'x' },
      policy: POLICY,
      data: join(folder, 'data'),
      httpPort: await freePort(),
    }
    gateway = await startGateway(options)
    const [alice, bob] = [await gateway.token('alice'), await gateway.token('bob', { mayReview: true })]
    const first = await signedIn(browser, gateway, { token: bob })
    const second = await first.page.context().newPage()
    for (const page of [first.page, second]) {
      await page.goto('/')
      await page.getByText('Nothing waits for you').waitFor()
      await page.getByText('live', { exact: true }).last().waitFor()
    }

    await gateway.stop()
    for (const page of [first.page, second]) await page.getByText('No connection to the gateway').waitFor()
    expect(await second.getByText('Nothing waits for you').isVisible()).toBe(true)
    gateway = await startGateway(options)
    for (const page of [first.page, second]) await page.getByText('No connection to the gateway').waitFor({ state: 'detached' })
    await gateway.api(alice).ask({ resource: 'db', scope: 'sql:write', for: '10m', reason: 'after the restart' })
    for (const page of [first.page, second]) await page.getByText('after the restart').first().waitFor()

    // The tab that reads the stream closes: the other one goes on.
    await first.page.close()
    await gateway.api(alice).ask({ resource: 'db', scope: 'sql:read', for: '10m', reason: 'after the first tab' })
    await second.getByText('after the first tab').first().waitFor()
    expect(await second.title()).toContain('(2)')
  })
})

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('no port was free')
  return address.port
}
