import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Severity } from '../packages/gateway/src/adapters/postgres/check/check.ts'
import { DATABASE_CHECKS } from '../packages/gateway/src/adapters/postgres/check/database-checks.ts'
import { Fitness } from '../packages/gateway/src/adapters/postgres/check/fitness.ts'
import { SERVER_CHECKS } from '../packages/gateway/src/adapters/postgres/check/server-checks.ts'
import { makeCertificate, turnTlsOn } from './support/certificates.ts'
import { type Checked, EPHEMERAL, openChecked, SHARED } from './support/checked.ts'
import { lacks } from './support/needs.ts'
import { startPostgres } from './support/postgres.ts'

/** Something that is wrong with a target, and what is to be said of it. Its own SQL mends it, or `undo` where it has none. */
interface Planted {
  readonly made: string
  readonly in?: string
  readonly check: string
  readonly ephemeral: Severity
  /** Null where it is nothing to sessions that run as the credential. */
  readonly shared: Severity | null
  readonly what: RegExp
  readonly undo?: string
}

const DDL = '"App; ""ddl"""'
const define = (name: string, rest: string) => `CREATE FUNCTION ${name} RETURNS int LANGUAGE sql ${rest}`

const PLANTED: Readonly<Record<string, Planted>> = {
  'a credential that is a superuser': {
    made: 'ALTER ROLE admin SUPERUSER',
    check: 'credential',
    ephemeral: 'warning',
    shared: 'warning',
    what: /^the credential admin is superuser$/,
  },
  'a credential past row security': {
    made: 'ALTER ROLE admin BYPASSRLS',
    check: 'credential',
    ephemeral: 'warning',
    shared: 'warning',
    what: /^the credential admin is exempt from row security/,
  },
  'a credential that may copy the server': {
    made: 'ALTER ROLE admin REPLICATION',
    check: 'credential',
    ephemeral: 'warning',
    shared: 'warning',
    what: /^the credential admin is allowed to copy the whole server/,
  },
  'a credential that reads the server’s files': {
    made: 'GRANT pg_read_server_files TO admin',
    check: 'credential',
    ephemeral: 'warning',
    shared: 'warning',
    what: /^the credential admin is a member of pg_read_server_files$/,
  },
  'few connections for the credential': {
    made: 'ALTER ROLE admin CONNECTION LIMIT 5',
    check: 'connection-slots',
    ephemeral: 'warning',
    shared: 'warning',
    what: /^the role admin may have 5 connections$/,
  },
  'few connections for the database': {
    made: 'ALTER DATABASE orders CONNECTION LIMIT 3',
    check: 'database-connections',
    ephemeral: 'warning',
    shared: 'warning',
    what: /^the database may have 3 connections$/,
  },
  'a mapped role that is not there': {
    made: 'ALTER ROLE app_write RENAME TO elsewhere',
    undo: 'DROP ROLE app_write; ALTER ROLE elsewhere RENAME TO app_write',
    check: 'mapped-roles',
    ephemeral: 'blocking',
    shared: null,
    what: /^there is no role app_write$/,
  },
  'a mapped role that is a superuser': {
    made: 'ALTER ROLE app_write SUPERUSER',
    check: 'powerful-roles',
    ephemeral: 'blocking',
    shared: null,
    what: /^the role app_write is superuser$/,
  },
  'a mapped role past row security': {
    made: `ALTER ROLE ${DDL} BYPASSRLS`,
    check: 'powerful-roles',
    ephemeral: 'blocking',
    shared: null,
    what: /^the role "App; ""ddl""" is exempt from row security/,
  },
  'a mapped role that makes roles': {
    made: 'ALTER ROLE app_owner CREATEROLE',
    check: 'powerful-roles',
    ephemeral: 'blocking',
    shared: null,
    what: /^the role app_owner is allowed to make roles/,
  },
  'a mapped role that runs programs': {
    made: 'GRANT pg_execute_server_program TO app_write',
    check: 'powerful-roles',
    ephemeral: 'blocking',
    shared: null,
    what: /^the role app_write is a member of pg_execute_server_program$/,
  },
  'a mapped role that is a superuser’s by two steps': {
    made: 'CREATE ROLE step; GRANT postgres TO step; GRANT step TO app_read',
    undo: 'REVOKE step FROM app_read; DROP ROLE step',
    check: 'powerful-roles',
    ephemeral: 'blocking',
    shared: null,
    what: /^the role app_read is a member of postgres, a superuser$/,
  },
  'an admin that may make no roles': {
    made: 'ALTER ROLE admin NOCREATEROLE',
    check: 'admin-may-make-roles',
    ephemeral: 'blocking',
    shared: null,
    what: /^the credential admin may not make roles$/,
  },
  'literals that end elsewhere': {
    made: 'ALTER DATABASE orders SET standard_conforming_strings = off',
    check: 'literals',
    ephemeral: 'serious',
    shared: 'serious',
    what: /^standard_conforming_strings is off$/,
  },
  'another encoding': {
    made: 'ALTER DATABASE orders SET client_encoding = LATIN1',
    check: 'encoding',
    ephemeral: 'serious',
    shared: 'serious',
    what: /^client_encoding is LATIN1$/,
  },
  'temporary tables for everybody': {
    made: 'GRANT TEMPORARY ON DATABASE orders TO PUBLIC',
    check: 'temporary-tables',
    ephemeral: 'blocking',
    shared: null,
    what: /^PUBLIC may make temporary tables$/,
  },
  'temporary tables for a mapped role': {
    made: 'GRANT TEMPORARY ON DATABASE orders TO app_read',
    check: 'temporary-tables',
    ephemeral: 'blocking',
    shared: null,
    what: /^app_read may make temporary tables$/,
  },
  'a schema open to everybody, in another database': {
    made: 'GRANT CREATE ON SCHEMA public TO PUBLIC',
    in: 'Bill "s"',
    check: 'create-in-schemas',
    ephemeral: 'blocking',
    shared: 'warning',
    what: /^PUBLIC may create in the schema public$/,
  },
  'schemas of everybody’s own': {
    made: 'GRANT CREATE ON DATABASE orders TO PUBLIC',
    check: 'create-in-schemas',
    ephemeral: 'blocking',
    shared: 'warning',
    what: /^PUBLIC may create schemas$/,
  },
  'a function that runs as a superuser': {
    made: define('"wipe ""all""" (int, text)', `SECURITY DEFINER AS 'SELECT 1'`),
    in: 'Bill "s"',
    check: 'security-definer',
    ephemeral: 'serious',
    shared: 'warning',
    what: /^PUBLIC may run public\."wipe ""all"""\(integer,text\), which runs as its owner postgres, a superuser$/,
  },
  'a function that runs as somebody, for a mapped role': {
    made: `${define('wipe()', `SECURITY DEFINER AS 'SELECT 1'`)}; ALTER FUNCTION wipe() OWNER TO app_owner;
      REVOKE EXECUTE ON FUNCTION wipe() FROM PUBLIC; GRANT EXECUTE ON FUNCTION wipe() TO app_write`,
    check: 'security-definer',
    ephemeral: 'serious',
    shared: null,
    what: /^app_write may run public\.wipe\(\), which runs as its owner app_owner$/,
  },
  'native code': {
    made: `CREATE FUNCTION reload() RETURNS bool LANGUAGE internal AS 'pg_reload_conf'`,
    check: 'native-functions',
    ephemeral: 'serious',
    shared: 'warning',
    what: /^PUBLIC may run public\.reload\(\), which is written in internal$/,
  },
  'a language without limits': {
    made: 'CREATE FUNCTION call_anything() RETURNS language_handler LANGUAGE c AS $$$libdir/plpgsql$$, $$plpgsql_call_handler$$; CREATE LANGUAGE anything HANDLER call_anything',
    undo: 'DROP FUNCTION call_anything()',
    check: 'untrusted-languages',
    ephemeral: 'warning',
    shared: 'warning',
    what: /^the language anything is there$/,
  },
  'a trusted function that runs as its owner': {
    made: `${define('total()', `SECURITY DEFINER AS 'SELECT 1'`)}; ALTER FUNCTION total() OWNER TO app_owner; REVOKE EXECUTE ON FUNCTION total() FROM PUBLIC`,
    check: 'trusted-run-as-their-callers',
    ephemeral: 'serious',
    shared: 'serious',
    what: /^functions\.trusted names public\.total\(\), which runs as its owner app_owner$/,
  },
  'a function in the place of PostgreSQL’s own': {
    made: define('lower(varchar)', `AS 'SELECT 1'`),
    check: 'shadows',
    ephemeral: 'warning',
    shared: 'warning',
    what: /^public\.lower\(character varying\) has the name of one of PostgreSQL’s own$/,
  },
  'an operator in the place of PostgreSQL’s own': {
    made: `CREATE FUNCTION same(varchar, varchar) RETURNS bool LANGUAGE sql AS 'SELECT true'; CREATE OPERATOR = (leftarg = varchar, rightarg = varchar, function = same)`,
    check: 'shadows',
    ephemeral: 'warning',
    shared: 'warning',
    what: /^the operator public\.=\(character varying,character varying\) has the name/,
  },
  'an event trigger': {
    made: `CREATE FUNCTION told() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'; CREATE EVENT TRIGGER tell ON ddl_command_end EXECUTE FUNCTION told()`,
    undo: 'DROP EVENT TRIGGER tell',
    check: 'event-triggers',
    ephemeral: 'warning',
    shared: 'warning',
    what: /^the event trigger tell runs public\.told\(\) on ddl_command_end$/,
  },
  'an owner who may make nothing': {
    made: 'REVOKE CREATE ON SCHEMA public FROM app_owner',
    check: 'owner-may-create',
    ephemeral: 'warning',
    shared: null,
    what: /^the owner app_owner may create in no schema$/,
  },
}

