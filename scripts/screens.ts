import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Browser, Page } from 'playwright-core'
import { BROWSER_MS, enrolIn, openBrowser, signedInByPasskey, type Visitor, visitor } from '../tests/support/browser.ts'
import { held, openStage, type Person, sessionOf, type Stage } from '../tests/support/stage.ts'

/** Takes a picture of every page of the console, or of those that are named, in both colours and at both widths, from a gateway with something in it: docs/screens. */
const FOLDER = join(import.meta.dirname, '../docs/screens')

const POLICY = `
@id("production-reads") permit (principal in Group::"engineering", action in [Action::"connect", Action::"sql:read"], resource);
@id("production-writes") @review("dba") @grants("30m") @expires("20m") permit (principal in Group::"engineering", action == Action::"sql:write", resource);
@id("schema-changes") @review("dba") @quorum("2") permit (principal in Group::"engineering", action == Action::"sql:ddl", resource);
`

const QUERY = `SELECT id, status FROM orders WHERE id <= 4 ORDER BY id;
UPDATE orders SET status = 'refunded' WHERE id = 3;`

const WIDTHS = { wide: { width: 1440, height: 860 }, narrow: { width: 360, height: 720 } } as const

/** A page, who opens it (nobody: not signed in; asker: alice, with a passkey and so a cookie), what is there when it is, and what is done there first. */
type Screen = readonly [
  name: string,
  path: string,
  who: keyof Pick<Stage, 'alice' | 'bob' | 'erin'> | 'asker' | null,
  seen: string,
  first?: (page: Page) => Promise<void>,
]

/** What there is to be looked at: ids, and the address of a link that enrols. */
interface Seeded {
  readonly request: string
  readonly approved: string
  readonly session: string
  readonly entry: number
  readonly enrolling: string
  readonly code: string
}

const screensOf = ({ request, approved, session, entry, enrolling, code }: Seeded): readonly Screen[] => [
  ['sign-in', '/sign-in', null, 'On the command line'],
  ['enrol', enrolling, null, 'bob@example.com'],
  ['device', `/device?code=${code}`, 'asker', 'build-7'],
  ['inbox', '/', 'bob', 'alice@example.com'],
  ['request', `/r/${request}`, 'bob', 'Your review'],
  ['request-approved', `/r/${approved}`, 'erin', 'It ran once.', (page) => page.getByRole('button', { name: 'Download the receipt' }).scrollIntoViewIfNeeded()],
  ['requests', '/requests', 'bob', 'alice@example.com'],
  ['resources', '/resources', 'alice', 'change the schema'],
  ['query', '/query?resource=orders-db', 'asker', 'needs', run],
  ['sessions', '/sessions', 'erin', 'alice@example.com'],
  ['session', `/sessions/${session}`, 'erin', 'UPDATE 1', (page) => page.getByRole('button', { name: 'Open it' }).click()],
  ['ledger', '/ledger', 'erin', 'Ledger'],
  ['ledger-entry', `/ledger/${entry}`, 'erin', 'under a signed checkpoint'],
  ['policies', '/policies', 'erin', 'production-writes'],
  ['overview', '/overview', 'erin', 'Requests over time'],
  ['people', '/people', 'erin', 'dana@example.com'],
  ['person', '/people/dana@example.com', 'erin', 'nightly report'],
  ['invitations', '/people?show=invitations', 'erin', 'Open invitations'],
  ['profile', '/profile', 'bob', 'Being told'],
]

/** Only those whose name is said on the command line; all, where none is. */
const wanted = process.argv.slice(2)

const browser = await openBrowser()
const stage = await openStage({
  policy: POLICY,
  recordings: { directory: './recordings' },
  resources: { 'orders-db': { labels: { env: 'production' } }, 'billing-db': { labels: { env: 'production' } } },
})
try {
  // A token runs nothing in the console: alice has a passkey too.
  const asker = await signedInByPasskey(browser, stage.gateway, stage.alice.user)
  const seeded = { ...(await seed(stage)), ...(await seedPeople(stage, browser)) }
  mkdirSync(FOLDER, { recursive: true })
  for (const screen of screensOf(seeded)) if (wanted.length === 0 || wanted.includes(screen[0])) await take(screen, asker)
} finally {
  await browser.close()
  await stage.close()
}

