import { createClient } from '@countersign/contract/client'
import { beforeAll, describe, expect, test } from 'vitest'
import { violations } from './support/axe.ts'
import { BROWSER_MS, type Visitor, visitor, withAuthenticator } from './support/browser.ts'
import { consoleBed } from './support/console-bed.ts'
import { lacks } from './support/needs.ts'
import { held } from './support/stage.ts'

const POLICY = `
@id("reads") permit (principal in Group::"engineering", action in [Action::"connect", Action::"sql:read"], resource);
@id("writes") @review("dba") @sign("passkey") @grants("30m") permit (principal in Group::"engineering", action == Action::"sql:write", resource);
`

describe.skipIf(lacks('psql') || lacks('chromium'))('a passkey in the console', { timeout: BROWSER_MS }, () => {
  const bed = consoleBed({ policy: POLICY })
  let bob: Visitor

  beforeAll(async () => {
    // Browsers have passkeys for names, and this machine's is localhost.
    bob = await visitor(bed.browser, bed.stage.gateway.url.replace('127.0.0.1', 'localhost'))
    await withAuthenticator(bob.page)
  })

  test('is made with an invitation, whose secret stays in no address, and signs in', async () => {
    const { link } = await bed.stage.gateway.api().invite({ user: 'bob@example.com' })
    const { pathname, hash } = new URL(link)
    const { page } = bob
    await page.goto(pathname + hash)
    await page.getByText('bob@example.com').waitFor()
    expect(page.url()).not.toContain(hash)
    expect(await violations(page)).toEqual([])
    await page.getByLabel('What you call it').fill('telephone')
    await page.getByRole('button', { name: 'Make the passkey' }).click()
    await page.getByText('Nothing waits for you').waitFor()
    expect(await page.evaluate('document.cookie')).toBe('')

    await page.goto('/profile')
    await page.getByText('telephone').waitFor()
    await page.getByRole('listitem').filter({ hasText: 'This browser' }).waitFor()
    expect(await violations(page)).toEqual([])
  })

  test('brings somebody who signed out to the request that he was sent to, which he approves with his signature', async () => {
    const { alice } = bed.stage
    const { page } = bob
    await page.getByRole('button', { name: 'bob@example.com' }).click()
    await page.getByRole('menuitem', { name: 'Sign out' }).click()
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()

    const session = alice.psql()
    session.type('DELETE FROM orders WHERE id = 7;')
    const id = await held(session)
    await page.goto(`/r/${id.slice('req-'.length)}`)
    await page.getByRole('button', { name: 'Sign in with a passkey' }).click()
    await page.getByText('asks to run').waitFor()
    expect(new URL(page.url()).pathname).toBe(`/r/${id.slice('req-'.length)}`)

    await page.getByLabel('Comment').fill('as agreed')
    await page.getByRole('button', { name: 'Approve and sign' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText('DELETE FROM orders WHERE id = 7').first().waitFor()
    expect(await dialog.innerText()).toContain('as agreed')
    expect(await violations(page)).toEqual([])
    await dialog.getByRole('button', { name: 'Sign with my passkey' }).click()
    await session.next(/DELETE 1\n/)
    await page.getByText('approved', { exact: true }).first().waitFor()
    const { reviews } = await alice.api.request({ id })
    expect(reviews).toMatchObject([{ reviewer: { user: 'bob@example.com' }, unproven: false, comment: 'as agreed' }])
    expect(bob.complaints).toEqual([])
    await session.quit()
  })

  test('signs in a command line, once it was shown who asks and from where', async () => {
    const { page } = bob
    const api = createClient({ url: bed.stage.gateway.url })
    const { userCode, deviceCode } = await api.device({ client: 'countersign\u202e', host: '<b>laptop</b>' })
    await page.goto(`/device?code=${userCode}`)
    await page.getByText('countersignU+202E on <b>laptop</b>').waitFor()
    expect(await page.locator('main').innerText()).toContain('127.0.0.1')
    expect(await violations(page)).toEqual([])
    await page.getByRole('button', { name: 'Sign it in' }).click()
    await page.getByText('It is signed in').waitFor()
    expect(await api.deviceToken({ deviceCode })).toMatchObject({ user: 'bob@example.com' })
  })

  test('is good for nobody who was signed out elsewhere: the open page shows the way in', async () => {
    const { page } = bob
    await page.goto('/')
    await page.getByRole('heading', { name: 'Inbox' }).waitFor()
    await page.getByText('live', { exact: true }).last().waitFor()
    const [login] = await bed.stage.gateway.api().logins({ user: 'bob@example.com' })
    await bed.stage.gateway.api().endLogin({ id: login?.id ?? '' })
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
    expect(await page.getByRole('heading', { name: 'Inbox' }).count()).toBe(0)
  })
})
