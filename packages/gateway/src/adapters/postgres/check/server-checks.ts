import type { Check } from './check.ts'

/** Roles that PostgreSQL makes and that reach the server's files, programs or other people's sessions. */
const POWERFUL = `ARRAY['pg_execute_server_program', 'pg_read_server_files', 'pg_write_server_files', 'pg_signal_backend', 'pg_create_subscription',
  'pg_maintain', 'pg_signal_autovacuum_worker']`

/** What a role is that no session should be, of roles `r`: the attribute, and how it is taken away. Attributes are not inherited, but SET ROLE has them. */
const ATTRIBUTES = `LATERAL (VALUES (r.rolsuper, 'superuser', 'SUPERUSER'), (r.rolbypassrls, 'exempt from row security (BYPASSRLS)', 'BYPASSRLS'),
  (r.rolreplication, 'allowed to copy the whole server (REPLICATION)', 'REPLICATION')) AS attribute(held, words, keyword)`

/** What is asked of the server and of the roles that it has for all its databases. */
export const SERVER_CHECKS: readonly Check[] = [
  {
    name: 'server-version',
    of: 'server',
    shared: 'serious',
    ephemeral: 'blocking',
    why: 'versions before 15 are no longer maintained, and nothing of this gateway was tried on one',
    sql: `SELECT format('PostgreSQL %s is older than 15', current_setting('server_version')), NULL
      WHERE current_setting('server_version_num')::int < 150000`,
  },
  {
    name: 'untried-version',
    of: 'server',
    shared: 'warning',
    ephemeral: 'warning',
    why: 'this gateway was tried on 15 to 18; statements that are new since then are unknown to it, and policy treats them so',
    sql: `SELECT format('PostgreSQL %s is newer than 18', current_setting('server_version')), NULL
      WHERE current_setting('server_version_num')::int >= 190000`,
  },
  {
    name: 'primary',
    of: 'server',
    shared: null,
    ephemeral: 'blocking',
    why: 'no role can be made, given or taken away on a standby: name the primary in the url of the resource',
    sql: `SELECT 'the server is a standby: it is in recovery', NULL WHERE pg_is_in_recovery()`,
  },
  {
    name: 'encryption',
    of: 'server',
    shared: 'warning',
    ephemeral: 'warning',
    why: 'whoever is between the gateway and the server reads and changes what passes: set tls.mode to verify-full',
    sql: `SELECT w.what, NULL FROM given, LATERAL (VALUES
        (given.tls = 'require', 'the connection is encrypted, and nobody proves who the server is (tls.mode: require)'),
        (given.tls = 'disable' AND NOT inet_client_addr() << '127.0.0.0/8' AND inet_client_addr() <> '::1', 'the connection comes over a network in clear')
      ) AS w(found, what) WHERE w.found`,
  },
  {
    name: 'connection-slots',
    of: 'server',
    shared: 'warning',
    ephemeral: 'warning',
    why: 'each session takes one, and the gateway some more to read the catalog and to say what a held write would do',
    sql: `SELECT format('%s of %s connections are free', s.free, s.most), format('ALTER SYSTEM SET max_connections = %s; -- then restart the server', s.most * 2)
      FROM (SELECT current_setting('max_connections')::int AS most, current_setting('max_connections')::int
        - current_setting('superuser_reserved_connections')::int - coalesce(current_setting('reserved_connections', true), '0')::int
        - (SELECT sum(numbackends) FROM pg_stat_database) AS free) s WHERE s.free < 10
      UNION ALL
      SELECT format('the role %I may have %s connections', r.rolname, r.rolconnlimit), format('ALTER ROLE %I CONNECTION LIMIT -1;', r.rolname)
      FROM pg_roles r WHERE r.rolname = current_user AND NOT r.rolsuper AND r.rolconnlimit BETWEEN 0 AND 9`,
  },
  {
    name: 'credential',
    of: 'server',
    shared: 'warning',
    ephemeral: 'warning',
    why: 'the gateway needs none of it, and where it errs, or its credential is lost, nothing else stands in the way',
    sql: `SELECT format('the credential %I is %s', r.rolname, attribute.words), format('ALTER ROLE %I NO%s;', r.rolname, attribute.keyword)
      FROM pg_roles r, ${ATTRIBUTES} WHERE r.rolname = current_user AND attribute.held
      UNION ALL
      SELECT format('the credential %I is a member of %I', r.rolname, p.rolname), format('REVOKE %I FROM %I;', p.rolname, r.rolname)
      FROM pg_roles r, pg_roles p
      WHERE r.rolname = current_user AND NOT r.rolsuper AND p.rolname = ANY (${POWERFUL}) AND pg_has_role(r.oid, p.oid, 'MEMBER')`,
  },
  {
    name: 'mapped-roles',
    of: 'server',
    shared: null,
    ephemeral: 'blocking',
    why: 'accounts maps actions to this role, and what is not there cannot be given',
    sql: `SELECT format('there is no role %I', m.name), format('CREATE ROLE %I NOLOGIN;', m.name)
      FROM given, LATERAL (SELECT DISTINCT unnest(given.roles || given.owner)) AS m(name)
      WHERE m.name IS NOT NULL AND NOT EXISTS (SELECT FROM pg_roles r WHERE r.rolname = m.name)`,
  },
  {
    name: 'powerful-roles',
    of: 'server',
    shared: null,
    ephemeral: 'blocking',
    why: 'a session that holds it has more than tables: the fence has nothing to hold it back with',
    sql: `SELECT format('the role %I is %s', r.rolname, attribute.words), format('ALTER ROLE %I NO%s;', r.rolname, attribute.keyword)
      FROM given, pg_roles r, LATERAL (SELECT * FROM ${ATTRIBUTES} UNION ALL VALUES (r.rolcreaterole, 'allowed to make roles (CREATEROLE)', 'CREATEROLE')) attribute
      WHERE r.rolname = ANY (given.roles || given.owner) AND attribute.held
      UNION ALL
      SELECT format('the role %I is a member of %I', r.rolname, p.rolname) || CASE WHEN p.rolsuper THEN ', a superuser' ELSE '' END,
        format('REVOKE %I FROM %I;', p.rolname, r.rolname)
      FROM given, pg_roles r, pg_roles p
      WHERE r.rolname = ANY (given.roles || given.owner) AND NOT r.rolsuper AND p.oid <> r.oid AND (p.rolname = ANY (${POWERFUL}) OR p.rolsuper)
        AND pg_has_role(r.oid, p.oid, 'MEMBER')`,
  },
  {
    name: 'admin-may-make-roles',
    of: 'server',
    shared: null,
    ephemeral: 'blocking',
    why: 'every session gets a role of its own',
    sql: `SELECT format('the credential %I may not make roles', r.rolname), format('ALTER ROLE %I CREATEROLE;', r.rolname)
      FROM pg_roles r WHERE r.rolname = current_user AND NOT r.rolcreaterole AND NOT r.rolsuper`,
  },
  {
    name: 'admin-may-give-roles',
    of: 'server',
    shared: null,
    ephemeral: 'blocking',
    why: 'rights are given for one statement and taken back, which from version 16 on needs ADMIN OPTION on the role',
    sql: `SELECT format('the credential %I may not give the role %I away', current_user, r.rolname), format('GRANT %I TO %I WITH ADMIN OPTION;', r.rolname, current_user)
      FROM given, pg_roles r
      WHERE r.rolname = ANY (given.roles || given.owner) AND current_setting('server_version_num')::int >= 160000
        AND NOT pg_has_role(current_user, r.oid, 'MEMBER WITH ADMIN OPTION')`,
  },
  {
    name: 'admin-may-hand-over',
    of: 'server',
    shared: null,
    ephemeral: 'blocking',
    why: 'what a session leaves behind goes to the owner, and only somebody with the owner’s rights can give it away',
    sql: `SELECT format('the credential %I does not have the rights of the owner %I', current_user, r.rolname),
        format('GRANT %I TO %I%s;', r.rolname, current_user, CASE WHEN current_setting('server_version_num')::int >= 160000 THEN ' WITH INHERIT TRUE' ELSE '' END)
      FROM given JOIN pg_roles r ON r.rolname = given.owner WHERE NOT pg_has_role(current_user, r.oid, 'USAGE')`,
  },
]
