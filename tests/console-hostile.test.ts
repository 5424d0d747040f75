import { describe, expect, test } from 'vitest'
import { BROWSER_MS, signedIn, visitor } from './support/browser.ts'
import { consoleBed } from './support/console-bed.ts'
import { lacks } from './support/needs.ts'
import { held } from './support/stage.ts'

const MARKUP = '<img src=x onerror="window.broken = 1"><script>window.broken = 1</script><a href="javascript:alert(1)">here</a>'

describe.skipIf(lacks('psql') || lacks('chromium'))('what a requester wrote, in the console', { timeout: BROWSER_MS }, () => {
  const bed = consoleBed()

  const shown = async (action: string, reason: string) => {
    const { request } = await bed.stage.alice.api.ask({ resource: 'db', action, reason, ticket: reason.slice(0, 200) })
    const { page, complaints } = await signedIn(bed.browser, bed.stage.gateway, bed.stage.bob)
    await page.goto(`/r/${request.id.slice('req-'.length)}`)
    await page.getByText('Your review').waitFor()
    return { page, complaints }
  }

  test('is text, whatever it would be elsewhere', async () => {
    const { page, complaints } = await shown(`DELETE FROM orders WHERE status = '${MARKUP}'`, MARKUP)
    expect(await page.getByLabel('What is asked').innerText()).toContain(MARKUP)
    expect(await page.evaluate('window.broken')).toBeUndefined()
    expect(await page.locator('main img, main script, a[href^="javascript:"]').count()).toBe(0)
    expect(complaints).toEqual([])
  })

  test('is named where it cannot be seen, and turns nothing around it', async () => {
    const { page } = await shown(
      "DELETE FROM orders WHERE id = 1 -- \u202e\u2066 'x\u200b' \u0007",
      'fine \u001b[31m\u001b]8;;http://evil.example\u0007click\u202e',
    )
    const marks = await page.locator('figure mark').allInnerTexts()
    expect(marks).toEqual(['U+202E', 'U+2066', 'U+200B', 'U+0007'])
    const reason = await page.getByText('fine', { exact: false }).first().innerText()
    expect(reason).toContain('U+001B')
    expect(await page.locator('main').innerText()).not.toMatch(/[^\P{Cc}\n\t]|\p{Cf}/u)
  })

  test('is no more than that in what the database says of its failure', async () => {
    const session = bed.stage.alice.psql()
    session.type(`DELETE FROM orders WHERE id = '${MARKUP}\u202e'::int;`)
    const id = await held(session)
    await bed.stage.bob.api.approve({ id })
    await session.next(/invalid input syntax/)
    await session.quit()
    const { page, complaints } = await signedIn(bed.browser, bed.stage.gateway, bed.stage.bob)
    await page.goto(`/r/${id.slice('req-'.length)}`)
    const ran = page.getByLabel('What ran')
    await ran.getByText('invalid input syntax').waitFor()
    expect(await ran.innerText()).toContain(MARKUP)
    expect(await ran.locator('mark').allInnerTexts()).toEqual(['U+202E'])
    expect(await page.locator('main img, main script, a[href^="javascript:"]').count()).toBe(0)
    expect(complaints).toEqual([])
  })

  test('is approved by nobody who was not shown all of it', async () => {
    const { page } = await shown(`DELETE FROM orders WHERE id IN (1${', 1'.repeat(40_000)}) AND status = 'the end of it'`, 'long')
    await page.getByText('This is only the beginning').waitFor()
    expect(await page.getByRole('button', { name: 'Approve' }).isDisabled()).toBe(true)
    await page.keyboard.press('a')
    await page.getByRole('button', { name: 'Show all of it' }).click()
    expect(await page.locator('figure').innerText()).toContain('the end of it')
    expect(await page.getByRole('button', { name: 'Approve' }).isEnabled()).toBe(true)
  })

  test('leads nobody away from here by a link to the way in', async () => {
    for (const to of ['//evil.example/x', 'https://evil.example', '/\\evil.example', '/\t/evil.example', 'javascript:alert(1)']) {
      const { page } = await visitor(bed.browser, bed.stage.gateway.url)
      await page.goto(`/sign-in?to=${encodeURIComponent(to)}`)
      await page.getByRole('heading', { name: 'Sign in' }).waitFor()
      expect(await page.locator('a[href*="evil"], a[href^="javascript"]').count()).toBe(0)
      await page.context().close()
    }
  })
})
