import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { BROWSER_MS, openBrowser, type Visitor, visitor } from './support/browser.ts'
import { lacks } from './support/needs.ts'
import { type OidcProvider, startOidcProvider } from './support/oidc-provider.ts'
import { held, openStage, type Stage } from './support/stage.ts'

const POLICY = `
@id("reads") permit (principal in Group::"engineering", action in [Action::"connect", Action::"sql:read"], resource);
@id("writes") @review("dba") @grants("30m") @expires("5m") permit (principal in Group::"engineering", action == Action::"sql:write", resource);
`
/** She is in no configuration: what she may do is what the issuer says of her. */
const IVY = { email: 'ivy@example.com', email_verified: true, groups: ['dba'] }

describe.skipIf(lacks('psql') || lacks('chromium'))('signing in at an issuer, in a browser', { timeout: BROWSER_MS }, () => {
  let provider: OidcProvider
  let stage: Stage
  let browser: Browser
  let ivy: Visitor
  let path: string

  beforeAll(async () => {
    // Playwright turns off that a browser goes back to a page as it left it, which people's browsers do.
    browser = await openBrowser({ ignoreDefaultArgs: ['--disable-back-forward-cache'] })
    provider = await startOidcProvider({ ivy: IVY }, true)
    stage = await openStage({ policy: POLICY, identity: { oidc: { name: 'corp', title: 'Corp', ...provider.client } }, env: provider.env })
    ivy = await visitor(browser, stage.gateway.url)
  })
  afterAll(async () => {
    await browser?.close()
    await stage?.close()
    await provider?.stop()
  })

  const wayIn = (page: Page) => page.getByRole('link', { name: 'Sign in with Corp' })

  test('leads from a request to that very request, which she approves while psql waits', async () => {
    const { page } = ivy
    await page.addInitScript(REMEMBER)
    const session = stage.alice.psql()
    session.type('DELETE FROM orders WHERE id = 7;')
    const id = await held(session)
    path = `/r/${id.slice('req-'.length)}`
    await page.goto(path)
    await wayIn(page).click()
    await page.getByRole('heading', { name: 'Who are you?' }).waitFor()
    expect(new URL(page.url()).origin).toBe(provider.issuer)
    await page.getByRole('button', { name: 'ivy' }).click()
    await page.getByRole('button', { name: 'Allow' }).click()

    await page.getByRole('heading', { name: 'Your review' }).waitFor()
    expect(page.url()).toBe(stage.gateway.url + path)
    expect(await page.evaluate('document.cookie')).toBe('')
    expect(await page.context().cookies(stage.gateway.url)).toEqual([
      expect.objectContaining({ name: 'countersign', httpOnly: true, sameSite: 'Strict', path: '/' }),
    ])

    await page.getByLabel('Comment').fill('as agreed')
    await page.getByRole('button', { name: 'Approve' }).click()
    await session.next(/approved by ivy@example.com: "as agreed"; running once/)
    await session.next(/DELETE 1\n/)
    await page.getByText('approved', { exact: true }).first().waitFor()
    expect(await page.getByLabel('Reviews').innerText()).not.toContain('unproven')
    expect((await stage.alice.api.request({ id })).reviews).toMatchObject([{ reviewer: { user: 'ivy@example.com' }, unproven: false, comment: 'as agreed' }])
    await expect
      .poll(async () => (await stage.ledger()).find(({ type }) => type === 'request.reviewed')?.body)
      .toMatchObject({ request: id, reviewer: 'ivy@example.com', proven: true })
    await session.quit()
    expect(ivy.complaints).toEqual([])
  })

  test('ends here and at the issuer, and nobody who goes back is shown anything', async () => {
    const { page } = ivy
    const [cookie] = await page.context().cookies(stage.gateway.url)
    await page.getByRole('button', { name: 'ivy@example.com' }).click()
    await page.getByRole('menuitem', { name: 'Sign out' }).click()
    await page.getByRole('button', { name: 'Yes, sign me out' }).waitFor()
    const answer = await fetch(`${stage.gateway.url}/api/v1/whoami`, { headers: { cookie: `countersign=${cookie?.value}` } })
    expect(answer.status).toBe(401)

    await goBack(page)
    await wayIn(page).waitFor()
    const first = await page.evaluate('globalThis.firstShown')
    expect(first).toEqual({ kept: true, text: expect.any(String) })
    expect((first as { readonly text: string }).text).not.toContain('DELETE')
    await page.goForward()
    await page.getByRole('button', { name: 'Yes, sign me out' }).click()
    await wayIn(page).waitFor()
    expect(page.url()).toBe(`${stage.gateway.url}/sign-in`)

    await page.goto(path)
    await wayIn(page).click()
    await page.getByRole('heading', { name: 'Who are you?' }).waitFor()
    expect(ivy.complaints).toEqual([])
  })
})

/** What a page shows at the moment in which somebody comes back to it. */
const REMEMBER = "addEventListener('pageshow', ({ persisted }) => { globalThis.firstShown = { kept: persisted, text: document.body.innerText } })"

/** Playwright would wait for the page to load, which it does not where the browser has kept it. */
const goBack = (page: Page) => page.evaluate('setTimeout(() => history.back())')
