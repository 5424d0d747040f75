import { createHash } from 'node:crypto'
import { READING_FUNCTIONS, READING_QUALIFIED, WRITING_FUNCTIONS } from '../classify/functions.ts'
import type { Rewritten, Stored } from './facts.ts'

/** Internals that only read and that nobody calls by name: PostgreSQL's own views and functions run them. */
const INSIDE: ReadonlySet<string> = new Set(['nameconcatoid', 'on_ppath', 'pg_mcv_list_items'])

/** What one of PostgreSQL's own functions does to a statement that runs it; null for what nobody has reviewed. */
export function reviewed(name: string): 'reads' | 'writes' | null {
  if (name === 'cast' || READING_QUALIFIED.has(name) || name.startsWith('information_schema._pg_')) return 'reads'
  const bare = name.startsWith('pg_catalog.') ? name.slice('pg_catalog.'.length) : ''
  if (READING_FUNCTIONS.has(bare) || INSIDE.has(bare)) return 'reads'
  return WRITING_FUNCTIONS.has(bare) ? 'writes' : null
}

/** C functions of PostgreSQL that have another name than in SQL: of those that initdb itself writes again (src/backend/catalog/system_functions.sql), and of large objects. */
const SOURCES: ReadonlySet<string> = new Set(['unicode_normalize_func', 'unicode_is_normalized', 'drandom_normal', 'be_lo_get_fragment'])

/** MD5 of the bodies that are text: of information_schema._pg_expandarray, in PostgreSQL 15 and 18. */
const BODIES: ReadonlySet<string> = new Set(['867fc328ffe013628f28861c201d2ca9', 'f0ed363c107a0828181f785bb538b85b'])

/**
 * True when the row says what initdb wrote. A superuser can replace PostgreSQL's own functions; their rows have another xmin than the first,
 * as have those that only somebody's rights to were changed, and those that initdb's own scripts wrote again.
 */
export function isOriginal({ name, language, source, body, fills }: Rewritten): boolean {
  if (!runsOnlyReviewed(fills)) return false
  if (language === 'internal') return source === name || source === `be_${name}` || SOURCES.has(source) // be_ is before those of large objects
  if (language !== 'sql') return false
  return body.length > 0 ? runsOnlyReviewed(body) : BODIES.has(createHash('md5').update(source).digest('hex'))
}

function runsOnlyReviewed(body: Stored): boolean {
  return body.every(([field, , name]) => field !== 'funcid' || (name !== null && reviewed(name) === 'reads'))
}
