import { readFileSync, writeFileSync } from 'node:fs'
import { beforeAll, describe, expect, test } from 'vitest'
import { violations } from './support/axe.ts'
import { BROWSER_MS, signedIn } from './support/browser.ts'
import { consoleBed } from './support/console-bed.ts'
import { lacks } from './support/needs.ts'
import { held, sessionOf } from './support/stage.ts'

const DRAINED = { timeout: 20_000 }
const PEOPLE = { 'olga@example.com': { groups: [], auditor: true }, 'root@example.com': { groups: [], admin: true } }

describe.skipIf(lacks('psql') || lacks('chromium'))('oversight in the console', { timeout: BROWSER_MS }, () => {
  const bed = consoleBed({ recordings: { directory: './recordings' }, users: PEOPLE })
  /** An auditor, who is no admin. */
  let olga: { readonly token: string }
  /** An admin, who is no auditor. */
  let root: { readonly token: string }

  beforeAll(async () => {
    olga = { token: await bed.stage.gateway.token('olga@example.com') }
    root = { token: await bed.stage.gateway.token('root@example.com') }
  })

  /** Who watched a session, as the ledger has it: an entry is in the store a moment after it is made. */
  const watchersOf = async (id: string) =>
    (await bed.stage.ledger()).filter(({ type, body }) => type === 'session.watched' && body['session'] === id).map(({ body }) => body['by'])

  test('a session is watched while it runs: what is done, held, approved and denied, statement by statement', async () => {
    const { alice, bob, gateway } = bed.stage
    const session = alice.psql()
    const id = await sessionOf(session)
    const { page, complaints } = await signedIn(bed.browser, gateway, alice)
    await page.goto('/sessions')
    await page.getByRole('link', { name: id }).click()
    await page.getByRole('button', { name: 'Watch it' }).click()
    await page.getByText('You are watching').waitFor()
    session.type("SELECT 'before the eyes' AS seen;")
    await session.next(/before the eyes/)
    await page.getByText("SELECT 'before the eyes' AS seen").waitFor()
    session.type('DELETE FROM orders WHERE id = 5;')
    const request = await held(session)
    await page.getByText('held', { exact: true }).waitFor()
    expect(await page.getByRole('link', { name: request }).getAttribute('href')).toBe(`/r/${request.slice(4)}`)
    await bob.api.approve({ id: request })
    await session.next(/DELETE 1/)
    await page.getByText('DELETE 1', { exact: true }).waitFor()
    session.type('CREATE TABLE never (id int);')
    await session.next(/no policy permits/)
    await page.getByText('denied', { exact: true }).waitFor()
    await session.quit()
    await page.getByText('It is over').waitFor()
    await expect.poll(() => watchersOf(id), DRAINED).toEqual(['alice@example.com'])
    expect(complaints).toEqual([])
  })

  test('beside a request its own person and auditors see what its session does by itself, and its reviewer does not', async () => {
    const { alice, bob, gateway } = bed.stage
    const session = alice.psql()
    const id = await sessionOf(session)
    session.type("SELECT 'by itself' AS seen; DELETE FROM orders WHERE id = 6;")
    const request = `/r/${(await held(session)).slice('req-'.length)}`
    const [own, auditor, reviewer] = await Promise.all([alice, olga, bob].map(async (person) => (await signedIn(bed.browser, gateway, person)).page))
    for (const page of [own, auditor, reviewer]) await page?.goto(request)
    await reviewer?.getByLabel('Session', { exact: true }).getByText(id).waitFor()
    expect(
      await reviewer
        ?.getByRole('link', { name: id })
        .or(reviewer.getByRole('button', { name: 'Watch it' }))
        .count(),
    ).toBe(0)
    for (const page of [own, auditor]) {
      await page?.getByRole('link', { name: id }).waitFor()
      await page?.getByRole('button', { name: 'Watch it' }).click()
      await page?.getByText("SELECT 'by itself' AS seen").first().waitFor()
    }
    await expect.poll(async () => new Set(await watchersOf(id)), DRAINED).toEqual(new Set(['alice@example.com', 'olga@example.com']))
    session.interrupt()
    await session.next(/withdrawn/)
    await session.quit()
  })

  test('whose session it is not watches nothing, but may end it as an admin, with a reason that its person is told', async () => {
    const { alice, bob, gateway } = bed.stage
    const session = alice.psql()
    const id = await sessionOf(session)
    await expect(gateway.api(olga.token).kill({ id })).rejects.toMatchObject({ status: 403 })
    const watched = await gateway.api(olga.token).watch({ id }).next()
    expect(watched.value).toMatchObject({ index: 0, line: { line: 'begin', session: id } })
    await expect(bob.api.session({ id })).rejects.toMatchObject({ status: 404 })
    await expect(bob.api.watch({ id }).next()).rejects.toMatchObject({ status: 404 })
    expect(await bob.api.sessions({ user: 'alice@example.com' })).toEqual([])

    await expect(gateway.api(root.token).watch({ id }).next()).rejects.toMatchObject({ status: 403 })
    const { page, complaints } = await signedIn(bed.browser, gateway, root)
    await page.goto(`/sessions/${id}`)
    await page.getByRole('button', { name: 'End it' }).click()
    await page.getByLabel('Reason').fill('the maintenance begins')
    await page.getByRole('button', { name: 'End the session' }).click()
    await page.getByText('over', { exact: true }).waitFor()
    session.type('SELECT 1;')
    await session.next(/killed by root@example.com: the maintenance begins/)
    expect(complaints).toEqual([])
  })

  test('what was done is replayed on its own time axis, and found again by its text', async () => {
    const { alice, gateway } = bed.stage
    const session = alice.psql()
    const id = await sessionOf(session)
    session.type("SELECT 'needle', count(*) FROM orders;")
    await session.next(/needle/)
    session.type('SELECT 1/0;')
    await session.next(/division by zero/)
    await session.quit()
    await expect.poll(async () => (await alice.api.recordings()).recordings.some((each) => each.session === id), { timeout: 20_000 }).toBe(true)
    const { page, complaints } = await signedIn(bed.browser, gateway, alice)
    await page.goto('/sessions?show=recordings')
    await page.getByLabel('In a statement').fill('needle')
    await page.getByRole('button', { name: 'Show' }).click()
    await page.getByRole('table', { name: 'Recordings' }).getByText("SELECT 'needle'").first().waitFor()
    expect(new URL(page.url()).searchParams.get('text')).toBe('needle')
    await page.getByRole('link', { name: id }).click()
    await page.getByRole('button', { name: 'Open it' }).click()
    const steps = page.getByRole('list', { name: 'Statements' }).getByRole('listitem')
    await steps.filter({ hasText: 'division by zero' }).waitFor()
    expect(await steps.filter({ has: page.locator('[aria-current]') }).count()).toBe(0)
    await page.getByLabel('Speed').selectOption('16')
    await page.getByRole('button', { name: 'Play' }).click()
    await expect.poll(() => page.locator('li[aria-current=step]').innerText()).toContain('division by zero')
    await page.getByRole('slider', { name: 'Position' }).press('Home')
    await expect.poll(() => page.locator('li[aria-current=step]').count()).toBe(0)
    expect(complaints).toEqual([])
  })

  test('the ledger is searched by what is in the address, page by page, and each entry has its proof', async () => {
    const { alice, bob, erin, gateway } = bed.stage
    const session = alice.psql()
    session.type('DELETE FROM orders WHERE id = 6;')
    const request = await held(session)
    await bob.api.approve({ id: request })
    await session.next(/DELETE 1/)
    await session.quit()
    await expect.poll(async () => (await erin.api.ledgerSearch({ type: 'action.started', request })).events.length, { timeout: 20_000 }).toBe(1)

    const whole = await erin.api.ledgerSearch({ person: 'alice@example.com', limit: 200 })
    const pages: typeof whole.events = []
    for (let next: number | null | undefined; next !== null;) {
      const page = await erin.api.ledgerSearch({ person: 'alice@example.com', limit: 3, ...(next === undefined ? {} : { before: next }) })
      pages.push(...page.events)
      next = page.next
    }
    expect(pages.filter(({ at }) => at <= (whole.events[0]?.at ?? ''))).toEqual(whole.events)
    expect(whole.events.every(({ person, body }) => [person, body['user'], body['by']].includes('alice@example.com'))).toBe(true)
    await expect(alice.api.ledgerSearch({})).rejects.toMatchObject({ status: 403 })

    const { page, complaints } = await signedIn(bed.browser, gateway, olga)
    await page.goto('/ledger')
    await page.getByLabel('Request', { exact: true }).fill(request)
    await page.getByLabel('Event', { exact: true }).fill('request')
    await page.getByRole('button', { name: 'Show' }).click()
    const events = page.getByRole('table', { name: 'Events' })
    await expect.poll(() => events.getByRole('row').count()).toBe(4)
    expect(Object.fromEntries(new URL(page.url()).searchParams)).toEqual({ type: 'request', request })
    await expect.poll(async () => (await erin.api.ledgerState()).checkpoint?.size, { timeout: 20_000 }).toBeGreaterThan(whole.events[0]?.index ?? 0)
    await events.getByRole('link').first().click()
    await page.getByText('under a signed checkpoint').waitFor()
    expect(await page.getByLabel('Content of the entry').innerText()).toContain(request)
    expect(complaints).toEqual([])
  })

  test('policies are shown as they are in force, with what they come to, and why', async () => {
    const { alice, erin, gateway } = bed.stage
    expect((await alice.api.policyAccess({})).rows.map(({ user }) => user)).toEqual(['alice@example.com'])
    const { page, complaints } = await signedIn(bed.browser, gateway, erin)
    await page.goto('/policies')
    await page.getByText('valid, and in force').waitFor()
    await page.getByRole('link', { name: 'Who may do what' }).click()
    const row = page.getByRole('row').filter({ hasText: 'alice@example.com' })
    await row.getByRole('link', { name: 'needs 1 of dba' }).click()
    await page.getByRole('region', { name: 'Decision' }).getByText('needs 1 of dba').waitFor()
    await page.getByLabel('Action').selectOption('a statement')
    await page.getByLabel('Statement', { exact: true }).fill('CREATE TABLE t (id int)')
    await page.getByRole('button', { name: 'Explain' }).click()
    await page.getByText('No policy matches').waitFor()
    await page.goto('/policies?show=explain&user=alice@example.com&resource=db&action=sql:write')
    await page.getByRole('list', { name: 'Policies that match' }).getByRole('link', { name: 'writes' }).click()
    await page.getByText('@id("writes")').waitFor()

    const good = readFileSync(gateway.policyFile, 'utf8')
    writeFileSync(gateway.policyFile, `${good}\nnot a policy`)
    await expect.poll(async () => (await erin.api.policy()).refused?.problems.length ?? 0, { timeout: 20_000 }).toBeGreaterThan(0)
    await page.reload()
    await page.getByText('what is on disk is broken').waitFor()
    expect(await page.getByRole('list', { name: 'What is wrong' }).innerText()).toContain('.cedar:')
    writeFileSync(gateway.policyFile, good)
    await expect.poll(async () => (await erin.api.policy()).refused, { timeout: 20_000 }).toBe(null)
    expect(complaints).toEqual([])
  })

  test('the overview counts what was asked, decided and run, and every chart has its figures', async () => {
    const { alice, erin, gateway } = bed.stage
    await expect(alice.api.overview({})).rejects.toMatchObject({ status: 403 })
    const { requests, waiting, ran, denied, unused } = await erin.api.overview({ days: 7 })
    const asked = await erin.api.requests()
    expect(requests.reduce((sum, day) => sum + day.approved, 0)).toBe(asked.filter(({ status }) => status === 'approved').length)
    expect(requests).toHaveLength(7)
    expect(waiting.count).toBe(asked.filter(({ reviews }) => reviews.length > 0).length)
    expect(waiting.distribution.reduce((sum, { count }) => sum + count, 0)).toBe(waiting.count)
    expect(denied[0]).toMatchObject({ person: 'alice@example.com', resource: 'db', action: 'sql:ddl' })
    const started = (await bed.stage.ledger()).filter(({ type }) => type === 'action.started')
    expect(ran.approved).toBe(started.filter(({ body }) => Array.isArray(body['requests'])).length)
    expect(unused?.first).toContainEqual({ person: 'erin@example.com', resource: 'db', action: 'sql:read', policies: ['reads'] })

    const { page, complaints } = await signedIn(bed.browser, gateway, erin)
    await page.goto('/overview?days=7')
    const chart = page.getByRole('region', { name: 'Requests over time' })
    await chart.getByText('As a table').click()
    expect(await chart.getByRole('row').count()).toBe(8)
    await page.getByRole('img', { name: /by policy alone \d+ %.*denied/ }).waitFor()
    expect(complaints).toEqual([])
  })

  test('of the views of a page the one that is shown is marked, and no other', async () => {
    const { page } = await signedIn(bed.browser, bed.stage.gateway, bed.stage.erin, { viewport: { width: 1280, height: 800 } })
    await page.goto('/policies')
    const current = page.getByRole('navigation', { name: 'What of the policies' }).locator('[aria-current]')
    for (const view of ['Who may do what', 'Explain a decision', 'Texts']) {
      await page.getByRole('link', { name: view }).click()
      await expect.poll(() => current.allInnerTexts()).toEqual([view])
    }
  })

  test('the ledger divides neither the name of an event nor a person', async () => {
    const { page } = await signedIn(bed.browser, bed.stage.gateway, bed.stage.erin, { viewport: { width: 1280, height: 800 } })
    await page.goto('/ledger?person=alice@example.com')
    const table = page.getByRole('table', { name: 'Events' })
    await table.getByRole('cell', { name: 'alice@example.com', exact: true }).first().waitFor()
    const lines = await table.locator('td[data-unbroken]').evaluateAll((cells) =>
      cells.map((cell) => {
        const range = document.createRange()
        range.selectNodeContents(cell)
        return new Set([...range.getClientRects()].map(({ top }) => Math.round(top / 10))).size
      }),
    )
    expect(Math.max(...lines)).toBe(1)
    expect(await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)).toBeLessThanOrEqual(0)
  })

  test('every page is free of violations that axe finds, in the dark too, and no wider than a phone', async () => {
    const { erin, gateway } = bed.stage
    const session = (await erin.api.recordings()).recordings[0]?.session ?? ''
    const { page, complaints } = await signedIn(bed.browser, gateway, erin, { viewport: { width: 360, height: 740 } })
    for (const path of [...PAGES, `/sessions/${session}`]) {
      await page.goto(path)
      await page.getByRole('heading', { level: 1 }).waitFor()
      if (path.startsWith('/sessions/')) await page.getByRole('button', { name: 'Open it' }).click()
      await expect.poll(() => page.locator('main [role=status]').filter({ hasText: '…' }).count()).toBe(0)
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme })
        expect({ path, colorScheme, violations: await violations(page) }).toEqual({ path, colorScheme, violations: [] })
      }
      expect(await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)).toBeLessThanOrEqual(0)
    }
    expect(complaints).toEqual([])
  })
})

const PAGES = [
  '/overview',
  '/sessions',
  '/sessions?show=past',
  '/sessions?show=recordings',
  '/ledger',
  '/ledger/2',
  '/policies',
  '/policies?show=access',
  '/policies?show=explain&user=alice@example.com&resource=db&action=sql:write',
]
