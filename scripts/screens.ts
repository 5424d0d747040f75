import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { BROWSER_MS, openBrowser, signedInByPasskey, type Visitor, visitor } from '../tests/support/browser.ts'
import { held, openStage, type Person, type Stage } from '../tests/support/stage.ts'

/** Takes a picture of every page of the console, in both colours and at both widths, from a gateway with something in it: docs/screens. */
const FOLDER = join(import.meta.dirname, '../docs/screens')

const POLICY = `
@id("production-reads") permit (principal in Group::"engineering", action in [Action::"connect", Action::"sql:read"], resource);
@id("production-writes") @review("dba") @grants("30m") @expires("20m") permit (principal in Group::"engineering", action == Action::"sql:write", resource);
@id("schema-changes") @review("dba") @quorum("2") permit (principal in Group::"engineering", action == Action::"sql:ddl", resource);
`

const QUERY = `SELECT id, status FROM orders WHERE id <= 4 ORDER BY id;
UPDATE orders SET status = 'refunded' WHERE id = 3;`

const WIDTHS = { wide: { width: 1440, height: 860 }, narrow: { width: 360, height: 720 } } as const

/** A page, who opens it (nobody: not signed in), and what is there when it is. */
type Screen = readonly [name: string, path: string, who: keyof Pick<Stage, 'alice' | 'bob' | 'erin'> | null, seen: string]

const screensOf = (request: string): readonly Screen[] => [
  ['sign-in', '/sign-in', null, 'On the command line'],
  ['inbox', '/', 'bob', 'alice@example.com'],
  ['request', `/r/${request}`, 'bob', 'Your review'],
  ['requests', '/requests', 'bob', 'alice@example.com'],
  ['resources', '/resources', 'alice', 'change the schema'],
  ['query', '/query?resource=orders-db', 'alice', 'needs'],
  ['sessions', '/sessions', 'erin', 'alice@example.com'],
  ['ledger', '/ledger', 'erin', 'Ledger'],
  ['policies', '/policies', 'erin', 'production-writes'],
  ['overview', '/overview', 'erin', 'Requests over time'],
  ['profile', '/profile', 'bob', 'Being told'],
]

const browser = await openBrowser()
const stage = await openStage({
  policy: POLICY,
  resources: { 'orders-db': { labels: { env: 'production' } }, 'billing-db': { labels: { env: 'production' } } },
})
try {
  // A token runs nothing in the console: alice has a passkey too.
  const asker = await signedInByPasskey(browser, stage.gateway, stage.alice.user)
  const request = await seed(stage)
  mkdirSync(FOLDER, { recursive: true })
  for (const screen of screensOf(request)) await take(screen, asker)
} finally {
  await browser.close()
  await stage.close()
}

/** Some of everything: what was approved, and what waits. Gives the id of a request that does. */
async function seed({ alice, bob }: Stage): Promise<string> {
  const session = alice.psql('orders-db')
  session.type("SET countersign.reason = 'INC-7: charged twice';")
  for (const order of [4, 5]) {
    session.type(`UPDATE orders SET status = 'refunded' WHERE id = ${order};`)
    await bob.api.approve({ id: await held(session), comment: 'matches INC-7' })
    await session.next(/UPDATE 1\n/)
  }
  await alice.api.ask({ resource: 'orders-db', scope: 'sql:write', for: '30m', reason: 'Backfill of the status, as planned' })
  session.type("UPDATE orders\n   SET status = 'refunded'  -- the\u200b third one\n WHERE id = 6;")
  return (await held(session)).slice('req-'.length)
}

/** Something to be seen on the page of queries. */
async function run(page: Page): Promise<void> {
  await page.getByLabel('Reason').fill('INC-7: charged twice')
  await page.getByRole('textbox', { name: 'SQL' }).focus()
  await page.keyboard.insertText(QUERY)
  await page.keyboard.press('Control+Enter')
}

async function take([name, path, who, seen]: Screen, asker: Visitor): Promise<void> {
  const signedIn = { baseURL: new URL(asker.page.url()).origin, storageState: await asker.page.context().storageState() }
  for (const [width, viewport] of Object.entries(WIDTHS)) {
    const { page } = await (name === 'query'
      ? visitor(browser, signedIn.baseURL, { viewport, storageState: signedIn.storageState })
      : visitor(browser, stage.gateway.url, { viewport, ...(who === null ? {} : bearing(stage[who])) }))
    await page.goto(path)
    if (name === 'query') await run(page)
    await page.getByText(seen).filter({ visible: true }).first().waitFor({ timeout: BROWSER_MS })
    await page.waitForLoadState('load')
    await page.waitForTimeout(1_000)
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      await page.screenshot({ path: join(FOLDER, `${name}-${width}-${colorScheme}.png`), animations: 'disabled' })
    }
    await page.context().close()
  }
}

function bearing({ token }: Person) {
  return { extraHTTPHeaders: { authorization: `Bearer ${token}` } }
}
