import { ProtocolError } from '@countersign/wire/postgres/error'
import type { Fencing } from './fencing.ts'
import { literal, namesOf } from './membership.ts'
import type { Rights } from './rights.ts'

/**
 * What is asked on the session's own connection. Inside a transaction a server does not look at every turn whether memberships have changed
 * (PostgreSQL source, LockRelationOid: not for a lock that it holds already), so that REVOKE alone may leave it with what it remembers. Reading a table makes it look; whether it
 * did is what `has` says, because pg_has_role asks the same memory as every check of rights.
 */
export const insideOf = ({ role }: Fencing, rights: Rights) => `
SELECT pg_catalog.json_build_object(
  'any', EXISTS (SELECT FROM pg_catalog.pg_auth_members),
  'itself', current_user OPERATOR(pg_catalog.=)${literal(role)} AND session_user OPERATOR(pg_catalog.=)${literal(role)},
  'has', ARRAY(SELECT given FROM pg_catalog.unnest(ARRAY[${namesOf(rights).map(literal).join(',')}]::pg_catalog.name[]) AS given
               WHERE pg_catalog.pg_has_role(session_user, given, 'MEMBER')),
  'cursors', ARRAY(SELECT name FROM pg_catalog.pg_cursors))`

export const SCHEMAS = 'SELECT pg_catalog.to_json(pg_catalog.current_schemas(true))'

/** What a session's own connection says of its rights. */
export interface Inside {
  /** It is who it was when it logged in. */
  readonly itself: boolean
  /** Of the roles that were asked about, those that it still counts as its own. */
  readonly has: readonly string[]
  readonly cursors: readonly string[]
}

/** Throws ProtocolError for anything else than an answer to `insideOf`. */
export function decodeInside(answer: string | null | undefined): Inside {
  const said: unknown = JSON.parse(answer ?? 'null')
  if (typeof said !== 'object' || said === null || !('itself' in said && 'has' in said && 'cursors' in said))
    throw new ProtocolError('malformed', 'the server did not say what rights the session has')
  return { itself: said.itself === true, has: namesIn(said.has), cursors: namesIn(said.cursors) }
}

function namesIn(said: unknown): readonly string[] {
  if (!Array.isArray(said)) throw new ProtocolError('malformed', 'the server did not say what rights the session has')
  return said.map(String)
}
