import type { Impact } from '@countersign/core/impact'
import { parse } from '../classify/grammar.ts'
import { as, list, names, tree } from '../classify/tree.ts'
import type { RowChange } from './change.ts'
import { quotedName } from './counting.ts'
import type { Beside } from '../beside.ts'
import { strings, untyped } from './values.ts'

/** A change of rows that the planner does not plan. */
export interface Bulk {
  readonly kind: 'TruncateStmt' | 'CopyStmt'
  /** The tables that it names, each quoted as `"schema"."table"`. */
  readonly tables: readonly string[]
  /** Columns that COPY gives values, `*` for all. */
  readonly sets: readonly string[]
  /** TRUNCATE … CASCADE: tables that refer to it are emptied too. */
  readonly cascades: boolean
  /** Why its rows are not counted. */
  readonly because: string
}

/** Reads one TRUNCATE or COPY … FROM; null for any other statement. Throws what the parser throws. */
export function readBulk(statement: string): Bulk | null {
  const [only] = parse(statement)
  if (only?.kind === 'TruncateStmt') {
    const tables = list(only.node.relations).map((each) => quotedName(tree(as('RangeVar', each))))
    return {
      kind: 'TruncateStmt',
      tables,
      sets: [],
      cascades: only.node.behavior === 'DROP_CASCADE',
      because: 'a TRUNCATE leaves none, however many there are',
    }
  }
  if (only?.kind !== 'CopyStmt' || only.node.is_from !== true) return null
  const columns = names(only.node.attlist)
  const sets = columns.length > 0 ? columns : ['*']
  return { kind: 'CopyStmt', tables: [quotedName(tree(only.node.relation))], sets, cascades: false, because: 'the rows of a COPY come when it runs' }
}

/** What the catalog is asked about a COPY: it fires what an INSERT does. */
export function insertOf({ sets }: Bulk): Pick<RowChange, 'kind' | 'events' | 'set' | 'fixed' | 'bareNames' | 'functions'> {
  return { kind: 'InsertStmt', events: ['insert'], set: sets, fixed: [], bareNames: [], functions: [] }
}

/**
 * `emptied`: the tables that are named (all that inherits from them with them, also where ONLY was said: rather too much is shown), with what refers
 * to them where that is emptied too; `rows` as the planner knows them, null while it knows nothing of one of them.
 */
const EMPTIED = `
WITH RECURSIVE
  own(rel) AS (SELECT unnest($1::oid[]) UNION SELECT inhrelid FROM pg_inherits JOIN own ON inhparent = rel),
  emptied(rel) AS (
    SELECT rel FROM own
    UNION SELECT next.rel FROM emptied, LATERAL (
      SELECT conrelid AS rel FROM pg_constraint WHERE contype = 'f' AND confrelid = emptied.rel AND $2::boolean
      UNION ALL SELECT inhrelid FROM pg_inherits WHERE inhparent = emptied.rel) AS next
  )
SELECT
  (SELECT CASE WHEN bool_and(reltuples >= 0) THEN sum(reltuples)::numeric(30)::text END FROM emptied JOIN pg_class ON oid = rel AND relkind = 'r'),
  (SELECT coalesce(json_agg(DISTINCT CASE WHEN rel IN (SELECT own.rel FROM own) THEN tgname::text ELSE format('%s on %s', tgname, tgrelid::regclass) END), '[]')
    FROM emptied JOIN pg_trigger ON tgrelid = rel WHERE NOT tgisinternal AND tgenabled IN ('O', 'A') AND tgtype & 32 <> 0),
  (SELECT coalesce(json_agg(DISTINCT format('%s (TRUNCATE CASCADE)', rel::regclass)), '[]') FROM emptied WHERE rel NOT IN (SELECT own.rel FROM own))
`

/** What a TRUNCATE empties. Needs a search_path of pg_catalog alone. */
export async function emptied(beside: Beside, { cascades }: Bulk, oids: readonly string[]): Promise<Pick<Impact, 'estimate' | 'triggers' | 'cascades'>> {
  const [row] = await beside.ask(EMPTIED, [`{${oids.join(',')}}`, String(cascades)].map(untyped))
  if (!row) throw new Error('the catalog did not answer')
  const [rows, triggers, tables] = row
  return { estimate: rows === null || rows === undefined ? null : Number(rows), triggers: strings(triggers), cascades: strings(tables) }
}
