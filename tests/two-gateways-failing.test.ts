import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type GatewayProcess, startGateway } from './support/gateway.ts'
import { lacks } from './support/needs.ts'
import { openReplicas, type Replicas } from './support/replicas.ts'
import { held } from './support/stage.ts'

describe.skipIf(lacks('psql'))('two gateways, one of which loses something', () => {
  let replicas: Replicas
  let a: GatewayProcess
  let b: GatewayProcess

  beforeAll(async () => {
    replicas = await openReplicas()
    ;({ a, b } = replicas)
  })

  afterAll(() => replicas?.close())

  const ran = async (what: string) => Number((await replicas.target(`SELECT count(*) FROM ran WHERE what = '${what}'`))[0]?.[0])
  /** Ends every connection that any gateway has to the store, those that listen too. */
  const cutStore = () =>
    replicas.target("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'countersign' AND application_name = 'countersign'")

  it('an approval is not lost on connections to the store that are cut', async () => {
    const session = replicas.alice.psql(a)
    session.type("INSERT INTO ran (what) VALUES ('resync');")
    const id = await held(session)
    expect((await cutStore()).length).toBeGreaterThanOrEqual(2)
    await vi.waitFor(() => b.api(replicas.bob.token).approve({ id }), 15_000)
    await session.next(/INSERT 0 1\n/)
    await session.quit()
    expect(await ran('resync')).toBe(1)
  })

  it('a revoke while nobody listened cuts once somebody listens again', async () => {
    const session = replicas.alice.psql(a)
    session.type('SELECT pg_sleep(30);')
    const erin = b.api(replicas.erin.token)
    const [live] = await vi.waitFor(async () => {
      const sessions = await erin.sessions({ live: true })
      expect(sessions).toHaveLength(1)
      return sessions
    })
    // Until then its opening is under way, and would be refused when the connections to the store are cut.
    await vi.waitFor(async () =>
      expect(await replicas.target("SELECT FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(30)%' AND state = 'active'")).toHaveLength(1),
    )
    // Straight into the store, so that nobody is told of it but by the resync; before that, or whoever is quick has looked already.
    await replicas.store(
      `UPDATE countersign.grants SET version = version + 1, status = 'revoked', body = jsonb_set(jsonb_set(body::jsonb, '{status}', '"revoked"'), '{version}', to_jsonb(version + 1))::text WHERE id = '${live?.grant}'`,
    )
    expect(await cutStore()).not.toEqual([])
    await session.next(/FATAL: {2}terminating connection: access of alice@example.com .* was revoked/)
    await session.quit()
  })

  it('is killed with -9: the other goes on with what it held, and its sessions are closed when it is back', { timeout: 60_000 }, async () => {
    const data = mkdtempSync(join(tmpdir(), 'countersign-killed-'))
    const killed = await startGateway(replicas.options({ data }))
    const name = readFileSync(join(data, 'gateway-id'), 'utf8').trim()
    const session = replicas.alice.psql(killed)
    session.type("INSERT INTO ran (what) VALUES ('survives');")
    const id = await held(session)
    await killed.crash()
    await killed.stop()
    await session.next(/connection to server was lost/)
    await session.quit()

    await b.api(replicas.bob.token).approve({ id })
    const again = replicas.alice.psql(b)
    again.type("INSERT INTO ran (what) VALUES ('survives');")
    await again.next(/INSERT 0 1\n/)
    await again.quit()
    expect(await ran('survives')).toBe(1)

    const erin = b.api(replicas.erin.token)
    const left = (await erin.sessions({ live: true })).find(({ gateway }) => gateway.startsWith(name))
    expect(left?.endedAt).toBeNull()
    const restarted = await startGateway(replicas.options({ data }))
    try {
      expect((await erin.sessions({})).find((each) => each.id === left?.id)).toMatchObject({
        endReason: expect.stringMatching(/^the (gateway|worker) was restarted$/),
      })
      expect((await erin.grants({})).find((grant) => grant.id === left?.grant)).toMatchObject({ status: 'done' })
      const fresh = replicas.alice.psql(restarted)
      fresh.type('SELECT 1;')
      await fresh.next(/^1$/m)
      await fresh.quit()
    } finally {
      await restarted.stop()
      rmSync(data, { recursive: true, force: true })
    }
  })
})
