import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openBrowser, signedIn } from './support/browser.ts'
import { lacks } from './support/needs.ts'
import { held, openStage, sessionOf, type Stage } from './support/stage.ts'

const POLICY = `
@id("reads") permit (principal in Group::"engineering", action in [Action::"connect", Action::"sql:read"], resource);
@id("writes") @review("dba") @grants("30m") @expires("5m") permit (principal in Group::"engineering", action == Action::"sql:write", resource);
`

describe.skipIf(lacks('psql') || lacks('chromium'))('oversight in the console', () => {
  let stage: Stage
  let browser: Browser
  /** An auditor, who is no admin. */
  let olga: { readonly token: string }
  /** An admin, who is no auditor. */
  let root: { readonly token: string }

  beforeAll(async () => {
    browser = await openBrowser()
    const users = { 'olga@example.com': { groups: [], auditor: true }, 'root@example.com': { groups: [], admin: true } }
    stage = await openStage({ policy: POLICY, recordings: { directory: './recordings' }, users })
    olga = { token: await stage.gateway.token('olga@example.com') }
    root = { token: await stage.gateway.token('root@example.com') }
  })
  afterAll(async () => {
    await browser?.close()
    await stage?.close()
  })

  test('a session is watched while it runs: what is done, held, approved and denied, statement by statement', async () => {
    const { alice, bob, gateway } = stage
    const session = alice.psql()
    const id = await sessionOf(session)
    const { page, complaints } = await signedIn(browser, gateway, alice)
    page.setDefaultTimeout(6000)
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
    const told = (await stage.ledger()).filter(({ type, body }) => type === 'session.watched' && body['session'] === id)
    expect(told.map(({ body }) => body['by'])).toEqual(['alice@example.com'])
    expect(complaints).toEqual([])
  })

  test('whose session it is not watches nothing, but may end it as an admin, with a reason that its person is told', async () => {
    const { alice, bob, gateway } = stage
    const session = alice.psql()
    const id = await sessionOf(session)
    await expect(gateway.api(olga.token).kill({ id })).rejects.toMatchObject({ status: 403 })
    const watched = await gateway.api(olga.token).watch({ id }).next()
    expect(watched.value).toMatchObject({ index: 0, line: { line: 'begin', session: id } })
    await expect(bob.api.session({ id })).rejects.toMatchObject({ status: 404 })
    await expect(bob.api.watch({ id }).next()).rejects.toMatchObject({ status: 404 })
    expect(await bob.api.sessions({ user: 'alice@example.com' })).toEqual([])

    await expect(gateway.api(root.token).watch({ id }).next()).rejects.toMatchObject({ status: 403 })
    const { page, complaints } = await signedIn(browser, gateway, root)
    page.setDefaultTimeout(6000)
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
    const { alice, gateway } = stage
    const session = alice.psql()
    const id = await sessionOf(session)
    session.type("SELECT 'needle', count(*) FROM orders;")
    await session.next(/needle/)
    session.type('SELECT 1/0;')
    await session.next(/division by zero/)
    await session.quit()
    await expect.poll(async () => (await alice.api.recordings()).recordings.some((each) => each.session === id), { timeout: 20_000 }).toBe(true)
    const { page, complaints } = await signedIn(browser, gateway, alice)
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
})
