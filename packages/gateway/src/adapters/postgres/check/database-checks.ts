import { type Check, holders, ofExtension, OWN_SCHEMAS } from './check.ts'

const FUNCTION_HOLDERS = holders('p.proacl', 'f', 'p.proowner', 'EXECUTE', 'roles')
/** A function that sessions cannot name they cannot call. */
const NAMED = `(SELECT count(*) FROM ${holders('n.nspacl', 'n', 'n.nspowner', 'USAGE', 'roles')} u) > 0`
const OUTSIDE = `NOT ${OWN_SCHEMAS}`

/** Functions that pass whatever a session may do itself: one that runs as its owner, one that is native code. Triggers cannot be called. */
const passing = (words: string, which: string) => `
  SELECT format('%s may run %s, %s', string_agg(h.name, ', ' ORDER BY h.name), p.oid::regprocedure, ${words}),
    string_agg(format('REVOKE EXECUTE ON ROUTINE %s FROM %s;', p.oid::regprocedure, h.name), ' ' ORDER BY h.name)
  FROM given, pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_roles o ON o.oid = p.proowner JOIN pg_language l ON l.oid = p.prolang,
    LATERAL ${FUNCTION_HOLDERS} h
  WHERE ${which} AND ${OUTSIDE} AND ${NAMED} AND p.prorettype <> ALL (ARRAY['trigger', 'event_trigger']::regtype[]) AND NOT ${ofExtension('pg_proc', 'p.oid')}
  GROUP BY p.oid, o.rolname, o.rolsuper, l.lanname`

/** Away from what it shadows, and of the same OID: views and functions that use it go on. */
const moved = (kind: string, name: string) => `format('CREATE SCHEMA IF NOT EXISTS shadows; ALTER ${kind} %s SET SCHEMA shadows;', ${name})`

const setting = (name: string, value: string) => `
  SELECT format('${name} is %s', current_setting('${name}')),
    CASE WHEN given.ephemeral THEN format('ALTER DATABASE %I SET ${name} = ${value};', current_database())
      ELSE format('ALTER ROLE %I IN DATABASE %I SET ${name} = ${value};', current_user, current_database()) END
  FROM given WHERE upper(current_setting('${name}')) <> upper('${value}')`

