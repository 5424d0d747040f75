/**
 * `blocking`: the fence could be passed, so connections are refused until it is mended. `serious`: something does not work, or is open
 * to whoever finds it. `warning`: worth knowing, and perhaps meant so.
 */
export type Severity = 'blocking' | 'serious' | 'warning'

/** One thing that is wrong with a target. */
export interface Finding {
  /** The name of the check that found it. */
  readonly check: string
  readonly severity: Severity
  /** The database that it is about; null is the whole server. */
  readonly database: string | null
  readonly what: string
  readonly why: string
  /** What mends it, to be run in `database` by somebody who may; null where no SQL does. */
  readonly sql: string | null
}

/**
 * One question to the target, of which every row is a finding: what is wrong, and the SQL that mends it or NULL. It begins behind GIVEN, in a
 * session whose search_path is pg_catalog alone.
 */
export interface Check {
  readonly name: string
  /** Asked once, or in each database. */
  readonly of: 'server' | 'database'
  /** What a row means where sessions run as the resource's credential, and where each runs as a role of its own; null: it is not asked. */
  readonly shared: Severity | null
  readonly ephemeral: Severity | null
  readonly why: string
  readonly sql: string
}

/**
 * What every check knows of the resource's configuration. `roles` are all that `accounts` maps to, `plain` those of them for reading and writing rows,
 * to which CREATE would be more than they are for; `home` is the resource's own database.
 */
export const GIVEN = `WITH given(roles, plain, owner, ephemeral, trusted, home, tls) AS MATERIALIZED
  (SELECT $1::text[], $2::text[], $3::text, $4::boolean, $5::text[], $6::text, $7::text)`

/**
 * Who of all that sessions are or may become holds a privilege by an access list: PUBLIC, and what the roles in `given` are members of.
 * `kind` and `owner` say what an empty list means (acldefault).
 */
export function holders(list: string, kind: 'd' | 'f' | 'n', owner: string, privilege: string, roles: 'roles' | 'plain'): string {
  return `(SELECT CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END AS name
    FROM aclexplode(coalesce(${list}, acldefault('${kind}', ${owner}))) a
    WHERE a.privilege_type = '${privilege}' AND (a.grantee = 0 OR EXISTS
      (SELECT FROM pg_roles m WHERE m.rolname = ANY (given.${roles}) AND NOT m.rolsuper AND pg_has_role(m.oid, a.grantee, 'USAGE'))))`
}

/** Objects of extensions are what their makers say, and are left alone. */
export function ofExtension(catalog: string, oid: string): string {
  return `EXISTS (SELECT FROM pg_depend d WHERE d.classid = '${catalog}'::regclass AND d.objid = ${oid} AND d.deptype = 'e')`
}

/** Schemas of PostgreSQL itself. */
export const OWN_SCHEMAS = `(n.nspname = ANY (ARRAY['pg_catalog', 'information_schema', 'pg_toast']) OR n.nspname ~ '^pg_(toast_)?temp_')`
