import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { environment } from './environment.ts'
import { putToWork } from './work.ts'

const run = promisify(execFile)

putToWork({
  name: 'pg_dump, pg_restore',
  needs: ['psql'],
  versions: [15], // Debian's does not dump a newer server
  scopes: ['sql:ddl', 'sql:write', 'sql:admin', 'sql:unknown'],
  seed: `
    CREATE TYPE mood AS ENUM ('glad', 'sad');
    CREATE SCHEMA kept CREATE TABLE people (id serial PRIMARY KEY, name text NOT NULL, mood public.mood, since timestamptz DEFAULT now());
    INSERT INTO kept.people (name, mood) SELECT 'person ' || n, 'glad' FROM generate_series(1, 5000) AS n;
    CREATE VIEW kept.glad AS SELECT * FROM kept.people WHERE mood = 'glad';
    CREATE FUNCTION kept.twice(n int) RETURNS int LANGUAGE sql AS 'SELECT 2 * n';
    SELECT lo_from_bytea(4242, 'kept');
  `,
  ownAccount: 'it reads, locks and gives back what belongs to many roles, of which an account is at most one',
  done: { rows: [5000], twice: [42], object: ['kept'] },
  work: async (place) => {
    const env = environment(place)
    const folder = mkdtempSync(join(tmpdir(), 'countersign-dump-'))
    const file = join(folder, 'kept.dump')
    try {
      await run('pg_dump', ['--format=custom', '--schema=kept', '--blobs', `--file=${file}`], { env })
      await place.stage.ask('DROP SCHEMA kept CASCADE')
      await place.stage.ask('SELECT lo_unlink(4242)')
      await run('pg_restore', ['--dbname', place.database, '--exit-on-error', file], { env })
      const ask = (sql: string) => place.stage.ask(sql)
      return {
        rows: await ask('SELECT count(*)::int FROM kept.glad'),
        twice: await ask('SELECT kept.twice(21)'),
        object: await ask("SELECT convert_from(lo_get(4242), 'UTF8')"),
      }
    } finally {
      rmSync(folder, { recursive: true })
    }
  },
})
