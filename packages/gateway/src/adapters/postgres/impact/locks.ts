import { list, text } from '../classify/tree.ts'
import type { Beside } from '../beside.ts'
import { untyped } from './values.ts'

/** What an open transaction holds while its next statement waits for a review; all in words. */
export interface Locks {
  readonly held: readonly string[]
  /** Other sessions that cannot go on because of them. */
  readonly waiting: readonly string[]
  /** Tables that it may have given another definition, which nobody else sees yet. */
  readonly redefined: readonly string[]
}

/** What others still can do with a table, by the lock that somebody has on it (PostgreSQL's documentation, 13.3.1). */
const MEANINGS: Readonly<Record<string, string>> = {
  AccessShareLock: 'was read; others may read and change it, not alter it',
  RowShareLock: 'has locked rows; others wait for those',
  RowExclusiveLock: 'has changed rows; others wait for those',
  ShareUpdateExclusiveLock: 'others may read and change it, not alter it',
  ShareLock: 'others only read it',
  ShareRowExclusiveLock: 'others only read it',
  ExclusiveLock: 'others only read it',
  AccessExclusiveLock: 'nobody else even reads it',
}
const REDEFINES = ['ShareUpdateExclusiveLock', 'ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock']

/** Catalogs (below 16384), indexes and TOAST follow their tables; what the transaction itself has made has no name for others. */
const LOCKS = `
SELECT
  EXISTS (SELECT FROM pg_locks WHERE pid = $1::int AND locktype = 'virtualxid' AND granted),
  (SELECT coalesce(json_agg(DISTINCT jsonb_build_array(
      CASE WHEN locktype = 'advisory' THEN 'an advisory lock' WHEN relname IS NULL THEN 'what it has made' ELSE relation::regclass::text END, mode)), '[]')
    FROM pg_locks LEFT JOIN pg_class ON pg_class.oid = relation
    WHERE pid = $1::int AND granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND (locktype = 'advisory' OR locktype = 'relation' AND relation >= 16384 AND coalesce(relkind, 'r') NOT IN ('i', 'I', 't'))),
  (SELECT coalesce(json_agg(DISTINCT format('%s%s waits for %s', usename, CASE WHEN application_name <> '' THEN format(' (%s)', application_name) END,
      CASE locktype WHEN 'relation' THEN relation::regclass::text WHEN 'advisory' THEN 'an advisory lock'
        ELSE coalesce((SELECT 'a row of ' || t.relation::regclass FROM pg_locks t WHERE t.pid = w.pid AND t.locktype = 'tuple' LIMIT 1), 'a row') END)), '[]')
    FROM pg_locks w JOIN pg_stat_activity USING (pid) WHERE NOT w.granted AND $1::int = ANY (pg_blocking_pids(w.pid)))
`

/** Of the session with that server process, or null when the target knows of no such transaction. Needs a search_path of pg_catalog alone. */
export async function locksOf(beside: Beside, processId: number): Promise<Locks | null> {
  const [row] = await beside.ask(LOCKS, [untyped(String(processId))])
  const [isThere, held, waiting] = row ?? []
  if (isThere !== 't') return null
  const locks = parsed(held).map((each) => list(each).map((part) => text(part) ?? ''))
  return {
    held: locks.map(([name = '', mode = '']) => (name === 'an advisory lock' ? name : `${name}: ${MEANINGS[mode] ?? ''} (${mode})`)),
    waiting: parsed(waiting).flatMap((each) => text(each) ?? []),
    redefined: [...new Set(locks.flatMap(([name = '', mode = '']) => (REDEFINES.includes(mode) && name !== 'an advisory lock' ? [name] : [])))],
  }
}

const parsed = (json: string | null | undefined) => list(JSON.parse(json ?? '[]'))
