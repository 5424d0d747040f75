import { writeFileSync } from 'node:fs'
import { query } from '@countersign/wire/postgres/encode'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { workersOf } from './support/gateway.ts'
import { entriesOf, verify } from './support/ledger.ts'
import { lacks } from './support/needs.ts'
import { POLICY } from './support/replicas.ts'
import { held, openStage, sessionOf, type Stage } from './support/stage.ts'
import { cancel, RawClient } from './support/wire.ts'

const BUSY = "SELECT count(*)::int FROM pg_stat_activity WHERE application_name LIKE 'countersign:%' AND state = 'active' AND query LIKE '%pg_sleep%'"
const OF_SESSION = 'SELECT count(*)::int FROM pg_stat_activity WHERE application_name LIKE $1'
const THERE = "SELECT count(*)::int FROM pg_stat_activity WHERE application_name LIKE 'countersign:%'"

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** Nobody gets to `asked` without somebody's approval, for seconds. */
const ASKED = `@id("asked") @review("dba") @grants("6s") forbid (principal, action == Action::"connect", resource == Resource::"asked");`

describe.skipIf(lacks('psql'))('a gateway with two workers', { timeout: 60_000 }, () => {
  let stage: Stage
  let workers: readonly number[]

  beforeEach(async () => {
    stage = await openStage({ policy: POLICY + ASKED, resources: { db: {}, asked: {} }, workers: 2 })
    workers = workersOf(stage.gateway.child)
  })

  afterEach(() => stage?.close())

  const entries = () => entriesOf(stage.gateway.data)
  /** Two connections, one after the other: each worker has one. */
  const two = async () => [await RawClient.login(stage.gateway.postgres, stage.alice), await RawClient.login(stage.gateway.postgres, stage.alice)] as const

  it('spreads connections, and what is decided anywhere reaches whoever waits', async () => {
    const [first, second] = [stage.alice.psql(), stage.alice.psql()]
    const sessions = [await sessionOf(first), await sessionOf(second)]
    const homes = entries().filter(({ type }) => type === 'session.started')
    expect(homes.map(({ gateway }) => gateway.slice(-3)).toSorted()).toEqual(['-w1', '-w2'])

    for (const [index, session] of [first, second].entries()) {
      session.type(`UPDATE orders SET status = 'x' WHERE id = ${index + 1};`)
      await stage.bob.api.approve({ id: await held(session) })
      await session.next(/^UPDATE 1$/m)
    }
    expect(await stage.runs()).toBe(2)

    for (const [index, session] of [first, second].entries()) {
      await stage.erin.api.kill({ id: sessions[index] ?? '' })
      // DESIGN's bar for a revocation; what reads the catalog beside the sessions may stay.
      await expect.poll(() => stage.ask(OF_SESSION, [`%:${sessions[index]}`]), { interval: 20, timeout: 1_000 }).toEqual([0])
      await session.quit()
    }
    expect(await verify(stage.gateway.data)).toMatchObject({ ok: true, chains: [{}, {}, {}] })
  })

  it('cuts the sessions of one grant in both: when it is revoked, and when it has reached its end', async () => {
    const { alice, bob, erin, gateway } = stage
    const admitted = async () => {
      const { request } = await alice.api.ask({ resource: 'asked', scope: 'connect' })
      await bob.api.approve({ id: request.id })
      const grant = (await alice.api.grants()).find((each) => each.request === request.id)
      const clients = [await RawClient.login(gateway.postgres, alice, 'asked'), await RawClient.login(gateway.postgres, alice, 'asked')]
      for (const client of clients) client.send(query('SELECT pg_sleep(60)'))
      await expect.poll(() => stage.ask(BUSY)).toEqual([2])
      return { id: grant?.id ?? '', endsAt: Date.parse(grant?.endsAt ?? ''), cut: Promise.all(clients.map((client) => client.ask())) }
    }
    const revoked = await admitted()
    const began = Date.now()
    await erin.api.revoke({ id: revoked.id })
    expect((await revoked.cut).flat().filter((answer) => answer.includes('57P01'))).toHaveLength(2)
    expect(Date.now() - began).toBeLessThan(1_000) // DESIGN's bar

    const due = await admitted()
    expect((await due.cut).flat().filter((answer) => answer.includes('57P01'))).toHaveLength(2)
    expect(Date.now() - due.endsAt).toBeLessThan(1_000) // four times DESIGN's bar, for a machine that runs other tests meanwhile
  })

  it('cancels through a worker that did not give out the key', async () => {
    const own = await RawClient.login(stage.gateway.postgres, stage.alice)
    own.send(query('SELECT pg_sleep(60)'))
    await expect.poll(() => stage.ask(BUSY)).toEqual([1])
    await cancel(stage.gateway.postgres, own) // the next connection: the other worker has it
    expect((await own.ask()).some((answer) => answer.startsWith('error 57014'))).toBe(true)
    own.close()
  })

  it('replaces a worker that is killed, says once what is not known, and leaves the other alone', async () => {
    const [first, second] = await two()
    for (const client of [first, second]) client.send(query('SELECT pg_sleep(3)'))
    await expect.poll(() => stage.ask(BUSY)).toEqual([2])
    process.kill(workers[0] ?? 0, 'SIGKILL')
    const answers = await Promise.allSettled([first.ask(), second.ask()])
    expect(answers.filter(({ status, ...rest }) => status === 'fulfilled' && JSON.stringify(rest).includes('complete SELECT 1'))).toHaveLength(1)

    const lost = () => entries().filter(({ type, body }) => type === 'action.finished' && body['result'] === 'unknown')
    await expect.poll(lost, { timeout: 20_000 }).toHaveLength(1)
    await expect.poll(async () => (await fetch(`${stage.gateway.url}/readyz`)).status, { timeout: 20_000 }).toBe(200)
    expect(workersOf(stage.gateway.child)).toHaveLength(2)
    for (const client of await two()) {
      expect(await client.ask(query('SELECT 1'))).toContain('row 1')
      client.close()
    }
    expect(lost()).toHaveLength(1)
    expect(await verify(stage.gateway.data)).toMatchObject({ ok: true })
  })

  it('replaces a worker that hangs, and gives connections to the other meanwhile', async () => {
    const stuck = workers[0] ?? 0
    const ready = async () => (await fetch(`${stage.gateway.url}/readyz`)).status
    process.kill(stuck, 'SIGSTOP')
    await expect.poll(ready, { timeout: 10_000 }).toBe(503)
    for (const client of await two()) {
      expect(await client.ask(query('SELECT 1'))).toContain('row 1')
      client.close()
    }
    await expect.poll(() => isAlive(stuck), { timeout: 20_000 }).toBe(false)
    await expect.poll(ready, { timeout: 20_000 }).toBe(200)
    expect(workersOf(stage.gateway.child)).toHaveLength(2)
    expect(stage.gateway.log()).toContain('it had not answered for 10 s, and was killed')
  })

  it('judges by the same policies in both, old or new', async () => {
    const clients = await two()
    const read = () => Promise.all(clients.map(async (client) => (await client.ask(query('SELECT 1'))).includes('row 1')))
    expect(await read()).toEqual([true, true])
    writeFileSync(stage.gateway.policyFile, `${POLICY}${ASKED}\n@id("no") forbid (principal, action == Action::"sql:read", resource);`)
    await expect.poll(read, { timeout: 20_000 }).toEqual([false, false])
    writeFileSync(stage.gateway.policyFile, 'permit (')
    await expect.poll(() => stage.gateway.log(), { timeout: 20_000 }).toContain('the new policies are broken')
    expect(await read()).toEqual([false, false])
    for (const client of clients) client.close()
  })

  it('adds up what both count', async () => {
    const clients = await two()
    await expect.poll(async () => (await fetch(`${stage.gateway.url}/metrics`)).text()).toMatch(/^countersign_sessions 2$/m)
    for (const client of clients) client.close()
  })

  it('leaves no process when it is told to stop', async () => {
    await two()
    expect(await stage.gateway.stop()).toBe(0)
    expect(workers.filter(isAlive)).toEqual([])
    expect(await stage.ask(THERE)).toEqual([0])
    expect(await verify(stage.gateway.data).catch(() => null)).not.toMatchObject({ ok: false })
  })

  it('that is killed leaves no worker, and no connection', async () => {
    const [first, second] = await two()
    second.send(query('SELECT pg_sleep(60)'))
    await expect.poll(() => stage.ask(BUSY)).toEqual([1])
    stage.gateway.child.kill('SIGKILL')
    await expect.poll(() => workers.filter(isAlive), { timeout: 15_000 }).toEqual([])
    await expect.poll(() => stage.ask(THERE), { timeout: 5_000 }).toEqual([0])
    first.close()
  })
})