/** What is asked in each database. */
export const DATABASE_CHECKS: readonly Check[] = [
  {
    name: 'literals',
    of: 'database',
    shared: 'serious',
    ephemeral: 'serious',
    why: 'the server ends a literal elsewhere than the gateway’s parser does, so every statement is unknown to policy',
    sql: setting('standard_conforming_strings', 'on'),
  },
  {
    name: 'encoding',
    of: 'database',
    shared: 'serious',
    ephemeral: 'serious',
    why: 'bytes mean another text to the server than to the gateway, so every statement of a client that does not ask for UTF8 is unknown to policy',
    sql: setting('client_encoding', 'UTF8'),
  },
  {
    name: 'database-connections',
    of: 'database',
    shared: 'warning',
    ephemeral: 'warning',
    why: 'each session takes one, and the gateway some more to read the catalog and to say what a held write would do',
    sql: `SELECT format('the database may have %s connections', d.datconnlimit), format('ALTER DATABASE %I CONNECTION LIMIT -1;', d.datname)
      FROM pg_database d WHERE d.datname = current_database() AND d.datconnlimit BETWEEN 0 AND 9`,
  },
  {
    name: 'temporary-tables',
    of: 'database',
    shared: null,
    ephemeral: 'blocking',
    why: 'a temporary table hides the one of that name which a reviewer was shown',
    sql: `SELECT format('%s may make temporary tables', h.name), format('REVOKE TEMPORARY ON DATABASE %I FROM %s;', d.datname, h.name)
      FROM given, pg_database d, LATERAL ${holders('d.datacl', 'd', 'd.datdba', 'TEMPORARY', 'plain')} h WHERE d.datname = current_database()`,
  },
  {
    name: 'create-in-schemas',
    of: 'database',
    shared: 'warning',
    ephemeral: 'blocking',
    why: 'a table, function or operator made there can stand for the one that was reviewed or is trusted',
    sql: `SELECT format('%s may create in the schema %I', h.name, n.nspname), format('REVOKE CREATE ON SCHEMA %I FROM %s;', n.nspname, h.name)
      FROM given, pg_namespace n, LATERAL ${holders('n.nspacl', 'n', 'n.nspowner', 'CREATE', 'plain')} h WHERE ${OUTSIDE}
      UNION ALL
      SELECT format('%s may create schemas', h.name), format('REVOKE CREATE ON DATABASE %I FROM %s;', d.datname, h.name)
      FROM given, pg_database d, LATERAL ${holders('d.datacl', 'd', 'd.datdba', 'CREATE', 'plain')} h WHERE d.datname = current_database()`,
  },
  {
    name: 'security-definer',
    of: 'database',
    shared: 'warning',
    ephemeral: 'serious',
    why: 'it runs with the rights of its owner and not of the session, so it passes the fence: read it, or take it from them',
    sql: passing(`format('which runs as its owner %I', o.rolname) || CASE WHEN o.rolsuper THEN ', a superuser' ELSE '' END`, 'p.prosecdef'),
  },
  {
    name: 'native-functions',
    of: 'database',
    shared: 'warning',
    ephemeral: 'serious',
    why: 'its language lets it do whatever the server’s operating system user may, so it passes the fence',
    sql: passing(`format('which is written in %I', l.lanname)`, 'NOT l.lanpltrusted'),
  },
  {
    name: 'untrusted-languages',
    of: 'database',
    shared: 'warning',
    ephemeral: 'warning',
    why: 'functions in it do whatever the server’s operating system user may; superusers can write them',
    sql: `SELECT format('the language %I is there', l.lanname), CASE WHEN ${ofExtension('pg_language', 'l.oid')}
        THEN format('DROP EXTENSION %I;', l.lanname) ELSE format('DROP LANGUAGE %I;', l.lanname) END
      FROM pg_language l WHERE NOT l.lanpltrusted AND l.lanname <> ALL (ARRAY['internal', 'c'])`,
  },
  {
    name: 'trusted-are-there',
    of: 'database',
    shared: 'warning',
    ephemeral: 'warning',
    why: 'whoever makes something of that name is trusted from then on: take it out of functions.trusted',
    sql: `SELECT format('functions.trusted names %s, which is not there', t.name), NULL
      FROM given, unnest(given.trusted) AS t(name) WHERE current_database() = given.home AND NOT EXISTS (
        SELECT FROM (SELECT pronamespace, proname FROM pg_proc UNION ALL SELECT relnamespace, relname FROM pg_class
          UNION ALL SELECT typnamespace, typname FROM pg_type UNION ALL SELECT oprnamespace, oprname FROM pg_operator) AS o(namespace, name)
        JOIN pg_namespace n ON n.oid = o.namespace WHERE n.nspname || '.' || o.name = t.name)`,
  },
  {
    name: 'trusted-run-as-their-callers',
    of: 'database',
    shared: 'serious',
    ephemeral: 'serious',
    why: 'it counts as a read, and what it does with its owner’s rights nobody is asked about',
    sql: `SELECT format('functions.trusted names %s, which runs as its owner %I', p.oid::regprocedure, o.rolname) || CASE WHEN o.rolsuper THEN ', a superuser' ELSE '' END,
        format('ALTER ROUTINE %s SECURITY INVOKER;', p.oid::regprocedure)
      FROM given, pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_roles o ON o.oid = p.proowner
      WHERE p.prosecdef AND n.nspname || '.' || p.proname = ANY (given.trusted)`,
  },
  {
    name: 'shadows',
    of: 'database',
    shared: 'warning',
    ephemeral: 'warning',
    why: 'it may be meant where PostgreSQL’s own is written, so statements that use the name are unknown to policy',
    sql: `SELECT format('%s has the name of one of PostgreSQL’s own', u.oid::regprocedure), ${moved('ROUTINE', 'u.oid::regprocedure')}
      FROM given, pg_proc u JOIN pg_namespace n ON n.oid = u.pronamespace
      WHERE ${OUTSIDE} AND ${NAMED} AND NOT n.nspname || '.' || u.proname = ANY (given.trusted) AND NOT ${ofExtension('pg_proc', 'u.oid')}
        AND EXISTS (SELECT FROM pg_proc b WHERE b.proname = u.proname AND b.pronamespace = 'pg_catalog'::regnamespace)
      UNION ALL
      SELECT format('the operator %s has the name of one of PostgreSQL’s own', u.oid::regoperator), ${moved('OPERATOR', 'u.oid::regoperator')}
      FROM given, pg_operator u JOIN pg_namespace n ON n.oid = u.oprnamespace
      WHERE ${OUTSIDE} AND ${NAMED} AND NOT n.nspname || '.' || u.oprname = ANY (given.trusted) AND NOT ${ofExtension('pg_operator', 'u.oid')}
        AND EXISTS (SELECT FROM pg_operator b WHERE b.oprname = u.oprname AND b.oprnamespace = 'pg_catalog'::regnamespace)`,
  },
  {
    name: 'event-triggers',
    of: 'database',
    shared: 'warning',
    ephemeral: 'warning',
    why: 'it runs with what a reviewer approves, and is not in what he is shown',
    sql: `SELECT format('the event trigger %I runs %s on %s', e.evtname, e.evtfoid::regprocedure, e.evtevent), format('ALTER EVENT TRIGGER %I DISABLE;', e.evtname)
      FROM pg_event_trigger e WHERE e.evtenabled <> 'D' AND NOT ${ofExtension('pg_event_trigger', 'e.oid')}`,
  },
  {
    name: 'owner-may-create',
    of: 'database',
    shared: null,
    ephemeral: 'warning',
    why: 'what is made under an approval belongs to the owner, who may make nothing here: such statements fail',
    sql: `SELECT format('the owner %I may create in no schema', o.rolname), format('GRANT CREATE ON SCHEMA public TO %I;', o.rolname)
      FROM given JOIN pg_roles o ON o.rolname = given.owner
      WHERE current_database() = given.home AND NOT EXISTS (SELECT FROM pg_namespace n WHERE ${OUTSIDE} AND has_schema_privilege(o.oid, n.oid, 'CREATE'))`,
  },
]
