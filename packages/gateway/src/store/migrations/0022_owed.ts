import type { Kysely } from 'kysely'

/** Entries that the ledger is owed. What was changed before this version is owed nothing. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('owed')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('gateway', 'text', (column) => column.notNull())
    .addColumn('person', 'text')
    .addColumn('erased', 'integer', (column) => column.notNull())
    .addColumn('sealed', 'text', (column) => column.notNull())
    .execute()
  await db.schema.createIndex('owed_gateway').on('owed').column('gateway').execute()
}
