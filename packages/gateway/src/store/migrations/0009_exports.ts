import type { Kysely } from 'kysely'

/** How far each export of the ledger has come. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('exports')
    .addColumn('name', 'text', (column) => column.primaryKey())
    .addColumn('position', 'bigint', (column) => column.notNull())
    .addColumn('term', 'bigint', (column) => column.notNull())
    .addColumn('holder', 'text')
    .addColumn('beat', 'bigint', (column) => column.notNull())
    .execute()
}
