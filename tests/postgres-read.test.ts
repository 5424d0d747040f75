import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type GatewayProcess, startGateway } from './support/gateway.ts'
import { lacks } from './support/needs.ts'
import { type PostgresServer, startPostgres } from './support/postgres.ts'
import { psql } from './support/psql.ts'

const POLICY = `
@id("reads") permit (principal in Group::"engineering", action in [Action::"connect", Action::"sql:read"], resource);
`

describe.skipIf(lacks('psql'))('a read that policy allows by itself', () => {
  let target: PostgresServer
  let gateway: GatewayProcess

  beforeAll(async () => {
    target = await startPostgres()
    gateway = await startGateway({
      users: { 'alice@example.com': { groups: ['engineering'] } },
      resources: {
        db: {
          protocol: 'postgres',
          url: `postgres://${target.host}:${target.port}/postgres`,
          credential: { username: target.superuser, password: { env: 'TARGET_PASSWORD' } },
        },
      },
      policy: POLICY,
      env: { TARGET_PASSWORD: target.password },
    })
  })

  afterAll(async () => {
    await gateway?.stop()
    await target?.stop()
  })

  it('runs at once in stock psql, by SCRAM over TLS', async () => {
    const session = psql(gateway, 'alice@example.com', await gateway.token('alice@example.com'), 'db')
    session.type('SELECT 6 * 7;')
    session.type('\\conninfo')
    const { code, stdout, stderr } = await session.quit()
    expect(stderr).toBe('')
    expect(stdout).toMatch(/^42$/m)
    expect(stdout).toMatch(/SSL|TLS/)
    expect(code).toBe(0)
  })
})
