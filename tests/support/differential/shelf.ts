import type pg from 'pg'

export interface Callable {
  /** Schema and name. */
  readonly name: string
  readonly kind: 'f' | 'a' | 'w'
  readonly arguments: readonly string[]
  readonly result: string
  readonly set: boolean
}

export interface Operator {
  readonly name: string
  readonly left: string | null
  readonly right: string
  readonly result: string
}

export interface Table {
  readonly name: string
  readonly columns: readonly { readonly name: string; readonly type: string }[]
}

/** What is on the server's shelf to make statements from, as its own catalog says; what the asking session has for itself begins with `pg_temp.` */
export interface Shelf {
  /** Functions that a read may call, and all the others. */
  readonly reviewed: readonly Callable[]
  readonly others: readonly Callable[]
  readonly operators: readonly Operator[]
  readonly tables: readonly Table[]
  readonly oids: readonly number[]
}

const FUNCTIONS = `SELECT CASE pronamespace WHEN pg_my_temp_schema() THEN 'pg_temp' ELSE nspname END || '.' || quote_ident(proname) AS name, proname AS bare, prokind AS kind, nspname AS schema,
    coalesce((SELECT json_agg(format_type(t, NULL) ORDER BY n) FROM unnest(proargtypes) WITH ORDINALITY AS a(t, n)), '[]') AS arguments,
    format_type(prorettype, NULL) AS result, proretset AS set
  FROM pg_proc JOIN pg_namespace n ON n.oid = pronamespace
  WHERE prokind IN ('f', 'a', 'w') AND (nspname IN ('pg_catalog', 'public') OR n.oid = pg_my_temp_schema()) AND prorettype::regtype::text NOT IN ('trigger', 'event_trigger')
    AND NOT 'internal'::regtype = ANY (proargtypes) ORDER BY pg_proc.oid`

const OPERATORS = `SELECT oprname AS name, CASE WHEN oprleft <> 0 THEN format_type(oprleft, NULL) END AS left, format_type(oprright, NULL) AS right,
  format_type(oprresult, NULL) AS result FROM pg_operator WHERE oprcode <> 0 ORDER BY oid`

const TABLES = `SELECT CASE WHEN nspname = 'public' THEN '' WHEN n.oid = pg_my_temp_schema() THEN 'pg_temp.' ELSE nspname || '.' END || quote_ident(relname) AS name,
    json_agg(json_build_object('name', quote_ident(attname), 'type', format_type(atttypid, NULL)) ORDER BY attnum) AS columns
  FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace JOIN pg_attribute ON attrelid = c.oid AND attnum > 0 AND NOT attisdropped
  WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND (nspname IN ('public', 'pg_catalog', 'information_schema') OR n.oid = pg_my_temp_schema()) GROUP BY 1, c.oid ORDER BY c.oid`

export async function readShelf(client: pg.Client, isReviewed: (name: string) => boolean): Promise<Shelf> {
  const functions = (await client.query<Callable & { bare: string; schema: string }>(FUNCTIONS)).rows
  const operators = (await client.query<Operator>(OPERATORS)).rows
  const tables = (await client.query<Table>(TABLES)).rows
  const oids = (await client.query<{ oid: number }>("SELECT oid::int FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY oid")).rows
  const reviewed = functions.filter(({ schema, bare }) => schema === 'pg_catalog' && isReviewed(bare))
  return { reviewed, others: functions.filter((each) => !reviewed.includes(each)), operators, tables, oids: oids.map(({ oid }) => oid) }
}
