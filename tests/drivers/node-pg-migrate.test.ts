import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runner } from 'node-pg-migrate'
import { putToWork } from './work.ts'

const STEP = `-- Up Migration
CREATE TABLE people (id int PRIMARY KEY, name text NOT NULL);
CREATE INDEX ON people (name);
INSERT INTO people VALUES (1, 'Ada'), (2, 'Grace');
-- Down Migration
DROP TABLE people;
`

putToWork({
  name: 'node-pg-migrate',
  needs: [],
  versions: [18, 15],
  scopes: ['sql:ddl', 'sql:write'],
  ownAccount: true,
  done: { names: ['Ada', 'Grace'], left: [null] },
  work: async ({ host, port, user, token, database, certificate, stage }) => {
    const dir = mkdtempSync(join(tmpdir(), 'countersign-migrations-'))
    try {
      writeFileSync(join(dir, '1700000000000_people.sql'), STEP)
      const ssl = certificate === null ? false : { ca: readFileSync(certificate, 'utf8') }
      const options = { databaseUrl: { host, port, user, password: token, database, ssl }, dir, migrationsTable: 'migrations', log: () => undefined }
      await runner({ ...options, direction: 'up' })
      const names = await stage.ask('SELECT name FROM people ORDER BY id')
      await runner({ ...options, direction: 'down' })
      return { names, left: await stage.ask("SELECT to_regclass('people')") }
    } finally {
      rmSync(dir, { recursive: true })
    }
  },
})
