import type { Fencing } from './fencing.ts'
import type { Rights } from './rights.ts'

/** SQL of the gateway's own account, for one session's role. Names come from a configuration, and are quoted as PostgreSQL does it. */
export const name = (text: string) => `"${text.replaceAll('"', '""')}"`
export const literal = (text: string) => ` E'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`

/** The first version whose memberships say what they are good for. */
const WITH_OPTIONS = 16

/** These rights, as statements that each either happens or not. */
export const parts = ({ roles, owner }: Rights): readonly Rights[] => [
  ...(roles.length > 0 ? [{ roles, owner: null }] : []),
  ...(owner === null ? [] : [{ roles: roles.includes(owner) ? [owner] : [], owner }]),
]

/** Gives one of `parts`. Nobody may become a role where the target can tell that apart from having its rights, but for the owner. */
export function grant({ role, version }: Fencing, { roles, owner }: Rights): string {
  const given = owner === null ? roles : [owner]
  const options = `INHERIT ${roles.length > 0 ? 'TRUE' : 'FALSE'}, SET ${owner === null ? 'FALSE' : 'TRUE'}`
  return `GRANT ${given.map(name).join(', ')} TO ${name(role)}${version >= WITH_OPTIONS ? ` WITH ${options}` : ''}`
}

/** Takes back what the same account gave. */
export const revoke = ({ role }: Fencing, rights: Rights) => `REVOKE ${namesOf(rights).map(name).join(', ')} FROM ${name(role)}`

/** The roles of these that the session's role still is a direct member of, whoever made it one. */
export const leftovers = ({ role }: Fencing, rights: Rights) => `
SELECT granted.rolname
  FROM pg_catalog.pg_auth_members AS membership
  JOIN pg_catalog.pg_roles AS granted ON granted.oid OPERATOR(pg_catalog.=) membership.roleid
  JOIN pg_catalog.pg_roles AS member ON member.oid OPERATOR(pg_catalog.=) membership.member
 WHERE member.rolname OPERATOR(pg_catalog.=)${literal(role)} AND granted.rolname OPERATOR(pg_catalog.=) ANY (ARRAY[${namesOf(rights).map(literal).join(',')}]::pg_catalog.name[])`

/** Every role that is given, the owner too. */
export const namesOf = ({ roles, owner }: Rights): readonly string[] => (owner === null ? roles : [...new Set([...roles, owner])])
