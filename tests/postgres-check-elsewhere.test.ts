import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { GIVEN } from '../packages/gateway/src/adapters/postgres/check/check.ts'
import { SERVER_CHECKS } from '../packages/gateway/src/adapters/postgres/check/server-checks.ts'
import { type PostgresServer, startPostgres } from './support/postgres.ts'

/** What a server says of itself, and where it says that the gateway comes from: the servers of these tests say neither. */
const NUMBER = "current_setting('server_version_num')"
const CLIENT = 'inet_client_addr()'

/** A check, what it asks the server, what another server would say instead, how the gateway is configured, and what is found. */
const ELSEWHERE: readonly (readonly [check: string, asks: string, said: string, tls: string, found: RegExp | null])[] = [
  ['server-version', NUMBER, "'140021'", 'disable', /is older than 15$/],
  ['server-version', NUMBER, "'150000'", 'disable', null],
  ['untried-version', NUMBER, "'180099'", 'disable', null],
  ['untried-version', NUMBER, "'190000'", 'disable', /is newer than 18$/],
  ['encryption', CLIENT, "inet '10.0.0.7'", 'disable', /comes over a network in clear$/],
  ['encryption', CLIENT, "inet '2001:db8::7'", 'disable', /comes over a network in clear$/],
  ['encryption', CLIENT, "inet '10.0.0.7'", 'verify-full', null],
  ['encryption', CLIENT, "inet '10.0.0.7'", 'require', /nobody proves who the server is/],
  ['encryption', CLIENT, "inet '127.0.0.1'", 'disable', null],
  ['encryption', CLIENT, "inet '127.8.9.1'", 'disable', null],
  ['encryption', CLIENT, "inet '::1'", 'disable', null],
  ['encryption', CLIENT, 'NULL::inet', 'disable', null], // by a socket of the machine itself
]

describe.each([15, 18] as const)('what resource check finds on PostgreSQL %i, where it would say', (version) => {
  let server: PostgresServer
  let client: pg.Client

  beforeAll(async () => {
    server = await startPostgres({ version })
    client = new pg.Client(server.url('postgres'))
    await client.connect()
    await client.query('SET search_path = pg_catalog, pg_temp')
  })

  afterAll(async () => {
    await client?.end()
    await server?.stop()
  })

  it.each(ELSEWHERE)('%s: %s is %s, with tls.mode %s', async (name, asks, said, tls, found) => {
    const { sql = '' } = SERVER_CHECKS.find((check) => check.name === name) ?? {}
    expect(sql).toContain(asks)
    const text = `${GIVEN} ${sql.replaceAll(asks, said)}`
    const { rows } = await client.query<[string, null]>({ text, values: [[], [], null, false, [], 'postgres', tls], rowMode: 'array' })
    expect(rows).toEqual(found === null ? [] : [[expect.stringMatching(found), null]])
  })
})
