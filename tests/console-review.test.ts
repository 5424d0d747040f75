import { describe, expect, test } from 'vitest'
import { BROWSER_MS, signedIn } from './support/browser.ts'
import { consoleBed } from './support/console-bed.ts'
import { lacks } from './support/needs.ts'
import { held, sessionOf } from './support/stage.ts'

const short = (id: string) => id.replace('req-', '')

describe.skipIf(lacks('psql') || lacks('chromium'))('a review in the console', { timeout: BROWSER_MS }, () => {
  const bed = consoleBed()

  test('the whole story: psql waits, the reviewer sees it appear and approves it, the requester sees by whom', async () => {
    const { alice, bob, gateway } = bed.stage
    const reviewer = await signedIn(bed.browser, gateway, bob)
    await reviewer.page.goto('/')
    await reviewer.page.getByText('Nothing waits for you').waitFor()

    const session = alice.psql()
    session.type("SET countersign.reason = 'INC-7: charged twice'; DELETE FROM orders WHERE id IN (7, 8, 9);")
    const id = await held(session)
    await reviewer.page.getByRole('heading', { name: 'Your review' }).waitFor()
    await expect.poll(() => reviewer.page.title()).toBe('(1) Inbox · Countersign')
    expect(await reviewer.page.getByRole('figure').innerText()).toContain('DELETE FROM orders WHERE id IN (7, 8, 9)')
    expect(await reviewer.page.getByLabel('Impact').innerText()).toContain('3 rows when it was held')

    const requester = await signedIn(bed.browser, gateway, alice)
    await requester.page.goto(`/r/${short(id)}`)
    await requester.page.getByText('It is your own request').waitFor()

    await reviewer.page.getByLabel('Comment').fill('matches INC-7')
    await reviewer.page.getByRole('button', { name: 'Approve' }).click()
    await session.next(new RegExp(`NOTICE: {2}${id} approved by bob@example.com.*"matches INC-7"; running once`))
    await session.next(/DELETE 3\n/)
    await requester.page.getByLabel('What ran').getByText('DELETE 3').waitFor()
    await reviewer.page.getByText('Nothing waits for you').waitFor()
    await requester.page.getByText('approved', { exact: true }).first().waitFor()
    expect(await requester.page.getByLabel('Reviews').innerText()).toContain('matches INC-7')
    await session.quit()
    expect([...reviewer.complaints, ...requester.complaints]).toEqual([])
  })

  test('the page says what ran and what it did, as it happens: how often, the answer or the error, and in which session', async () => {
    const { alice, bob, gateway } = bed.stage
    const session = alice.psql()
    const name = await sessionOf(session)
    session.type('UPDATE orders SET id = 117 WHERE id = 17;')
    const id = await held(session)
    const { page, complaints } = await signedIn(bed.browser, gateway, bob)
    await page.goto(`/r/${short(id)}`)
    await page.getByLabel('This statement with other values').check()
    await page.getByLabel('Uses').fill('2')
    await page.getByRole('button', { name: 'Approve' }).click()
    await session.next(/UPDATE 1\n/)
    const ran = page.getByLabel('What ran').getByRole('listitem')
    await page.getByText('It ran once.').waitFor()
    await expect.poll(() => ran.first().innerText()).toMatch(/^done\s+UPDATE 1\s+\d+ ms\s+[^]+session\s+ses-/)
    session.type('UPDATE orders SET id = 18 WHERE id = 117;')
    await session.next(/duplicate key/)
    await page.getByText('It ran 2 times.').waitFor()
    await expect.poll(() => ran.first().innerText()).toMatch(/^failed\s+23505\s[^]*duplicate key value violates unique constraint "orders_pkey"$/)
    expect(await page.getByRole('link', { name }).count()).toBe(0)
    const own = await signedIn(bed.browser, gateway, alice)
    await own.page.goto(`/r/${short(id)}`)
    await own.page.getByLabel('What ran').getByRole('link', { name }).first().click()
    await own.page.getByRole('heading', { name }).waitFor()
    expect([...complaints, ...own.complaints]).toEqual([])
    await session.quit()
  })

  test('a denial needs a comment, which the requester is told in psql', async () => {
    const { alice, bob, gateway } = bed.stage
    const session = alice.psql()
    session.type('DELETE FROM orders WHERE id = 1;')
    const id = await held(session)
    const { page } = await signedIn(bed.browser, gateway, bob)
    await page.goto(`/r/${short(id)}`)
    await page.getByRole('button', { name: 'Deny' }).click()
    await page.getByText('Say why it is denied.').waitFor()
    await page.getByLabel('Comment').fill('order 1 is the template')
    await page.getByRole('button', { name: 'Deny' }).click()
    await session.next(/denied by bob@example.com.*order 1 is the template/)
    await page.getByText('denied', { exact: true }).first().waitFor()
    expect(await bed.stage.ask('SELECT count(*)::int FROM orders WHERE id = 1')).toEqual([1])
    await session.quit()
  })

  test('less is given than policy would let: this statement with other values, twice', async () => {
    const { alice, bob, gateway } = bed.stage
    const session = alice.psql()
    session.type("UPDATE orders SET status = 'paid' WHERE id = 11;")
    const id = await held(session)
    const { page } = await signedIn(bed.browser, gateway, bob)
    await page.goto(`/r/${short(id)}`)
    await page.getByLabel('This statement with other values').check()
    expect(await page.getByLabel('Rows at most').inputValue()).toBe('1')
    await page.getByLabel('Uses').fill('2')
    await page.getByRole('button', { name: 'Approve' }).click()
    await session.next(/UPDATE 1\n/)
    session.type("UPDATE orders SET status = 'open' WHERE id = 12;")
    await session.next(/UPDATE 1\n/)
    const [grant] = (await alice.api.grants()).filter((each) => each.request === id)
    expect(grant).toMatchObject({ usesLeft: 0, coverage: { kind: 'shape', maxRows: 1 } })
    await session.quit()
  })

  test('of two reviewers who answer at once one is first, and the other is shown what he did', async () => {
    const { alice, bob, carol, gateway } = bed.stage
    const before = await bed.stage.runs()
    const session = alice.psql()
    session.type("UPDATE orders SET status = 'raced' WHERE id = 13;")
    const id = await held(session)
    const pages = await Promise.all([bob, carol].map(async (person) => (await signedIn(bed.browser, gateway, person)).page))
    await Promise.all(pages.map((page) => page.goto(`/r/${short(id)}`)))
    const buttons = pages.map((page) => page.getByRole('button', { name: 'Approve' }))
    await Promise.all(buttons.map((button) => button.waitFor()))
    await Promise.all(buttons.map((button) => button.click({ noWaitAfter: true }).catch(() => undefined)))
    await session.next(/UPDATE 1\n/)
    for (const page of pages) {
      await page.getByText('approved', { exact: true }).first().waitFor()
      await expect.poll(() => page.getByRole('button', { name: 'Approve' }).count()).toBe(0)
    }
    expect((await alice.api.request({ id })).reviews).toHaveLength(1)
    expect(await bed.stage.runs()).toBe(before + 1)
    await session.quit()
  })

  test('alike requests are approved together, but for those that are not ticked', async () => {
    const { alice, bob, gateway } = bed.stage
    const sessions = [14, 15, 16].map((order) => {
      const session = alice.psql()
      session.type(`UPDATE orders SET status = 'batch' WHERE id = ${order};`)
      return session
    })
    const ids = await Promise.all(sessions.map(held))
    const { page } = await signedIn(bed.browser, gateway, bob)
    await page.goto('/')
    await page.getByRole('button', { name: 'Approve them together' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('checkbox', { name: /WHERE id = 16/ }).uncheck()
    await dialog.getByRole('button', { name: 'Approve 2' }).click()
    await Promise.all(sessions.slice(0, 2).map((session) => session.next(/UPDATE 1\n/)))
    await page.getByRole('list', { name: 'Requests' }).getByRole('listitem').nth(1).waitFor({ state: 'detached' })
    const states = await Promise.all(ids.map(async (id) => (await alice.api.request({ id })).status))
    expect(states).toEqual(['approved', 'approved', 'pending'])
    await bob.api.deny({ id: ids[2] ?? '', comment: 'not this one' })
    await Promise.all(sessions.map((session) => session.quit()))
  })
})
