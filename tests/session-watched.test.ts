import type { Client } from '@countersign/contract/client'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { BROWSER_MS, openBrowser, signedIn } from './support/browser.ts'
import { countersign } from './support/ledger.ts'
import { lacks } from './support/needs.ts'
import { openReplicas, type Replicas } from './support/replicas.ts'
import { openStage, sessionOf, type Stage } from './support/stage.ts'

/** Watches until a statement with these words has come to its end. */
async function sees(api: Client, id: string, words: string): Promise<void> {
  const seen = new Set<string>()
  for await (const { line } of api.watch({ id })) {
    if (line.line === 'started' && typeof line.text === 'string' && line.text.includes(words)) seen.add(line.run)
    if (line.line === 'finished' && seen.has(line.run)) return
  }
  throw new Error('it ended before that')
}

describe.skipIf(lacks('psql'))('a session of a gateway with workers', () => {
  let stage: Stage

  beforeAll(async () => {
    const policy = '@id("reads") permit (principal in Group::"engineering", action in [Action::"connect", Action::"sql:read"], resource);'
    stage = await openStage({ policy, workers: 2, recordings: { directory: './recordings' } })
  })
  afterAll(() => stage?.close())

  test('is watched through the gateway, whichever of them has it', async () => {
    const { alice } = stage
    const sessions = await Promise.all([1, 2, 3, 4].map(async () => alice.psql()))
    const ids: string[] = []
    for (const session of sessions) ids.push(await sessionOf(session))
    const found = await Promise.all(ids.map((id) => alice.api.session({ id })))
    expect(new Set(found.map(({ gateway }) => gateway.replace(/^.*-/, '')))).toEqual(new Set(['w1', 'w2']))
    expect(found.map(({ watch }) => watch)).toEqual(ids.map(() => ({ at: 'here' })))
    const watching = Promise.all(ids.map((id, index) => sees(alice.api, id, `word ${index}`)))
    sessions.forEach((session, index) => session.type(`SELECT 'word ${index}' AS seen;`))
    await watching
    for (const session of sessions) await session.quit()
  })

  test('is told on the command line as it runs, to its end, and to nobody else', async () => {
    const { alice, bob, gateway } = stage
    const as = (token: string) => ({ COUNTERSIGN_GATEWAY: gateway.url, COUNTERSIGN_TOKEN: token })
    const session = alice.psql()
    const id = await sessionOf(session)
    const watching = countersign(['watch', id], as(alice.token))
    const watched = async () => (await stage.ledger()).filter(({ type, body }) => type === 'session.watched' && body['session'] === id)
    await expect.poll(async () => (await watched()).length, { timeout: 20_000 }).toBe(1)
    session.type("SELECT 'on the command line \u001b[31m' AS seen;")
    await session.next(/on the command line/)
    await session.quit()
    const { code, stdout, stderr } = await watching
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toContain("SELECT 'on the command line <U+001B>[31m' AS seen")
    expect(stdout.trimEnd().split('\n').at(-1)).toMatch(/ended: the client left · 2 statements/)

    const afterwards = await countersign(['watch', id, '--json'], as(alice.token))
    const lines = afterwards.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { readonly line: string })
    expect([lines[0]?.line, lines.at(-1)?.line]).toEqual(['begin', 'end'])
    const refused = await countersign(['watch', id], as(bob.token))
    expect(refused).toMatchObject({ code: 1, stdout: '' })
  })
})

describe.skipIf(lacks('psql') || lacks('chromium'))('a session that cannot be watched here', { timeout: BROWSER_MS }, () => {
  let browser: Browser
  let replicas: Replicas

  beforeAll(async () => {
    browser = await openBrowser()
    replicas = await openReplicas()
  }, 2 * BROWSER_MS)
  afterAll(async () => {
    await browser?.close()
    await replicas?.close()
  })

  test('has a page that says why: its gateway records nothing, or it is another, with the way there', async () => {
    const { a, b, alice } = replicas
    const session = alice.psql(a)
    const id = await sessionOf(session)

    const here = await signedIn(browser, a, alice)
    await here.page.goto(`/sessions/${id}`)
    await here.page.getByText('this gateway records no sessions').waitFor()
    expect(await here.page.getByText('countersign.yaml').isVisible()).toBe(true)
    expect(await here.page.getByRole('button', { name: 'Watch it' }).count()).toBe(0)

    const gateway = (await a.api(alice.token).whoami()).gateway
    // A gateway says its address with each sign of life; that of a test is not known before it listens.
    await expect.poll(async () => (await b.api(alice.token).session({ id })).watch, { timeout: 20_000 }).toEqual({ at: 'elsewhere', gateway, url: a.url })
    const there = await signedIn(browser, b, alice)
    await there.page.goto(`/sessions/${id}`)
    await there.page.getByRole('link', { name: a.url }).click()
    await there.page.waitForURL(`${a.url}/sessions/${id}`)
    await there.page.getByText('this gateway records no sessions').waitFor()
    await session.quit()
    expect([...here.complaints, ...there.complaints]).toEqual([])
  })
})
