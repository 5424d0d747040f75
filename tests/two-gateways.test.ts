import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { GatewayProcess } from './support/gateway.ts'
import { lacks } from './support/needs.ts'
import { openReplicas, type Replicas } from './support/replicas.ts'
import { psql } from './support/psql.ts'
import { held } from './support/stage.ts'

const CUT_MS = 1_000

describe.skipIf(lacks('psql'))('two gateways on one PostgreSQL store', () => {
  let replicas: Replicas
  let a: GatewayProcess
  let b: GatewayProcess

  beforeAll(async () => {
    replicas = await openReplicas()
    ;({ a, b } = replicas)
  })

  afterAll(() => replicas?.close())

  const ran = async (what: string) => Number((await replicas.target(`SELECT count(*) FROM ran WHERE what = '${what}'`))[0]?.[0])
  const write = (what: string) => `INSERT INTO ran (what) VALUES ('${what}');`

  /** The id of the session that this user has through `gateway`, and a psql that has run something in it. */
  async function connected() {
    const session = replicas.alice.psql(a)
    session.type("SELECT current_setting('application_name');")
    const [, id] = await session.next(/countersign:\S+:(ses-\w+)/)
    if (id === undefined) throw new Error('the session has no name')
    return { session, id }
  }

  it('a request held by one is approved through the other, and runs once on the first', async () => {
    const session = replicas.alice.psql(a)
    session.type(write('through the other'))
    const id = await held(session)
    expect(await b.api(replicas.bob.token).requests({ inbox: true })).toMatchObject([{ id, status: 'pending' }])
    await b.api(replicas.bob.token).approve({ id })
    await session.next(/INSERT 0 1\n/)
    await session.quit()
    expect(await ran('through the other')).toBe(1)
  })

  it('what ran through one is told by the other as it happens, but for what was said of a failure, which the first has sealed', async () => {
    const [here, there] = [a, b].map((gateway) => gateway.api(replicas.bob.token))
    if (!here || !there) throw new Error('there are two')
    const stop = new AbortController()
    const told: string[] = []
    const telling = (async () => {
      for await (const change of there.events({ signal: stop.signal })) if (change.kind === 'run') told.push(change.request)
    })()
    const session = replicas.alice.psql(a)
    session.type('INSERT INTO ran (what) SELECT 1 / (random() * 0)::int;')
    const id = await held(session)
    await there.approve({ id })
    await session.next(/division by zero/)
    await expect.poll(() => told, { timeout: 5_000 }).toContain(id)
    stop.abort()
    await telling
    const failed = { result: 'failed', summary: '22012' }
    await vi.waitFor(async () => expect((await there.requestContext({ id })).runs.latest).toMatchObject([{ ...failed, error: null, sealed: true }]))
    expect((await here.requestContext({ id })).runs.latest).toMatchObject([{ ...failed, error: expect.stringContaining('division by zero'), sealed: false }])
    await session.quit()
  })

  it('the same statement through the other attaches to the request that is held', async () => {
    const here = replicas.alice.psql(a)
    here.type(write('attached'))
    const id = await held(here)
    const there = replicas.alice.psql(b)
    there.type(write('attached'))
    expect(await held(there)).toBe(id)
    here.vanish()
    await a.api(replicas.bob.token).approve({ id })
    await there.next(/INSERT 0 1\n/)
    await there.quit()
    expect(await ran('attached')).toBe(1)
  })

  it('an approval for one use is used by one of them, whoever is first', async () => {
    for (let round = 0; round < 5; round++) {
      const what = `raced ${round}`
      const racers = [replicas.alice.psql(a), replicas.alice.psql(b), replicas.alice.psql(a), replicas.alice.psql(b)]
      for (const racer of racers) racer.type(write(what))
      const [id] = new Set(await Promise.all(racers.map(held)))
      await (round % 2 ? a : b).api(replicas.bob.token).approve({ id: id ?? '' })
      // Each of them has either run it or was held anew.
      const ends = await Promise.all(racers.map(async (racer) => (await racer.next(/INSERT 0 1\n|\bheld req-\w+:/))[0].startsWith('INSERT')))
      expect(ends.filter(Boolean)).toHaveLength(1)
      expect(await ran(what)).toBe(1)
      for (const racer of racers) racer.interrupt()
      await Promise.all(racers.map((racer) => racer.quit()))
      expect(await ran(what)).toBe(1)
    }
  })

  it('one that was used through one of them is asked for anew through the other', async () => {
    const here = replicas.alice.psql(a)
    here.type(write('used'))
    const id = await held(here)
    await b.api(replicas.bob.token).approve({ id })
    await here.next(/INSERT 0 1\n/)
    await here.quit()
    const there = replicas.alice.psql(b)
    there.type(write('used'))
    expect(await held(there)).not.toBe(id)
    there.interrupt()
    await there.next(/withdrawn/)
    await there.quit()
    expect(await ran('used')).toBe(1)
  })

  it.each([
    [
      'a revoke',
      /was revoked by erin@example.com: wrong database/,
      async (id: string) => {
        const erin = b.api(replicas.erin.token)
        const session = (await erin.sessions({ live: true })).find((each) => each.id === id)
        await erin.revoke({ id: session?.grant ?? '', reason: 'wrong database' })
      },
    ],
    ['a kill', /killed by erin@example.com: enough/, (id: string) => b.api(replicas.erin.token).kill({ id, reason: 'enough' })],
    ['done', /is done/, () => b.api(replicas.alice.token).done({})],
  ])('%s through one cuts the session on the other within a second', async (_, why, cut) => {
    const { session, id } = await connected()
    session.type('SELECT pg_sleep(30);')
    await vi.waitFor(async () =>
      expect(await replicas.target("SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'SELECT pg_sleep%'")).toHaveLength(1),
    )
    const began = performance.now()
    await cut(id)
    await session.next(why)
    const ms = performance.now() - began
    expect(ms).toBeLessThan(CUT_MS)
    const { stderr } = await session.quit()
    expect(stderr).toMatch(/FATAL: {2}terminating connection/)
    await vi.waitFor(async () =>
      expect(await replicas.target("SELECT 1 FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%' AND state = 'active'")).toEqual([]),
    )
  })

  it('a revoked token cuts what was opened with it, on the other too', async () => {
    const token = await a.token('alice@example.com')
    const mine = psql(a, replicas.alice.user, token, 'db')
    mine.type('SELECT 1;')
    await mine.next(/^1$/m)
    const erin = b.api(replicas.erin.token)
    const [newest] = (await erin.tokens()).toSorted((one, two) => two.createdAt.localeCompare(one.createdAt))
    const began = performance.now()
    await erin.revokeToken({ id: newest?.id ?? '' })
    await vi.waitFor(async () => expect((await erin.sessions({ live: true })).map(({ id }) => id)).toEqual([]))
    expect(performance.now() - began).toBeLessThan(CUT_MS)
    mine.type('SELECT 2;')
    await mine.next(/FATAL: {2}terminating connection: the token of this connection was revoked/)
    await mine.quit()
  })

  it('either of them lists the sessions of both', async () => {
    const sessions = [replicas.alice.psql(a), replicas.alice.psql(b)]
    for (const session of sessions) session.type('SELECT 1;')
    for (const session of sessions) await session.next(/^1$/m)
    for (const gateway of [a, b]) {
      const live = await gateway.api(replicas.erin.token).sessions({ live: true })
      expect(new Set(live.map((session) => session.gateway)).size).toBe(2)
      expect(live).toHaveLength(2)
    }
    await Promise.all(sessions.map((session) => session.quit()))
  })
})
