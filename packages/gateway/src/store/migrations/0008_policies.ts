import type { Kysely } from 'kysely'

/** The texts of policies that were in force, by the version that entries name. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('policies')
    .addColumn('version', 'text', (column) => column.primaryKey())
    .addColumn('files', 'text', (column) => column.notNull())
    .execute()
}
