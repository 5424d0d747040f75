import type { Kysely } from 'kysely'

/** The key that challenges are made with; of them only those are kept that were answered, whatever they were for. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('challenge_keys')
    .addColumn('id', 'integer', (column) => column.primaryKey())
    .addColumn('key', 'text', (column) => column.notNull())
    .execute()
  await db.schema.alterTable('challenges').dropColumn('about').execute()
}