/** Some of everything: what was approved in a session that is over, and what waits. */
async function seed({ alice, bob, erin }: Stage): Promise<Pick<Seeded, 'request' | 'approved' | 'session' | 'entry'>> {
  const past = alice.psql('orders-db')
  const id = await sessionOf(past)
  past.type("UPDATE orders SET status = 'refunded' WHERE id = 3;")
  await bob.api.approve({ id: await held(past) })
  await past.next(/UPDATE 1\n/)
  past.type('SELECT id, status FROM orders WHERE id <= 4 ORDER BY id;')
  await past.next(/^4\|new$/m)
  await past.quit()
  const session = alice.psql('orders-db')
  session.type("SET countersign.reason = 'INC-7: charged twice';")
  let approved = ''
  for (const order of [4, 5]) {
    session.type(`UPDATE orders SET status = 'refunded' WHERE id = ${order};`)
    approved = await held(session)
    await bob.api.approve({ id: approved, comment: 'matches INC-7' })
    await session.next(/UPDATE 1\n/)
  }
  await alice.api.ask({ resource: 'orders-db', scope: 'sql:write', for: '30m', reason: 'Backfill of the status, as planned' })
  session.type("UPDATE orders\n   SET status = 'refunded'  -- the\u200b third one\n WHERE id = 6;")
  const request = (await held(session)).slice('req-'.length)
  const entry = await until(async () => (await erin.api.ledgerSearch({ type: 'request.approved' })).events[0]?.index)
  await until(async () => (await erin.api.recordings()).recordings.find((recording) => recording.session === id))
  await until(async () => ((await erin.api.ledgerState()).checkpoint?.size ?? 0) > entry || undefined)
  return { request, approved: approved.slice('req-'.length), session: id, entry }
}

/** Somebody of whom there is everything, somebody who is disabled, a key that waits for another admin, and a command line that asks. */
async function seedPeople({ gateway, erin, bob }: Stage, somewhere: Browser): Promise<Pick<Seeded, 'enrolling' | 'code'>> {
  const dana = await signedInByPasskey(somewhere, gateway, 'dana@example.com', ['engineering', 'oncall'])
  await dana.page.context().close()
  await gateway.api().createToken({ user: 'dana@example.com', name: 'laptop', for: '30d' })
  await gateway.api().createToken({ user: 'dana@example.com', agent: 'claude', name: 'nightly report', resources: ['billing-db'], actions: ['sql:read'] })
  await erin.api.disablePerson({ name: 'dave@example.com' })
  const rita = await visitor(somewhere, gateway.url.replace('127.0.0.1', 'localhost'))
  await enrolIn(rita.page, (await gateway.api().invite({ user: 'rita@example.com', groups: ['dba'], admin: true })).link)
  await rita.page.getByText('waits for another admin').waitFor()
  await rita.page.context().close()
  const { pathname, hash } = new URL((await gateway.api().invite({ user: 'bob@example.com' })).link)
  await gateway.api().invite({ user: 'sven@example.com', groups: ['security'] })
  const { userCode } = await bob.api.device({ client: 'countersign', host: 'build-7' })
  return { enrolling: pathname + hash, code: userCode }
}

/** What is asked for again and again until it is there. */
async function until<T>(ask: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const found = await ask()
    if (found !== undefined) return found
    await sleep(250)
  }
}

/** Something to be seen on the page of queries. */
async function run(page: Page): Promise<void> {
  await page.getByLabel('Reason').fill('INC-7: charged twice')
  await page.getByRole('textbox', { name: 'SQL' }).focus()
  await page.keyboard.insertText(QUERY)
  await page.keyboard.press('Control+Enter')
}

async function take([name, path, who, seen, first]: Screen, asker: Visitor): Promise<void> {
  const signedIn = { baseURL: new URL(asker.page.url()).origin, storageState: await asker.page.context().storageState() }
  for (const [width, viewport] of Object.entries(WIDTHS)) {
    const { page } = await (who === 'asker'
      ? visitor(browser, signedIn.baseURL, { viewport, storageState: signedIn.storageState })
      : visitor(browser, stage.gateway.url, { viewport, ...(who === null ? {} : bearing(stage[who])) }))
    await page.goto(path)
    await first?.(page)
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
