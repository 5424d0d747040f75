import type { Page } from 'playwright-core'
import { beforeAll, describe, expect, test } from 'vitest'
import { violations } from './support/axe.ts'
import { BROWSER_MS, enrolIn, signedIn, visitor } from './support/browser.ts'
import { consoleBed } from './support/console-bed.ts'
import { lacks } from './support/needs.ts'

const SCIM = 'the-token-of-a-directory-0123456789abcdef'
const DANA = 'dana@example.com'

describe.skipIf(lacks('psql') || lacks('chromium'))('people in the console', { timeout: BROWSER_MS }, () => {
  const bed = consoleBed({
    users: { 'olga@example.com': { groups: [], auditor: true } },
    identity: { scim: { token: { env: 'SCIM_TOKEN' } } },
    env: { SCIM_TOKEN: SCIM },
  })
  /** An auditor, who is no admin. */
  let olga: { readonly token: string }
  /** An admin, beside erin. */
  let frank: { readonly token: string }
  /** Whoever was invited, at a browser of his own. */
  let dana: Page

  beforeAll(async () => {
    olga = { token: await bed.stage.gateway.token('olga@example.com') }
    frank = { token: await bed.stage.gateway.token('frank@example.com', { mayReview: true }) }
  })

  /** Somebody with an authenticator, at the name for which browsers make passkeys. */
  async function newcomer(link: string): Promise<Page> {
    const { page } = await visitor(bed.browser, bed.stage.gateway.url.replace('127.0.0.1', 'localhost'))
    await enrolIn(page, link)
    return page
  }

  test('an admin invites somebody: the link is shown once, and is nowhere after he has left', async () => {
    const { page, complaints } = await signedIn(bed.browser, bed.stage.gateway, frank)
    await page.goto('/people')
    await page.getByRole('link', { name: 'Invitations' }).click()
    await page.getByLabel('Name').fill(DANA)
    await page.getByLabel('Groups').fill('engineering, oncall')
    await page.getByRole('button', { name: 'Make the link' }).click()
    const link = await page.locator('code').filter({ hasText: '/enrol#' }).innerText()
    expect(await violations(page)).toEqual([])
    const { hash } = new URL(link)
    expect(page.url()).not.toContain(hash)
    await page.getByRole('cell', { name: DANA, exact: true }).waitFor()

    await page.getByRole('link', { name: 'Everybody' }).click()
    await page.getByRole('link', { name: DANA }).waitFor()
    await page.getByRole('link', { name: 'Invitations' }).click()
    await page.getByLabel('Name').waitFor()
    const kept = '[document.documentElement.innerHTML, history.state, {...localStorage}, {...sessionStorage}]'
    expect(JSON.stringify(await page.evaluate(kept))).not.toContain(hash.slice(1))
    expect(complaints).toEqual([])
    await page.context().close()

    dana = await newcomer(link)
    await dana.getByRole('heading', { name: 'Inbox' }).waitFor()
    expect((await bed.stage.erin.api.people()).find(({ name }) => name === DANA)).toMatchObject({ groups: ['engineering', 'oncall'], passkeys: 1 })
  })

  test('an invitation that was not used is taken back, which is said before it is done', async () => {
    await bed.stage.erin.api.invite({ user: 'alice@example.com' })
    const { page } = await signedIn(bed.browser, bed.stage.gateway, frank)
    await page.goto('/people?show=invitations')
    await page.getByRole('button', { name: 'Take it back: the invitation of alice@example.com' }).click()
    await page.getByRole('dialog').getByText('enrols nobody any more').waitFor()
    await page.getByRole('dialog').getByRole('button', { name: 'Take it back' }).click()
    await page.getByText('No invitation is open').waitFor()
    expect((await bed.stage.erin.api.invites()).find(({ user }) => user === 'alice@example.com')?.revokedAt).not.toBeNull()
    await page.context().close()
  })

  test('an admin disables him: his open page shows the way in, and what he had has ended', async () => {
    await dana.getByText('live', { exact: true }).last().waitFor()
    const { page, complaints } = await signedIn(bed.browser, bed.stage.gateway, frank, { viewport: { width: 1280, height: 900 } })
    await page.goto('/people?text=DANA')
    await page.getByRole('table', { name: 'People' }).getByRole('link').click()
    await page.getByRole('heading', { level: 1, name: DANA }).waitFor()
    await page.getByRole('table', { name: 'Sign-ins' }).getByText('passkey', { exact: true }).waitFor()
    await page.getByRole('button', { name: `Disable: ${DANA}` }).click()
    expect(await violations(page)).toEqual([])
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    await page.getByRole('button', { name: `Disable: ${DANA}` }).press('Enter')
    await page.getByRole('dialog').getByRole('button', { name: 'Disable', exact: true }).press('Enter')
    await dana.getByRole('heading', { name: 'Sign in' }).waitFor()
    await page.getByText('disabled by frank@example.com').waitFor()
    await page.getByText('No browser is signed in').waitFor()

    await page.getByRole('button', { name: `Enable: ${DANA}` }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Enable', exact: true }).click()
    await page.getByText('active', { exact: true }).waitFor()
    expect(complaints).toEqual([])
    await page.context().close()
    await dana.context().close()
  })

  test('a token and a passkey of somebody are ended one by one', async () => {
    const { bob, gateway } = bed.stage
    await bob.api.createToken({ name: 'a script', resources: ['db'] })
    const { page } = await signedIn(bed.browser, gateway, frank, { viewport: { width: 1280, height: 900 } })
    await page.goto(`/people/${bob.user}`)
    const row = page.getByRole('table', { name: 'Tokens' }).getByRole('row').filter({ hasText: 'a script' })
    expect(await row.innerText()).toMatch(/any action on db[\s\S]*bob@example\.com[\s\S]*never/)
    await row.getByRole('button').click()
    await page.getByRole('dialog').getByRole('button', { name: 'Revoke', exact: true }).click()
    await row.waitFor({ state: 'detached' })
    expect((await bob.api.tokens()).find(({ name }) => name === 'a script')?.revokedAt).not.toBeNull()

    await page.goto(`/people/${DANA}`)
    await page.getByRole('button', { name: `Remove: laptop of ${DANA}` }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Remove', exact: true }).click()
    await page.getByText('There is no passkey').waitFor()
    await page.context().close()
  })

  test('a key of a new admin is found by its count in the menu, and agreed to by another admin than who invited him', async () => {
    const { erin, gateway } = bed.stage
    const { link } = await erin.api.invite({ user: 'rita@example.com', admin: true })
    const rita = await newcomer(link)
    await rita.getByText('waits for another admin').waitFor()

    const inviter = await signedIn(bed.browser, gateway, erin)
    await inviter.page.goto('/people')
    await inviter.page.getByText('another admin has to say').waitFor()
    expect(await inviter.page.getByRole('button', { name: /^Agree/ }).count()).toBe(0)
    await inviter.page.context().close()

    const { page, complaints } = await signedIn(bed.browser, gateway, frank, { viewport: { width: 1280, height: 900 } })
    await page.goto('/')
    await page.getByRole('link', { name: 'People 1 waiting' }).click()
    await page.getByRole('button', { name: 'Agree: laptop of rita@example.com', exact: true }).click()
    expect(await violations(page)).toEqual([])
    await page.getByRole('dialog').getByRole('button', { name: 'Agree', exact: true }).click()
    await page.getByRole('heading', { name: 'Passkeys that wait for another admin' }).waitFor({ state: 'detached' })
    await page.getByRole('link', { name: 'People', exact: true }).waitFor()
    expect(complaints).toEqual([])
    await page.context().close()

    await rita.goto('/')
    await rita.getByRole('button', { name: 'Sign in with a passkey' }).click()
    await rita.getByRole('link', { name: 'People', exact: true }).waitFor()
    await rita.context().close()
  })

  test('whom a directory has disabled an admin does not enable, and is told why', async () => {
    const body = JSON.stringify({ userName: 'greta@example.com', active: false })
    await fetch(`${bed.stage.gateway.url}/scim/v2/Users`, {
      method: 'POST',
      headers: { authorization: `Bearer ${SCIM}`, 'content-type': 'application/scim+json' },
      body,
    })
    const { page } = await signedIn(bed.browser, bed.stage.gateway, frank)
    await page.goto('/people?only=disabled')
    await page.getByRole('link', { name: 'greta@example.com' }).click()
    await page.getByText('disabled by directory (SCIM)').waitFor()
    await page.getByRole('button', { name: 'Enable: greta@example.com' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Enable', exact: true }).click()
    expect(await page.getByRole('alert').innerText()).toContain('stays disabled: scim says so, and has to say otherwise')
    await page.context().close()
  })

  test('an auditor sees all of it, and no button that changes anything', async () => {
    await bed.stage.erin.api.invite({ user: 'alice@example.com' })
    const { page, complaints } = await signedIn(bed.browser, bed.stage.gateway, olga)
    for (const [path, seen] of [
      ['/people', 'greta@example.com'],
      ['/people?show=invitations', 'alice@example.com'],
      ['/people/bob@example.com', 'local-admin'],
    ] as const) {
      await page.goto(path)
      await page.getByText(seen).first().waitFor()
      await expect.poll(() => page.locator('main [role=status]').filter({ hasText: '…' }).count()).toBe(0)
      const buttons = await page.locator('main').getByRole('button').allInnerTexts()
      expect(buttons.filter((name) => name !== 'Show')).toEqual([])
      expect(await page.getByRole('form').count()).toBe(0)
    }
    expect(complaints).toEqual([])
    await page.context().close()
  })

  test('what cannot be read is said, and read when it is asked for again', async () => {
    const { page } = await signedIn(bed.browser, bed.stage.gateway, olga)
    await page.route('**/api/v1/people', (route) => route.abort())
    await page.goto('/people')
    const alert = page.getByRole('alert').filter({ hasText: 'does not answer' })
    await alert.waitFor()
    await page.unroute('**/api/v1/people')
    await alert.getByRole('button', { name: 'Try again' }).click()
    await page.getByRole('table', { name: 'People' }).waitFor()
    expect(await page.getByRole('alert').count()).toBe(0)
    await page.context().close()
  })

  test('for whoever is neither there is no such page, nor is anything asked for it', async () => {
    const { page, complaints } = await signedIn(bed.browser, bed.stage.gateway, bed.stage.alice)
    const asked: string[] = []
    page.on('request', (request) => asked.push(new URL(request.url()).pathname))
    for (const path of ['/people', '/people?show=invitations', `/people/${DANA}`]) {
      await page.goto(path)
      await page.getByRole('heading', { name: 'There is nothing here' }).waitFor()
    }
    await page.goto('/')
    await page.getByRole('heading', { name: 'Inbox' }).waitFor()
    expect(await page.getByRole('link', { name: 'People' }).count()).toBe(0)
    expect(asked.filter((path) => /^\/api\/v1\/(?:people|invites|passkeys)/.test(path))).toEqual([])
    expect(complaints).toEqual([])
    await page.context().close()
  })
})
