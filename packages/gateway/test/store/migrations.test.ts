import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Kysely, Migrator } from 'kysely'
import { expect, test } from 'vitest'
import { aGrant } from '../../../core/test/arbitraries.ts'
import * as first from '../../src/store/migrations/0001_first.ts'
import { openStore } from '../../src/store/open.ts'
import { sqliteDialect } from '../../src/store/sqlite/dialect.ts'
import { databasePath } from '../../src/store/sqlite/file.ts'
import { CONFIG } from '../policy/fixture.ts'

test('a store of the first form keeps its grants, and tells those of connections from those that were asked for', async () => {
  const data = mkdtempSync(join(tmpdir(), 'countersign-migrations-'))
  const grants = [aGrant({ id: 'asked' }), aGrant({ id: 'connection', session: 'ses-1' })]
  const old = new Kysely<{ grants: Record<string, unknown> }>({ dialect: sqliteDialect(databasePath(data)) })
  await new Migrator({ db: old, provider: { getMigrations: () => Promise.resolve({ '0001_first': first }) } }).migrateToLatest()
  for (const grant of grants) {
    const { id, version, subject, resource, status, startsAt, endsAt } = grant
    const columns = { id, version, username: subject.user, agent: subject.agent, resource, status, starts_at: startsAt, ends_at: endsAt }
    await old
      .insertInto('grants')
      .values({ ...columns, body: JSON.stringify(grant) })
      .execute()
  }
  await old.destroy()
  const store = await openStore({ ...CONFIG, data })
  expect(await store.grants.list({ asked: true })).toEqual([grants[0]])
  expect(await store.grants.get('connection')).toEqual(grants[1])
  await store.close()
  rmSync(data, { recursive: true })
})