/** What a database may hold without anything to say against it. */
const HARMLESS = `
  CREATE EXTENSION citext;
  CREATE FUNCTION count_up() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN RETURN NULL; END';
  CREATE SCHEMA inner_circle;
  CREATE FUNCTION inner_circle.secret() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1';
  CREATE FUNCTION kept() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1';
  REVOKE EXECUTE ON FUNCTION kept() FROM PUBLIC;
`
/** It is trusted before it is made, and until then somebody else could make it. */
const TRUSTING = { functions: { trusted: ['public.total'], extensions: [] } }

describe.each([15, 18] as const)('what is wrong with a PostgreSQL %i', (version) => {
  describe.skipIf(version === 15 && lacks('pgbench'))('target', () => {
    let checked: Checked

    beforeAll(async () => {
      checked = await openChecked({ version })
      await checked.run('orders', HARMLESS)
    })
    afterAll(() => checked?.close())

    it('is nothing when nothing is, in every database', async () => {
      expect(await checked.check(EPHEMERAL)).toEqual({ databases: ['orders', 'Bill "s"'], findings: [] })
      expect(await checked.check(SHARED)).toMatchObject({ findings: [] })
    })

    it.each(Object.entries(PLANTED))('is %s, which its SQL mends', async (_, { made, in: database = 'orders', check, what, ephemeral, shared, undo }) => {
      await checked.run(database, made)
      const over = check.startsWith('trusted') ? TRUSTING : {}
      const { findings } = await checked.check(EPHEMERAL, over)
      const found = findings.filter((each) => what.test(each.what))
      expect(found).toMatchObject([{ check, severity: ephemeral, sql: expect.any(String) }])
      expect([null, database]).toContain(found[0]?.database)
      const alike = (await checked.check(SHARED, over)).findings.filter((each) => what.test(each.what))
      expect(alike.map(({ severity }) => severity)).toEqual(shared === null ? [] : [shared])
      for (const { sql, database: where } of findings) if (sql !== null) await checked.run(where ?? 'postgres', sql)
      if (undo !== undefined) await checked.run(database, undo)
      expect((await checked.check(EPHEMERAL, over)).findings).toEqual([])
    })

    it('is a role that its admin may not give away, from 16 on', async () => {
      await checked.run('postgres', 'REVOKE ADMIN OPTION FOR app_write FROM admin')
      const { findings } = await checked.check(EPHEMERAL)
      expect(findings.map((each) => [each.check, each.what])).toEqual(
        version === 15 ? [] : [['admin-may-give-roles', 'the credential admin may not give the role app_write away']],
      )
      await checked.run('postgres', 'GRANT app_write TO admin WITH ADMIN OPTION')
    })

    it('is an admin without the rights of the owner, to whom everything goes', async () => {
      await checked.run('postgres', 'ALTER ROLE admin NOINHERIT')
      if (version > 15) await checked.run('postgres', 'GRANT app_owner TO admin WITH INHERIT FALSE')
      const { findings } = await checked.check(EPHEMERAL)
      expect(findings).toMatchObject([
        { check: 'admin-may-hand-over', severity: 'blocking', what: 'the credential admin does not have the rights of the owner app_owner' },
      ])
      await checked.run('postgres', `ALTER ROLE admin INHERIT; ${findings[0]?.sql}`)
      expect(await checked.check(EPHEMERAL)).toMatchObject({ findings: [] })
    })

    it('is what nobody thought of: an account is made, given everything, and removed, and all of it rolled back', async () => {
      await checked.run('postgres', `CREATE ROLE keepers; GRANT keepers TO admin ${version > 15 ? 'WITH INHERIT FALSE' : ''}`)
      await checked.run('postgres', 'REVOKE app_write FROM admin; GRANT app_write TO keepers WITH ADMIN OPTION')
      const { findings } = await checked.check(EPHEMERAL)
      const found = { check: 'rehearsal', severity: 'blocking', what: expect.stringMatching(/^GRANT "app_write" TO "cs_check_[0-9a-f]{12}" .*: .*grantor/) }
      expect(findings).toMatchObject(version === 15 ? [] : [found])
      await checked.run('postgres', 'REVOKE app_write FROM keepers; DROP ROLE keepers; GRANT app_write TO admin WITH ADMIN OPTION')
      expect(await checked.check(EPHEMERAL)).toMatchObject({ findings: [] })
      await checked.run('postgres', `DO $$ BEGIN ASSERT NOT EXISTS (SELECT FROM pg_roles WHERE rolname ~ '^cs_'); END $$`)
    })

    it('is a trusted function that is not there', async () => {
      const { findings } = await checked.check(SHARED, { functions: { trusted: ['public.things', 'public.nothing'], extensions: [] } })
      expect(findings.map(({ what }) => what)).toEqual(['functions.trusted names public.nothing, which is not there'])
    })

    it.each([
      ['too many', { databases: 1, ms: 60_000 }],
      ['too slow', { databases: 100, ms: 0 }],
    ])('is not known of all its databases where they are %s, and the report says so', async (_, limits) => {
      const what = '1 of 2 databases were not looked at: Bill "s"'
      const report = { databases: ['orders'], findings: [{ check: 'databases', severity: 'serious', database: null, what, sql: null }] }
      expect(await checked.check(EPHEMERAL, {}, limits)).toMatchObject(report)
    })

    it('is that few connections are left', async () => {
      const clients = Array.from({ length: 20 }, () => new pg.Client(checked.server.url('postgres')))
      await Promise.all(clients.map((client) => client.connect()))
      const { findings } = await checked.check(SHARED)
      expect(findings).toMatchObject([{ check: 'connection-slots', severity: 'warning', what: expect.stringMatching(/^\d of 30 connections are free$/) }])
      await Promise.all(clients.map((client) => client.end()))
    })

    it('is a standby, where no account can be made', async () => {
      const standby = await startPostgres({ version, standby: true })
      const { host, port, superuser: username } = standby
      const over = { host, port, database: 'postgres', credential: { username, password: { env: 'CHECKED_PASSWORD' } } }
      const { findings } = await checked.check(EPHEMERAL, over)
      expect(findings).toContainEqual(expect.objectContaining({ check: 'primary', severity: 'blocking', what: 'the server is a standby: it is in recovery' }))
      expect(await checked.check(SHARED, over)).toMatchObject({ findings: [{ check: 'credential' }, { check: 'credential' }, { check: 'credential' }] })
      await standby.stop()
    })

    it('keeps sessions with accounts of their own out of that database, until it is mended', async () => {
      using fitness = new Fitness(0)
      await fitness.assert(checked.target(EPHEMERAL))
      await checked.run('postgres', 'GRANT TEMPORARY ON DATABASE orders TO PUBLIC')
      const why = /^orders-db is not fit for accounts of single sessions, so nobody is let into orders: PUBLIC may make temporary tables$/
      const refused = await Promise.all([1, 2].map(() => fitness.assert(checked.target(EPHEMERAL)).catch((error: unknown) => error)))
      expect(refused).toMatchObject([
        { message: expect.stringMatching(why), hint: expect.stringContaining('`countersign resource check orders-db`') },
        { sqlstate: '57P03' },
      ])
      await fitness.assert(checked.target(EPHEMERAL, { database: 'Bill "s"' }))
      await checked.run('postgres', 'REVOKE TEMPORARY ON DATABASE orders FROM PUBLIC')
      await fitness.assert(checked.target(EPHEMERAL))
    })

    it.each([
      ['reach', { port: 1 }, /orders-db cannot be reached/],
      ['tls', { tls: { mode: 'verify-full', ca: null, cert: null, key: null } }, /does not speak TLS, and its configuration says tls.mode: verify-full/],
      ['login', { credential: { username: 'nobody', password: { env: 'CHECKED_PASSWORD' } } }, /refused the gateway: password authentication failed/],
      ['login', { database: 'nowhere' }, /refused the gateway: database "nowhere" does not exist/],
    ] as const)('is that the gateway does not get in, and how far it got: %s', async (check, over, what) => {
      const found = { check, what: expect.stringMatching(what), sql: null }
      expect(await checked.check(EPHEMERAL, over)).toMatchObject({ databases: [], findings: [{ ...found, severity: 'blocking' }] })
      expect(await checked.check(SHARED, over)).toMatchObject({ findings: [{ ...found, severity: 'serious' }] })
    })

    // The last, because the server speaks TLS from here on.
    it('is that nobody proves who the server is', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'countersign-check-'))
      await turnTlsOn(checked, await makeCertificate(folder))
      const { findings } = await checked.check(EPHEMERAL, { tls: { mode: 'require', ca: null, cert: null, key: null } })
      expect(findings).toMatchObject([{ check: 'encryption', severity: 'warning', what: expect.stringContaining('tls.mode: require') }])
      rmSync(folder, { recursive: true })
    })
  })
})

describe('docs/check.md', () => {
  const text = readFileSync(new URL('../docs/check.md', import.meta.url), 'utf8')
  const rows = [...text.matchAll(/^\| `([a-z-]+)` \| (\S+) \| (\S+) \|/gm)].map(([, ...row]) => row)

  it('says of every check how bad it is what that finds', () => {
    const named = (severity: Severity | null) => severity ?? '–'
    expect(rows).toEqual([...SERVER_CHECKS, ...DATABASE_CHECKS].map(({ name, shared, ephemeral }) => [name, named(shared), named(ephemeral)]))
  })
})
