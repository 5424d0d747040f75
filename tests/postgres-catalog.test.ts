import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { lacks } from './support/needs.ts'
import { psql } from './support/psql.ts'
import { openStage, type Stage } from './support/stage.ts'

/** The policies that a newcomer starts from: reads run, everything else is held. */
const EXAMPLES = join(import.meta.dirname, '../examples/policies')
const POLICY = readdirSync(EXAMPLES)
  .map((file) => readFileSync(join(EXAMPLES, file), 'utf8'))
  .join('\n')

const SEED = `
  CREATE SCHEMA billing;
  CREATE TYPE mood AS ENUM ('good', 'bad');
  CREATE TABLE billing.invoices (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, order_id int REFERENCES orders, mood mood, CHECK (id > 0));
  CREATE INDEX ON billing.invoices (order_id);
  CREATE VIEW open_orders AS SELECT * FROM orders WHERE status = 'new';
  CREATE FUNCTION order_total(int) RETURNS int LANGUAGE sql AS 'SELECT $1';
  COMMENT ON TABLE orders IS 'what people buy';
`

const COMMANDS = String.raw`
  \d | \d+ | \d orders | \d+ orders | \d billing.invoices | \d+ open_orders | \d orders_pkey | \d runs
  \dt | \dt+ | \dt *.* | \dv | \di+ | \ds | \dn | \dn+ | \df | \df+ order_total | \dT+ | \du | \dp | \dx | \dd
  \l | \l+ | \db | \dO | \dD | \da | \do | \dC | \dE | \dm | \drds | \dy | \dFd | \dRp | \dconfig work_mem
  \sf order_total | \sv open_orders | \z | \dg | \encoding
`
  .trim()
  .split(/\s*[|\n]\s*/)

/** What clients were seen to send at start and for their navigators, each headed by `-- ## who: when`. */
const RECORDED = ['psql.sql', 'clients.sql'].flatMap((file) => {
  const text = readFileSync(join(import.meta.dirname, '../packages/gateway/test/adapters/postgres/fixtures', file), 'utf8')
  const parts = text.split(/^-- ## /m).slice(1)
  return parts.map((part) => ({ who: part.slice(0, part.indexOf('\n')), text: part.slice(part.indexOf('\n') + 1) }))
})

/** What becomes of each: how many rows, or the server's error; of a gateway's own it would be 42501. */
async function outcomes(config: pg.ClientConfig) {
  const client = new pg.Client(config)
  await client.connect()
  const seen: { readonly who: string; readonly end: string }[] = []
  for (const { who, text } of RECORDED) {
    const end = await client.query(text).then(
      (results) =>
        [results]
          .flat()
          .map(({ command, rows }) => `${command} ${rows.length}`)
          .join(),
      (error: unknown) => (error instanceof pg.DatabaseError ? `${error.code}` : String(error)),
    )
    seen.push({ who, end })
  }
  await client.end()
  return seen
}

// PostgreSQL 15 comes with pgbench.
describe.skipIf(lacks('psql') || lacks('pgbench')).each([15, 18] as const)("psql's \\d, and what clients ask of the catalog, on PostgreSQL %i", (version) => {
  let stage: Stage

  beforeAll(async () => {
    stage = await openStage({ policy: POLICY, seed: SEED, version, resources: { 'orders-db': { labels: { env: 'production' } } } })
  })

  afterAll(() => stage?.close())

  it('run unheld, and print what they print without the gateway', async () => {
    const { alice, target } = stage
    const script = COMMANDS.flatMap((command) => ['--command', `\\echo ${command.slice(1)}`, '--command', command])
    const [through, direct] = await Promise.all([
      alice.psql('orders-db', script).quit(),
      psql({ postgres: target }, target.superuser, target.password, 'postgres', script).quit(),
    ])
    expect(through).toEqual(direct)
    expect(direct.stdout).toMatch(/orders/)
    expect(await alice.api.requests()).toEqual([])
  })

  it('run unheld as they were recorded, and end as they end without the gateway', async () => {
    const { alice, target, gateway } = stage
    const through = await outcomes({ ...gateway.postgres, user: alice.user, password: alice.token, database: 'orders-db' })
    expect(through).toEqual(await outcomes({ connectionString: target.url('postgres'), application_name: 'straight' }))
    expect(through.filter(({ end }) => !/^[\dA-Z]{5}$/.test(end)).length).toBeGreaterThan(RECORDED.length * 0.8) // some are of another version
    expect(await alice.api.requests()).toEqual([])
  })
})
