import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Kysely, Migrator } from 'kysely'
import { expect, test } from 'vitest'
import { aGrant, aRequest, aReview, aShape } from '../../../core/test/arbitraries.ts'
import * as first from '../../src/store/migrations/0001_first.ts'
import * as askedGrants from '../../src/store/migrations/0002_asked_grants.ts'
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

test('a shape that was approved before shapes were bound to anything is read, and covers nothing', async () => {
  const data = mkdtempSync(join(tmpdir(), 'countersign-migrations-'))
  const old = new Kysely<Record<'grants' | 'requests', Record<string, unknown>>>({ dialect: sqliteDialect(databasePath(data)) })
  const migrations = { '0001_first': first, '0002_asked_grants': askedGrants }
  await new Migrator({ db: old, provider: { getMigrations: () => Promise.resolve(migrations) } }).migrateToLatest()
  const { id, version, subject, resource, status, startsAt, endsAt, ...grant } = aGrant()
  const columns = { id, version, resource, status }
  const body = { ...grant, ...columns, subject, startsAt, endsAt, coverage: { kind: 'shape', fingerprint: 'f1', maxRows: 3 } }
  await old
    .insertInto('grants')
    .values({ ...columns, username: subject.user, agent: null, starts_at: startsAt, ends_at: endsAt, session: null, body: JSON.stringify(body) })
    .execute()
  const request = aRequest({ reviews: [aReview({ given: aShape({ maxRows: 3 }) })] })
  const before = { ...request, reviews: [{ ...request.reviews[0], given: { kind: 'shape', maxRows: 3 } }] }
  const { requester, ask, createdAt, expiresAt } = request
  const row = {
    id: request.id,
    version: 1,
    requester: requester.user,
    username: requester.user,
    resource: request.resource,
    digest: ask.digest,
    status: 'pending',
  }
  await old
    .insertInto('requests')
    .values({ ...row, created_at: createdAt, expires_at: expiresAt, body: JSON.stringify(before) })
    .execute()
  await old.destroy()
  const store = await openStore({ ...CONFIG, data })
  expect(await store.grants.get(id)).toMatchObject({ coverage: { kind: 'shape', maxRows: 3, definition: '', state: { role: '' } } })
  expect(await store.requests.get(request.id)).toEqual(request)
  expect(await store.requests.list({ resource: request.resource, likeness: 'f1' })).toEqual([request])
  expect(await store.requests.list({ groups: ['dba'] })).toEqual([request])
  expect((await store.grants.list({ groups: ['dba'] })).map((of) => of.id)).toEqual([id])
  await store.close()
  rmSync(data, { recursive: true })
})
