import type { RowChange } from './change.ts'
import type { Beside } from '../beside.ts'
import { strings, untyped } from './values.ts'

/** What the catalog is asked about: a change of rows, or what a plan says of one. */
type Changing = Pick<RowChange, 'kind' | 'events' | 'set' | 'fixed' | 'bareNames' | 'functions'>

/** What the live catalog says of a change of rows. */
export interface CatalogFacts {
  /** Null where it says nothing: of an INSERT and a MERGE. */
  readonly uniqueKey: boolean | null
  readonly triggers: readonly string[]
  readonly cascades: readonly string[]
  /** Why a count would not be what the statement does; null when it would. */
  readonly doubt: string | null
}

/** `pg_trigger.tgtype` (src/include/catalog/pg_trigger.h). */
const EVENT_BITS = { insert: 4, delete: 8, update: 16 } as const

/** Functions that are stable and answer about the session that asks, which is not the one whose statement it is. */
const OF_A_SESSION = ['current_setting', 'pg_backend_pid', 'inet_client_addr', 'inet_client_port', 'current_query', 'pg_current_xact_id_if_assigned']

/**
 * `own`: the table that changes, with what inherits from it or is its partition; `kin`: the same for every table in the statement; `hit`: what foreign
 * keys change with it, from table to table; `below`: the same with partitions, and the events there.
 */
const FACTS = `
WITH RECURSIVE
  own(rel) AS (SELECT $1::oid UNION SELECT inhrelid FROM pg_inherits JOIN own ON inhparent = rel),
  kin(rel) AS (SELECT unnest($2::oid[]) UNION SELECT inhrelid FROM pg_inherits JOIN kin ON inhparent = rel),
  referred(rel) AS (SELECT rel FROM own UNION SELECT relid FROM pg_partition_ancestors($1::oid)),
  hit(rel, how, event, keys) AS (
    SELECT conrelid, confdeltype, 'DELETE', conkey FROM pg_constraint
    WHERE contype = 'f' AND conparentid = 0 AND confrelid IN (SELECT rel FROM referred) AND confdeltype IN ('c', 'n', 'd') AND $3::int & 8 <> 0
    UNION
    SELECT conrelid, confupdtype, 'UPDATE', conkey FROM pg_constraint
    WHERE contype = 'f' AND conparentid = 0 AND confrelid IN (SELECT rel FROM referred) AND confupdtype IN ('c', 'n', 'd') AND $3::int & 16 <> 0
      AND ($4 = '[]' OR EXISTS (SELECT FROM pg_attribute WHERE attrelid = confrelid AND attnum = ANY (confkey)
        AND attname::text IN (SELECT json_array_elements_text($4::json))))
    UNION
    SELECT conrelid, CASE WHEN how = 'c' AND event = 'DELETE' THEN confdeltype ELSE confupdtype END,
      CASE WHEN how = 'c' AND event = 'DELETE' THEN 'DELETE' ELSE 'UPDATE' END, conkey
    FROM pg_constraint JOIN hit ON confrelid = rel
    WHERE contype = 'f' AND conparentid = 0
      AND CASE WHEN how = 'c' AND event = 'DELETE' THEN confdeltype IN ('c', 'n', 'd') ELSE confupdtype IN ('c', 'n', 'd') AND confkey && keys END
  ),
  below(rel, bits) AS (
    SELECT rel, CASE WHEN how = 'c' AND event = 'DELETE' THEN 8 ELSE 16 END FROM hit
    UNION SELECT inhrelid, bits FROM pg_inherits JOIN below ON inhparent = rel
  ),
  fired(name) AS (
    SELECT tgname::text FROM pg_trigger
    WHERE tgrelid IN (SELECT rel FROM own) AND NOT tgisinternal AND tgenabled IN ('O', 'A') AND (tgtype & $3::int & ~16 & 28 <> 0 OR tgtype & $3::int & 16 <> 0
      AND (tgattr::text = '' OR $4 = '[]' OR EXISTS (SELECT FROM pg_attribute WHERE attrelid = tgrelid AND attnum = ANY (tgattr)
        AND attname::text IN (SELECT json_array_elements_text($4::json)))))
    UNION
    SELECT format('%s on %s', tgname, tgrelid::regclass) FROM pg_trigger JOIN below ON tgrelid = rel
    WHERE NOT tgisinternal AND tgenabled IN ('O', 'A') AND tgtype & bits <> 0 AND tgparentid = 0
    UNION
    SELECT format('%s (rule)', rulename) FROM pg_rewrite WHERE ev_class IN (SELECT rel FROM own) AND rulename <> '_RETURN' AND ev_enabled IN ('O', 'A')
      AND CASE ev_type WHEN '2' THEN 16 WHEN '3' THEN 4 WHEN '4' THEN 8 ELSE 0 END & $3::int <> 0
  )
SELECT
  (SELECT count(*) = 1 OR bool_or(relkind = 'p') FROM own JOIN pg_class ON oid = rel) AND EXISTS (
    SELECT FROM pg_index WHERE indrelid = $1::oid AND indisunique AND indisvalid AND indpred IS NULL AND indexprs IS NULL
      AND NOT EXISTS (SELECT FROM generate_series(0, indnkeyatts - 1) AS n JOIN pg_attribute ON attrelid = indrelid AND attnum = indkey[n]
        WHERE attname::text NOT IN (SELECT json_array_elements_text($5::json)))),
  (SELECT coalesce(json_agg(name ORDER BY name), '[]') FROM fired),
  (SELECT coalesce(json_agg(DISTINCT format('%s (ON %s %s)', rel::regclass, event,
    CASE how WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' ELSE 'SET DEFAULT' END)), '[]') FROM hit),
  (SELECT string_agg(DISTINCT oid::regclass::text, ', ') FROM pg_class WHERE oid IN (SELECT rel FROM kin) AND relkind NOT IN ('r', 'p', 'm')),
  (SELECT string_agg(DISTINCT oid::regclass::text, ', ') FROM pg_class WHERE oid IN (SELECT rel FROM own) AND relhasrules),
  (SELECT string_agg(DISTINCT oid::regclass::text, ', ') FROM pg_class WHERE oid IN (SELECT rel FROM kin) AND row_security_active(oid)),
  (SELECT string_agg(DISTINCT relname, ', ') FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
    WHERE nspname LIKE 'pg\\_temp\\_%' AND relname::text IN (SELECT json_array_elements_text($6::json))),
  (SELECT string_agg(DISTINCT proname, ', ') FROM pg_proc WHERE proname::text IN (SELECT json_array_elements_text($7::json))
    AND (provolatile = 'v' OR proname::text IN (SELECT json_array_elements_text($8::json))))
`

