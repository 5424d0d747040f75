import type { Parameter } from '@countersign/core/action'
import type { Uses } from '../classify/uses.ts'
import { OBJECTS, qualified, USER } from './queries.ts'

const TYPED = (text: string) => `'${text}'::pg_catalog."char"`
const OF = (catalog: string) => `'pg_catalog.${catalog}'::pg_catalog.regclass`

/** Foreign keys that change rows of other tables: ON DELETE or UPDATE CASCADE, SET NULL and SET DEFAULT. */
const ACTS = (key: string) => {
  const acts = (action: string) => `${key}.${action} = ANY (ARRAY['c', 'n', 'd']::pg_catalog."char"[])`
  return `${key}.contype = ${TYPED('f')} AND (${acts('confdeltype')} OR ${acts('confupdtype')})`
}

/** Objects that belong to a relation and name others: what a view reads, a rule writes, a policy asks and a default counts with. */
const NAMING = (
  [
    ['pg_rewrite', 'ev_class'],
    ['pg_policy', 'polrelid'],
    ['pg_attrdef', 'adrelid'],
  ] as const
).map(
  ([catalog, of]) => `SELECT d.refobjid FROM pg_catalog.${catalog} o JOIN pg_catalog.pg_depend d ON d.objid = o.oid
    WHERE o.${of} = reach.oid AND d.classid = ${OF(catalog)} AND d.refclassid = ${OF('pg_class')}`,
)

/** Rows of catalogs, whole, that say how a relation is defined. */
const OF_RELATIONS = (
  [
    ['pg_attribute', 'attrelid'],
    ['pg_attrdef', 'adrelid'],
    ['pg_constraint', 'conrelid'],
    ['pg_index', 'indrelid'],
    ['pg_trigger', 'tgrelid'],
    ['pg_rewrite', 'ev_class'],
    ['pg_policy', 'polrelid'],
    ['pg_inherits', 'inhrelid'],
    ['pg_inherits', 'inhparent'],
    ['pg_partitioned_table', 'partrelid'],
    ['pg_sequence', 'seqrelid'],
    ['pg_foreign_table', 'ftrelid'],
  ] as const
).map(([catalog, of]) => `SELECT '${catalog}' || o::pg_catalog.text FROM reach JOIN pg_catalog.${catalog} o ON o.${of} = reach.oid`)

/**
 * Code that a statement may come to run by a trigger, and of which nothing says what it calls or changes: so that of the whole database counts, with what is
 * fired there by a change of rows.
 */
const CODE = [
  `SELECT 'pg_proc' || o::pg_catalog.text FROM pg_catalog.pg_proc o WHERE o.oid >= ${USER} OR o.xmin <> 1`,
  `SELECT 'pg_trigger' || o::pg_catalog.text FROM pg_catalog.pg_trigger o WHERE NOT o.tgisinternal`,
  `SELECT 'pg_rewrite' || o::pg_catalog.text FROM pg_catalog.pg_rewrite o WHERE o.ev_type <> ${TYPED('1')} AND o.oid >= ${USER}`,
  `SELECT 'pg_policy' || o::pg_catalog.text FROM pg_catalog.pg_policy o`,
  `SELECT 'pg_constraint' || o::pg_catalog.text FROM pg_catalog.pg_constraint o WHERE ${ACTS('o')}`,
  `SELECT 'pg_foreign_server' || o::pg_catalog.text FROM pg_catalog.pg_foreign_server o`,
]

const TEXT_ENCODING = 'pg_catalog.getdatabaseencoding()'
const sha256 = (text: string) => `pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(${text}, ${TEXT_ENCODING})), 'hex')`

/**
 * One digest of everything that may change what a statement does: the relations that it names (`$1`, where they are looked up in the schemas `$2`), and what they reach by inheritance,
 * partitions, views, rules, policies, defaults and foreign keys, with all that belongs to each; the code of the whole database; and everything that a name could mean. Rows of catalogs
 * are taken whole, so that no later version's column is forgotten, but for pg_class, of which VACUUM and the like change the rest.
 */
const DEFINITION = qualified(`
WITH RECURSIVE reach(oid) AS (
  SELECT c.oid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relname = ANY ($1::pg_catalog.name[]) AND n.nspname = ANY ($2::pg_catalog.name[])
  UNION
  SELECT next.oid FROM reach CROSS JOIN LATERAL (
    SELECT i.inhrelid FROM pg_catalog.pg_inherits i WHERE i.inhparent = reach.oid
    UNION ALL SELECT i.inhparent FROM pg_catalog.pg_inherits i WHERE i.inhrelid = reach.oid
    UNION ALL SELECT k.conrelid FROM pg_catalog.pg_constraint k WHERE k.confrelid = reach.oid AND ${ACTS('k')}
    UNION ALL ${NAMING.join('\nUNION ALL ')}
  ) next(oid)
)
SELECT ${sha256('pg_catalog.string_agg(facts.digest, \'\' ORDER BY facts.digest COLLATE "C")')} FROM (
  SELECT ${sha256('said.fact')} AS digest FROM (
    SELECT pg_catalog.json_build_array('relation', c.oid, c.relname, c.relnamespace, c.relkind, c.relpersistence, c.relowner, c.relam, c.relrowsecurity,
      c.relforcerowsecurity, c.relispartition, c.relpartbound::pg_catalog.text, c.reloptions, c.reltype, c.reloftype)::pg_catalog.text AS fact
    FROM reach JOIN pg_catalog.pg_class c ON c.oid = reach.oid
    UNION ALL ${OF_RELATIONS.join('\nUNION ALL ')}
    UNION ALL ${CODE.join('\nUNION ALL ')}
    UNION ALL SELECT objects.fact FROM (${OBJECTS}) objects
  ) said
) facts`)

/** The question and its parameters. `schemas` is where names are looked up; those that a name is written with are looked in too. */
export function definitionQuestion(uses: Uses | null, schemas: readonly string[]): readonly [text: string, parameters: readonly Parameter[]] {
  const paths = uses?.relations ?? []
  const named = paths.flatMap((path) => path.at(-1) ?? [])
  const qualifiers = paths.flatMap((path) => path.slice(0, -1))
  return [DEFINITION, [arrayOf(named), arrayOf([...schemas, ...qualifiers])]]
}

/** The digest in the answer; null when the answer is something else. */
export function definitionIn(rows: readonly (readonly (string | null)[])[]): string | null {
  const digest = rows[0]?.[0] ?? ''
  return /^[0-9a-f]{64}$/.test(digest) ? digest : null
}

/** As an array literal. */
function arrayOf(names: readonly string[]): Parameter {
  const quoted = names.map((name) => `"${name.replace(/["\\]/g, '\\$&')}"`)
  return { value: `{${quoted.join(',')}}`, format: 'text', type: 0 }
}
