import type { Recording } from '@countersign/contract/schemas/recording'
import pg from 'pg'
import type { Page } from 'playwright-core'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import { violations } from './support/axe.ts'
import { BROWSER_MS, signedIn, visitor } from './support/browser.ts'
import { consoleBed } from './support/console-bed.ts'
import { lacks } from './support/needs.ts'

/** Red, a link, a title, a bell, a text turned round and one that cannot be seen. */
const HOSTILE = '\u001b[31mred\u001b]8;;http://evil.example\u0007here\u001b]8;;\u0007\u001b]0;title\u0007 \u009b2J \u202ekcab\u2066 \u200b'
const NAMED = ['001B', '0007', '009B', '202E', '2066', '200B'].map((code) => `<U+${code}>`)

/** Whether the document may compile WebAssembly: eight bytes are a module without anything in it. */
const MAY_COMPILE = `(() => { try { return Boolean(new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]))) } catch { return false } })()`

describe.skipIf(lacks('chromium'))('the replay of a session in a terminal', { timeout: BROWSER_MS }, () => {
  const bed = consoleBed({ recordings: { directory: './recordings' } })
  let id = ''

  beforeAll(async () => {
    const { alice, gateway } = bed.stage
    const client = new pg.Client({ ...gateway.postgres, user: alice.user, password: alice.token, database: 'db' })
    await client.connect()
    await client.query("SELECT 'the beginning' AS seen")
    await client.query(`SELECT '${HOSTILE}'::int`).catch(() => undefined)
    await client.query("SELECT 'the last of it' AS seen")
    await client.end()
    id = await vi.waitFor(async () => recordedIn((await alice.api.recordings()).recordings[0]), { timeout: 20_000, interval: 200 })
  })

  const open = async (options: Parameters<typeof signedIn>[3] = {}) => {
    const visit = await signedIn(bed.browser, bed.stage.gateway, bed.stage.alice, options)
    await visit.page.goto(`/sessions/${id}/terminal`)
    await visit.page.getByRole('button', { name: 'Open it' }).click()
    await visit.page.getByRole('button', { name: 'Play', exact: true }).waitFor()
    return visit
  }
  /** What the terminal shows, as one line: it breaks lines where it ends. */
  const shown = async (page: Page) => (await page.locator('.ap-term-text').innerText()).replaceAll('\n', '')

  test('is one click from its statements, plays by the keyboard when it is told to, and breaks no rule of the page', async () => {
    const { page, complaints } = await signedIn(bed.browser, bed.stage.gateway, bed.stage.alice)
    await page.goto(`/sessions/${id}`)
    await page.getByRole('link', { name: 'Terminal' }).click()
    await page.waitForURL(`**/sessions/${id}/terminal`)
    await page.getByRole('button', { name: 'Open it' }).click()
    await page.getByRole('button', { name: 'Play', exact: true }).waitFor()
    expect(await shown(page)).not.toContain('the last of it')
    await page.locator('.ap-term-text').press(' ')
    await expect.poll(() => shown(page), { timeout: 30_000 }).toContain("SELECT 'the last of it' AS seen")
    await expect.poll(() => shown(page), { timeout: 30_000 }).toContain('ended: ')
    await page.locator('.ap-term-text').press('0')
    await expect.poll(() => shown(page)).not.toContain('the last of it')
    const readers = async () =>
      (await bed.stage.ledger()).filter(({ type, body }) => type === 'recording.read' && body['session'] === id).map(({ body }) => body['by'])
    await expect.poll(readers, { timeout: 20_000 }).toContain('alice@example.com')
    expect(complaints).toEqual([])
  })

  test('names what would have acted on a terminal, and does none of it', async () => {
    const { page, complaints } = await open()
    const title = await page.title()
    await page.locator('.ap-term-text').press(' ')
    await expect.poll(() => shown(page), { timeout: 30_000 }).toContain('the last of it')
    const text = await shown(page)
    expect(NAMED.filter((name) => !text.includes(name))).toEqual([])
    expect(text).toContain('the beginning')
    expect(text).not.toMatch(/\p{Cc}|\p{Cf}/u)
    expect(await page.locator('[role=group] a').count()).toBe(0)
    expect(await page.title()).toBe(title)
    expect(complaints).toEqual([])
  })

  test('is read in light and dark colours and on a telephone', async () => {
    const { page } = await open({ viewport: { width: 360, height: 740 } })
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      expect({ colorScheme, violations: await violations(page) }).toEqual({ colorScheme, violations: [] })
    }
    expect(await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)).toBeLessThanOrEqual(0)
    expect(await page.locator('.ap-term-text').evaluate((text) => parseFloat(getComputedStyle(text).fontSize))).toBeGreaterThan(10)
  })

  test('is a document of its own: no other page may compile WebAssembly, however one gets there', async () => {
    const { page, complaints } = await open()
    expect(await page.evaluate(MAY_COMPILE)).toBe(true)
    await page.getByRole('link', { name: 'Statements' }).click()
    await page.waitForURL(`**/sessions/${id}`)
    await page.getByRole('button', { name: 'Open it' }).waitFor()
    expect(complaints).toEqual([])
    expect(await page.evaluate(MAY_COMPILE)).toBe(false)
    await page.goBack()
    await page.waitForURL(`**/sessions/${id}/terminal`)
    await page.getByRole('button', { name: 'Open it' }).waitFor()
    expect(await page.evaluate(MAY_COMPILE)).toBe(true)
    await page.goForward()
    await page.waitForURL(`**/sessions/${id}`)
    await page.getByRole('button', { name: 'Open it' }).waitFor()
    expect(await page.evaluate(MAY_COMPILE)).toBe(false)

    const nobody = await visitor(bed.browser, bed.stage.gateway.url)
    await nobody.page.goto(`/sessions/${id}/terminal`)
    await nobody.page.getByRole('heading', { name: 'Sign in' }).waitFor()
    expect(new URL(nobody.page.url()).searchParams.get('to')).toBe(`/sessions/${id}/terminal`)
    expect(await nobody.page.evaluate(MAY_COMPILE)).toBe(false)
    expect(nobody.complaints).toEqual([])
  })
})

function recordedIn(recording: Recording | undefined): string {
  if (!recording) throw new Error('there is no recording yet')
  return recording.session
}
