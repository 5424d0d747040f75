import pg from 'pg'
import { CliError } from '../error.ts'
import type { Database } from './postgres.ts'

/** What is in the database when the story begins. */
export const CUSTOMERS = 40
export const ORDERS = 360
/** The account that the gateway uses; no superuser. */
export const ACCOUNT = 'app'
const NAME = 'orders'

/** Deterministic, so that the story finds what it tells about: 7, 8 and 9 are one order, placed three times over. */
const SEED = `
CREATE TABLE customers (
  id int PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  name text NOT NULL,
  email text NOT NULL UNIQUE,
  city text NOT NULL
);
CREATE TABLE orders (
  id int PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  customer_id int NOT NULL REFERENCES customers,
  item text NOT NULL,
  total numeric(10, 2) NOT NULL,
  status text NOT NULL CHECK (status IN ('new', 'paid', 'shipped', 'duplicate')),
  placed_at timestamptz NOT NULL
);
INSERT INTO customers (name, email, city)
SELECT first || ' ' || last, lower(first || '.' || last) || '@example.net', (ARRAY['Berlin', 'Lagos', 'Lima', 'Osaka', 'Porto', 'Toronto'])[1 + n % 6]
FROM (
  SELECT n, (ARRAY['Ada', 'Ben', 'Chidi', 'Dora', 'Emeka', 'Fumiko', 'Goran', 'Hana'])[1 + n % 8] AS first,
         (ARRAY['Adler', 'Brandt', 'Costa', 'Diaz', 'Endo'])[1 + n % 5] AS last
  FROM generate_series(0, ${CUSTOMERS - 1}) AS n
) AS people;
INSERT INTO orders (customer_id, item, total, status, placed_at)
SELECT 1 + n * 7 % ${CUSTOMERS}, (ARRAY['desk lamp', 'espresso cups', 'notebook', 'rain jacket', 'headphones', 'tea sampler'])[1 + n * 5 % 6],
       9.90 + n * 37 % 190, (ARRAY['new', 'paid', 'shipped', 'shipped'])[1 + n * 3 % 4], now() - interval '3 hours' * (${ORDERS} - n)
FROM generate_series(1, ${ORDERS}) AS n;
UPDATE orders SET status = 'duplicate', customer_id = 3, item = 'rain jacket', total = 89.00 WHERE id IN (7, 8, 9);
`

/** The superuser's own view of the database, past the gateway: how the story checks what it tells. */
export interface Orders {
  readonly url: string
  /** PostgreSQL's own, `18.4`. */
  readonly version: string
  /** How many rows of `orders` meet a condition. */
  count(where?: string): Promise<number>
  end(): Promise<void>
}

/** Creates the database with its data, and the gateway's account in it. */
export async function seedOrders({ host, port, superuser, password }: Database, accountPassword: string): Promise<Orders> {
  const login = { host, port, user: superuser, password }
  await withClient({ ...login, database: 'postgres' }, async (client) => {
    await client.query(`CREATE ROLE ${ACCOUNT} LOGIN PASSWORD ${pg.escapeLiteral(accountPassword)}`)
    await client.query(`CREATE DATABASE ${NAME} OWNER ${ACCOUNT}`)
  })
  await withClient({ ...login, database: NAME }, async (client) => void (await client.query(`SET ROLE ${ACCOUNT}; ${SEED}`)))
  const direct = await connected({ ...login, database: NAME })
  const { rows } = await direct.query<{ server_version: string }>('SHOW server_version')
  return {
    version: rows[0]?.server_version ?? 'unknown',
    url: `postgres://${host}:${port}/${NAME}`,
    count: async (where = 'true') => {
      const { rows } = await direct.query<{ count: string }>(`SELECT count(*) FROM orders WHERE ${where}`)
      return Number(rows[0]?.count)
    },
    end: () => direct.end(),
  }
}

async function withClient(config: pg.ClientConfig, use: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = await connected(config)
  try {
    await use(client)
  } finally {
    await client.end()
  }
}

async function connected(config: pg.ClientConfig): Promise<pg.Client> {
  const client = new pg.Client(config)
  client.on('error', () => undefined) // the query that runs then fails; without a listener the process would end
  try {
    await client.connect()
    return client
  } catch (cause) {
    throw new CliError('failed', `the demo's PostgreSQL does not let its own demo in: ${cause instanceof Error ? cause.message : String(cause)}`, null, {
      cause,
    })
  }
}
