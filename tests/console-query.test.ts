import { readFileSync } from 'node:fs'
import type { Page } from 'playwright-core'
import { beforeAll, describe, expect, test } from 'vitest'
import { violations } from './support/axe.ts'
import { BROWSER_MS, signedInByPasskey, type Visitor, visitor } from './support/browser.ts'
import { consoleBed } from './support/console-bed.ts'
import { lacks } from './support/needs.ts'

/** Bytes over the wire before the page can be read; the editor comes after. */
const LARGEST_FIRST_LOAD = 300_000

describe.skipIf(lacks('chromium'))('a query in the console', { timeout: BROWSER_MS }, () => {
  const bed = consoleBed({ resources: { db: {}, other: {} } })
  let alice: Visitor

  beforeAll(async () => {
    alice = await signedInByPasskey(bed.browser, bed.stage.gateway, 'alice@example.com')
  }, 2 * BROWSER_MS)

  test('is opened from a resource, and shows its page in less than 300 kB, before the editor is there', async () => {
    const { page } = alice
    await page.goto('/resources')
    await page.getByRole('listitem').filter({ hasText: 'other' }).getByRole('link', { name: 'Query' }).click()
    await editorOf(page).waitFor()
    expect(await page.getByLabel('Resource').inputValue()).toBe('other')

    const { page: fresh } = await visitor(bed.browser, new URL(page.url()).origin, { storageState: await page.context().storageState() })
    const loads: { url: string; bytes: number }[] = []
    fresh.on('requestfinished', (request) => {
      void request
        .sizes()
        .then(({ responseBodySize, responseHeadersSize }) => loads.push({ url: request.url(), bytes: responseBodySize + responseHeadersSize }))
    })
    await fresh.route(/assets\/editor-/, async (route) => {
      await fresh.getByRole('button', { name: 'Run' }).waitFor()
      await route.continue()
    })
    await fresh.goto('/query')
    await editorOf(fresh).waitFor()
    const first = loads.filter(({ url }) => !url.includes('/assets/editor-')).reduce((sum, { bytes }) => sum + bytes, 0)
    expect(first).toBeGreaterThan(50_000)
    expect(first).toBeLessThan(LARGEST_FIRST_LOAD)
    // What is meant for one of several resources runs on none before it is chosen.
    expect(await fresh.getByLabel('Resource').inputValue()).toBe('')
    await fresh.context().close()
  })

  test('shows the rows of a read, statement by statement, with everything in them that cannot be seen', async () => {
    const { page } = alice
    await write(page, "SELECT id, status FROM orders WHERE id < 3 ORDER BY id; SELECT 'NULL' AS word, NULL::int AS none, E'a\\u202Eb' AS turned;")
    await page.keyboard.press('Control+Enter')
    const first = page.getByRole('region', { name: 'Result 1' })
    await expect.poll(() => first.getByRole('cell').allInnerTexts()).toEqual(['1', 'new', '2', 'new'])
    expect(await first.getByRole('cell', { name: '1', exact: true }).getAttribute('data-numeric')).toBe('true')
    const second = page.getByRole('region', { name: 'Result 2' })
    expect(await second.getByRole('cell').allInnerTexts()).toEqual(['NULL', 'NULL', 'aU+202Eb'])
    const looks = await second
      .getByRole('cell')
      .evaluateAll((cells) => cells.slice(0, 2).map((cell) => getComputedStyle(cell.firstElementChild ?? cell).fontStyle))
    expect(looks).toEqual(['normal', 'italic'])
    await page.getByText('Done.').waitFor()
  })

  test('says that rows were left out, and downloads what is there as CSV', async () => {
    const { page } = alice
    await page.getByLabel('Most rows').selectOption('100')
    await write(page, "SELECT i AS n, '=1+' || i AS formula, NULL AS none FROM generate_series(1, 150) AS i;")
    await page.getByRole('button', { name: 'Run' }).click()
    await page.getByText('More rows were left out').waitFor()
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'CSV' }).click()])
    expect(download.suggestedFilename()).toBe('db-1.csv')
    const lines = readFileSync(await download.path(), 'utf8').split('\r\n')
    expect(lines.slice(0, 2)).toEqual(['n,formula,none', "1,'=1+1,"])
    expect(lines).toHaveLength(102)
  })

  test('marks an error where it is, in what is explained too', async () => {
    const { page } = alice
    await write(page, "SELECT '😀',\n  statu FROM orders;")
    for (const button of ['Run', 'Explain']) {
      await page.getByRole('button', { name: button }).click()
      await page.getByRole('alert').filter({ hasText: 'column "statu" does not exist' }).waitFor()
      await expect.poll(() => page.locator('.cs-wrong').allInnerTexts()).toEqual(['statu'])
      await page.getByRole('button', { name: 'Line 2, character 3' }).click()
      await page.keyboard.type(' ')
      expect(await page.locator('.cs-wrong').count()).toBe(0)
      await page.keyboard.press('Backspace')
    }
    await write(page, 'SELECT 1; SELECT 2;')
    await page.getByRole('button', { name: 'Explain' }).click()
    await page.getByText('EXPLAIN is for one statement').waitFor()
  })

  test('shows a held statement in place, and its result once somebody else has approved it', async () => {
    const { page } = alice
    const { bob } = bed.stage
    await page.getByLabel('Reason').fill('INC-7: charged twice')
    await write(page, "UPDATE orders SET status = 'paid' WHERE id = 3;")
    await page.keyboard.press('Control+Enter')
    const request = page.getByRole('region', { name: /^Request req-/ })
    await request.getByText('pending', { exact: true }).waitFor()
    expect(await request.getByRole('link').getAttribute('target')).toBe('_blank')
    const id = await request.getByRole('link').innerText()
    expect(await bob.api.request({ id })).toMatchObject({ status: 'pending', reason: 'INC-7: charged twice', requester: { user: 'alice@example.com' } })
    await bob.api.approve({ id, comment: 'matches INC-7' })
    await page.getByRole('region', { name: 'Result 1' }).getByText('UPDATE 1').waitFor()
    await request.getByText('approved', { exact: true }).waitFor()
    expect(await bed.stage.ask('SELECT status FROM orders WHERE id = 3')).toEqual(['paid'])
  })

  test('withdraws what is held, and leaves it to be reviewed where it is only stopped', async () => {
    const { page } = alice
    await write(page, "UPDATE orders SET status = 'paid' WHERE id = 4;")
    await page.keyboard.press('Control+Enter')
    const request = page.getByRole('region', { name: /^Request req-/ })
    await request.getByText('pending', { exact: true }).waitFor()
    await page.getByRole('button', { name: 'Stop' }).click()
    await request.getByText('Nothing waits for it here any more').waitFor()
    expect((await bed.stage.bob.api.request({ id: await request.getByRole('link').innerText() })).status).toBe('pending')
    await request.getByRole('button', { name: 'Withdraw it' }).click()
    await request.getByText('withdrawn', { exact: true }).waitFor()
  })

  test('says so where the answer is cut off, or the gateway refuses', async () => {
    const { page } = alice
    await page.route('**/api/v1/query', (route) =>
      route.fulfill({ contentType: 'application/x-ndjson', body: '{"kind":"done","statement":0,"tag":"SELECT 1","rows":1,"more":false,"ms":1}\n' }),
    )
    await write(page, 'SELECT 1')
    await page.keyboard.press('Control+Enter')
    const alert = page.getByRole('alert')
    await expect.poll(() => alert.allInnerTexts()).toEqual([expect.stringContaining('This is not all of it')])
    await page.unroute('**/api/v1/query')
    await write(page, 'SELECT 2')
    const database = page.getByRole('textbox', { name: 'Database' })
    await database.fill('no_such_database')
    await page.getByRole('button', { name: 'Run' }).click()
    await expect.poll(() => alert.allInnerTexts()).toEqual([expect.stringContaining('no_such_database')])
    await database.fill('')
  })

  test('breaks no rule of axe in either colour or on a telephone, is left by Tab, and breaks no rule of its Content-Security-Policy', async () => {
    const { page, complaints } = alice
    await write(page, "SELECT id, status, repeat('long ', 100) FROM orders; SELECT statu FROM orders;")
    await page.keyboard.press('Control+Enter')
    await page.getByRole('alert').waitFor()
    await page.getByRole('button', { name: 'all 500 characters' }).first().click()
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      expect(await violations(page)).toEqual([])
    }
    await page.setViewportSize({ width: 360, height: 720 })
    expect(await violations(page)).toEqual([])
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360)
    await editorOf(page).focus()
    await page.keyboard.type('?')
    expect(await page.getByRole('dialog').count()).toBe(0)
    await page.keyboard.press('Tab')
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Run')
    expect(complaints).toEqual([])
  })
})

const editorOf = (page: Page) => page.getByRole('textbox', { name: 'SQL' })

/** Types it in the place of what is there, on the page of a query on `db`. */
async function write(page: Page, sql: string): Promise<void> {
  if (new URL(page.url()).searchParams.get('resource') !== 'db') await page.goto('/query?resource=db')
  await editorOf(page).focus()
  await page.keyboard.press('ControlOrMeta+a')
  await page.keyboard.insertText(sql)
}
