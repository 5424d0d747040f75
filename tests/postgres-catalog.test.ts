import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
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

// PostgreSQL 15 comes with pgbench.
describe.skipIf(lacks('psql') || lacks('pgbench')).each([15, 18] as const)("psql's \\d and its like, on PostgreSQL %i", (version) => {
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
})
