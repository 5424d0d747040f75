import type { Page } from 'playwright-core'
import { beforeAll, describe, expect, test } from 'vitest'
import { violations } from './support/axe.ts'
import { BROWSER_MS, signedIn, visitor } from './support/browser.ts'
import { consoleBed } from './support/console-bed.ts'
import { lacks } from './support/needs.ts'
import { held } from './support/stage.ts'

/** Every page, who opens it, and what is seen once it is there. */
const PAGES = [
  ['/', 'bob', 'Your review'],
  ['/r/ID', 'bob', 'Your review'],
  ['/r/RAN', 'alice', 'It ran once.'],
  ['/requests', 'bob', 'alice@example.com, db'],
  ['/resources', 'alice', 'change the schema'],
  ['/profile', 'bob', 'Being told'],
  ['/people', 'erin', 'bob@example.com'],
  ['/people?show=invitations', 'erin', 'No invitation is open'],
  ['/people/bob@example.com', 'erin', 'local-admin'],
  ['/no/such/page', 'bob', 'There is nothing here'],
  ['/sign-in', null, 'Sign in'],
] as const

describe.skipIf(lacks('psql') || lacks('chromium'))('the console', { timeout: BROWSER_MS }, () => {
  const bed = consoleBed()
  let id = ''
  /** One that was approved, and failed. */
  let ran = ''

  beforeAll(async () => {
    const session = bed.stage.alice.psql()
    session.type("UPDATE orders SET status = 'paid' WHERE id = 3;")
    id = await held(session)
    const other = bed.stage.alice.psql()
    other.type("DELETE FROM orders WHERE id = 'three'::int;")
    ran = await held(other)
    await bed.stage.bob.api.approve({ id: ran })
    await other.next(/invalid input syntax/)
  })

  const open = async (path: string, who: 'alice' | 'bob' | 'erin' | null, options: Parameters<typeof visitor>[2] = {}) => {
    const visit =
      who === null ? await visitor(bed.browser, bed.stage.gateway.url, options) : await signedIn(bed.browser, bed.stage.gateway, bed.stage[who], options)
    await visit.page.goto(path.replace('ID', id.slice('req-'.length)).replace('RAN', ran.slice('req-'.length)))
    return visit
  }

  test.each(PAGES)('%s breaks no rule of axe, in light and dark colours and on a telephone, and needs no more than 360 pixels', async (path, who, seen) => {
    const { page, complaints } = await open(path, who, { colorScheme: 'light' })
    await page.getByText(seen).first().waitFor()
    expect(await violations(page)).toEqual([])
    await page.emulateMedia({ colorScheme: 'dark' })
    expect(await violations(page)).toEqual([])
    await page.setViewportSize({ width: 360, height: 700 })
    await page
      .getByRole('button', { name: 'Open the menu' })
      .or(page.getByRole('heading', { level: 1 }))
      .first()
      .waitFor()
    expect(await violations(page)).toEqual([])
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360)
    expect(complaints).toEqual([])
    await page.context().close()
  })

  test('is worked by the keyboard alone, from the list to the denial', async () => {
    const { page } = await open('/', 'bob')
    await page.getByText('Your review').waitFor()
    await page.keyboard.press('?')
    await page.getByRole('dialog').getByText('Deny it').waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    await page.keyboard.press('j')
    expect(await focused(page)).toContain('UPDATE orders')
    await page.keyboard.press('d')
    await page.getByText('Say why it is denied.').waitFor()
    await page.keyboard.type('not on a Friday, ask again')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Tab')
    expect(await focused(page)).toContain('Deny')
    await page.keyboard.press('Enter')
    await page.getByText('Nothing waits for you').waitFor()
    expect((await bed.stage.alice.api.request({ id })).reviews).toMatchObject([{ verdict: 'deny', comment: 'not on a Friday, ask again' }])
  })

  test('reaches the page past the menu with one key', async () => {
    const { page } = await open('/resources', 'alice')
    await page.getByText('change the schema').first().waitFor()
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await page.keyboard.press('Tab')
    expect(await focused(page)).toContain('Ask for access')
  })
})

const focused = (page: Page): Promise<string> => page.evaluate<string>('document.activeElement.textContent')