/** Needs a search_path of pg_catalog alone, so that no name in it can be somebody's own. `oids` are those of the statement's tables, the target first. */
export async function catalogFacts(beside: Beside, change: Changing, oids: readonly string[]): Promise<CatalogFacts> {
  const bits = change.events.reduce((sum, event) => sum + EVENT_BITS[event], 0)
  const json = (values: readonly string[]) => JSON.stringify(values)
  const { set, fixed, bareNames, functions } = change
  const values = [oids[0] ?? '0', `{${oids.join(',')}}`, String(bits), json(set), json(fixed), json(bareNames), json(functions), json(OF_A_SESSION)]
  const [row] = await beside.ask(FACTS, values.map(untyped))
  if (!row) throw new Error('the catalog did not answer')
  const [unique, triggers, cascades, kinds, rules, secured, shadows, functionsOfMoment] = row
  const byCondition = change.kind === 'UpdateStmt' || change.kind === 'DeleteStmt'
  return { uniqueKey: byCondition ? unique === 't' : null, triggers: strings(triggers), cascades: strings(cascades), doubt: doubt() }

  function doubt(): string | null {
    if (kinds) return `${kinds} is not a plain table`
    if (rules) return `${rules} has rules, which may do something else instead`
    if (secured) return `row security decides which rows of ${secured} it reaches`
    if (shadows) return `some session has a temporary table named ${shadows}`
    return functionsOfMoment ? `${functionsOfMoment} may answer otherwise when the statement runs` : null
  }
}
