import type { Kysely } from 'kysely'

/** People that are not in the configuration, and who is signed in on the web. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('people')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('version', 'bigint', (column) => column.notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('source', 'text', (column) => column.notNull())
    .addColumn('external_id', 'text')
    .addColumn('body', 'text', (column) => column.notNull())
    .addUniqueConstraint('people_name', ['name', 'source'])
    .addUniqueConstraint('people_external_id', ['source', 'external_id'])
    .execute()
  await db.schema
    .createTable('logins')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('hash', 'text', (column) => column.notNull().unique())
    .addColumn('flow', 'text', (column) => column.unique())
    .addColumn('username', 'text', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('verified_at', 'bigint', (column) => column.notNull())
    .addColumn('last_used_at', 'bigint', (column) => column.notNull())
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .addColumn('ended_at', 'bigint')
    .addColumn('body', 'text', (column) => column.notNull())
    .execute()
  await db.schema.createIndex('logins_username').on('logins').columns(['username', 'created_at']).execute()
}
