import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Cable, layCable } from './support/cable.ts'
import { type GatewayProcess, startGateway } from './support/gateway.ts'
import { entriesOf } from './support/ledger.ts'
import { lacks } from './support/needs.ts'
import { type PostgresServer, startPostgres } from './support/postgres.ts'
import { type Psql, psql } from './support/psql.ts'
import { POLICY } from './support/replicas.ts'

const ALICE = 'alice@example.com'
/** The target is the store's own database: a statement that looks for the records of its session while it runs. */
const LOOK = String.raw`SELECT 'runs there: ' || count(DISTINCT run)
  FROM countersign.ledger, regexp_matches(line, split_part(current_setting('application_name'), ':', 3) || '\.[0-9]+"', 'g') AS run;`

describe.skipIf(lacks('psql'))('a resource that asks for more than the write of a record', () => {
  let server: PostgresServer
  let cable: Cable
  let gateway: GatewayProcess
  let token: string

  beforeAll(async () => {
    server = await startPostgres()
    cable = await layCable(server)
    const store = new URL(server.url('postgres'))
    store.port = String(cable.port)
    const target = {
      protocol: 'postgres',
      url: `postgres://${server.host}:${server.port}/postgres`,
      credential: { username: server.superuser, password: { env: 'TARGET_PASSWORD' } },
    }
    gateway = await startGateway({
      users: { [ALICE]: { groups: ['engineering'] }, 'bob@example.com': { groups: ['dba'] } },
      resources: { 'in-store': { ...target, durability: 'store' } },
      policy: POLICY,
      store: { url: { env: 'STORE_URL' } },
      env: { TARGET_PASSWORD: server.password, STORE_URL: store.href },
    })
    token = await gateway.token(ALICE)
  })

  afterAll(async () => {
    await gateway?.stop()
    await cable?.close()
    await server?.stop()
  })

  const connect = (): Psql => psql(gateway, ALICE, token, 'in-store')

  it('finds it in the store while its statement runs', async () => {
    const session = connect()
    for (const runs of [1, 2, 3]) {
      session.type(LOOK)
      await session.next(new RegExp(`runs there: ${runs}$`, 'm'))
    }
    expect((await session.quit()).code).toBe(0)
  })

  it('is refused when the store does not take it, and the ledger says that it did not run', async () => {
    const session = connect()
    session.type('SELECT 1;')
    await session.next(/^1$/m)
    await cable.pull()
    session.type("SELECT 'not ' || 'now';")
    await session.next(/ERROR: {2}the gateway's store does not answer, so nothing new is allowed/)
    await cable.plug()
    const { stdout } = await session.quit()
    expect(stdout).not.toContain('not now')
    const refused = () => entriesOf(gateway.data).filter(({ type, body }) => type === 'action.finished' && body['summary'] === 'not forwarded')
    await expect.poll(refused).toMatchObject([{ body: { result: 'failed' } }])
  })
})
