import type { Kysely } from 'kysely'

/** Groups that a directory has provisioned. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('scim_groups')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('version', 'bigint', (column) => column.notNull())
    .addColumn('name', 'text', (column) => column.notNull().unique())
    .addColumn('body', 'text', (column) => column.notNull())
    .execute()
}
