import type { Kysely } from 'kysely'

/** Accounts on targets. Those that are there still are few, whatever was made before. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('leases')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('version', 'bigint', (column) => column.notNull())
    .addColumn('gateway', 'text', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('removed_at', 'bigint')
    .addColumn('body', 'text', (column) => column.notNull())
    .execute()
  await db.schema.createIndex('leases_open').on('leases').columns(['removed_at', 'gateway']).execute()
}
