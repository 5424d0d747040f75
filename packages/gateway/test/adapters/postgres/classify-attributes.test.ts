import { describe, expect, it } from 'vitest'
import { classify, loadGrammar } from '../../../src/adapters/postgres/classify.ts'

await loadGrammar()

const typeOf = (sql: string) => classify(sql, { trusted: [] }).type

describe('attribute notation, which calls a function where there is no such column', () => {
  it.each([
    'SELECT (7).cancel_order',
    "SELECT ('7'::int).cancel_order",
    'SELECT ($1).cancel_order',
    'SELECT (id).cancel_order FROM orders',
    'SELECT (orders.id).cancel_order FROM orders',
    'SELECT ((SELECT 7)).cancel_order',
    'SELECT (abs(7)).cancel_order',
    'SELECT (ARRAY[7])[1].cancel_order',
    'SELECT x.cancel_order FROM generate_series(7, 7) x',
    'SELECT x.cancel_order FROM generate_series(7, 7) AS x(id)',
    'SELECT generate_series.cancel_order FROM generate_series(7, 7)',
    'SELECT 1 FROM unnest(ARRAY[7]) x WHERE x.cancel_order > 0',
    'SELECT (SELECT x.cancel_order) FROM unnest(ARRAY[7]) x',
    'SELECT x.cancel_order FROM current_date x',
    'SELECT current_date.cancel_order FROM current_date',
    'SELECT x.cancel_order FROM ROWS FROM (generate_series(7, 7)) x',
  ])('is unknown of a plain value: %s', (sql) => expect(typeOf(sql)).toBe('sql:unknown'))

  it.each([
    'SELECT o.status FROM orders o',
    'SELECT x.x FROM generate_series(1, 2) x',
    'SELECT x.id FROM generate_series(1, 2) AS x(id)',
    "SELECT e.value ->> 'a' FROM jsonb_array_elements('[]') e",
    "SELECT e.key, e.value FROM jsonb_each('{}') e",
    "SELECT (jsonb_each('{}')).key",
    'SELECT (information_schema._pg_expandarray(indkey)).n FROM pg_index',
    'SELECT (i.keys).n FROM (SELECT information_schema._pg_expandarray(indkey) AS keys FROM pg_index) i',
    'SELECT x.n, x.ordinality FROM unnest(ARRAY[1]) WITH ORDINALITY AS x(n)',
    'SELECT (ARRAY[1, 2])[1]',
  ])('is a column where it can be nothing else: %s', (sql) => expect(typeOf(sql)).toBe('sql:read'))
})

describe("a change of the system's own tables", () => {
  it.each([
    "UPDATE pg_settings SET setting = 'off' WHERE name = 'standard_conforming_strings'",
    "UPDATE pg_catalog.pg_settings SET setting = 'off' WHERE name = 'standard_conforming_strings'",
    "WITH x AS (UPDATE pg_settings SET setting = 'x' WHERE name = 'search_path' RETURNING 1) SELECT 1",
    'UPDATE pg_authid SET rolsuper = true WHERE rolname = $1',
    'DELETE FROM pg_proc WHERE oid = 1',
    'INSERT INTO pg_auth_members SELECT 1',
    'MERGE INTO pg_class USING t ON t.oid = pg_class.oid WHEN MATCHED THEN DELETE',
    'COPY pg_authid FROM STDIN',
  ])('is what an administrator does: %s', (sql) => expect(typeOf(sql)).toBe('sql:admin'))

  it.each(['UPDATE public.pg_settings SET a = 1 WHERE b = 2', 'DELETE FROM pg_temp.orders WHERE id = 1', 'COPY orders FROM STDIN'])(
    'is not one of a table that only sounds so: %s',
    (sql) => expect(typeOf(sql)).toBe('sql:write'),
  )
})
