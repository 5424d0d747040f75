import { readFileSync } from 'node:fs'
import { type IncomingMessage, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { text } from 'node:stream/consumers'
import { isDeepStrictEqual } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Browser, enrol, openBrowser } from './support/people.ts'
import { openStage, type Stage } from './support/stage.ts'

const POLICY = `
@id("reads") permit (principal in Group::"engineering", action in [Action::"connect", Action::"sql:session", Action::"sql:read", Action::"sql:unknown"], resource);
`
const MIB = 2 ** 20
/** As many at once as one sign-in may. */
const AT_ONCE = 4
/** What they may take together: 8 MiB of rows, or a thousand notices, is the most that one shows. */
const MOST_BYTES = 160 * MIB
const SOON = { timeout: 20_000 }
const STUCK = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'ClientWrite' AND application_name LIKE 'countersign:%'"

/** Each is 60 megabytes, which is more than all buffers on the way. */
const FLOODS = {
  'rows of many bytes': "SELECT repeat('x', 1000000) FROM generate_series(1, 60)",
  'rows of few bytes': "SELECT i, repeat('x', 800) FROM generate_series(1, 75000) AS i",
  'a COPY': "COPY (SELECT repeat('x', 10000) FROM generate_series(1, 6000)) TO STDOUT",
  notices: "DO $$ BEGIN FOR i IN 1..6000 LOOP RAISE NOTICE '%', repeat('x', 10000); END LOOP; END $$",
}

describe('a page that asks for much and reads nothing', () => {
  let stage: Stage
  let alice: Browser
  let origin: string

  beforeAll(async () => {
    stage = await openStage({ policy: POLICY })
    origin = `http://localhost:${new URL(stage.gateway.url).port}`
    alice = openBrowser(origin, origin)
    await enrol(alice, (await stage.gateway.api().invite({ user: 'alice@example.com' })).link)
  }, 60_000)
  afterAll(() => stage?.close())

  /** The answer, of which nothing has been read. */
  function ask(sql: string): Promise<IncomingMessage> {
    const body = JSON.stringify({ resource: 'db', sql, maxRows: 10_000 })
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), origin, cookie: alice.cookie() ?? '' }
    return new Promise((resolve, reject) => {
      request(`${origin}/api/v1/query`, { method: 'POST', headers }, resolve).once('error', reject).end(body)
    })
  }

  const memory = () => Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${stage.gateway.child.pid}/status`, 'utf8'))?.[1]) * 1024

  it.each(Object.entries(FLOODS))('holds up its own server, and no more memory than it is shown: %s', { timeout: 60_000 }, async (_, sql) => {
    const before = memory()
    const answers = await Promise.all(Array.from({ length: AT_ONCE }, () => ask(sql)))
    const stuck = () => stage.ask(STUCK)
    // For good, and not for the moment: what is on its way takes a while to settle on a machine that does other things. Some may be through: the system's own
    // buffers between two ends on one machine hold about as much as a page is shown.
    const settled = async () => {
      const [before, , after] = [await stuck(), await sleep(1_000), await stuck()]
      return before.length > 0 && isDeepStrictEqual(before, after)
    }
    await expect.poll(settled, SOON).toBe(true)
    expect(memory() - before).toBeLessThan(MOST_BYTES)
    const [first, ...others] = answers
    for (const other of others) other.destroy()
    expect((await text(first as IncomingMessage)).trimEnd().split('\n').at(-1)).toBe('{"kind":"end"}')
    await expect.poll(stuck, SOON).toEqual([])
    await expect.poll(async () => (await stage.alice.api.sessions({ live: true })).length, SOON).toBe(0) // or the next would be too many
  })
})
