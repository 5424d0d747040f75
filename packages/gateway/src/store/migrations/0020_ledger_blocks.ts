import type { Kysely } from 'kysely'

/** What the leaves of each block of the tree can be found by. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('ledger_blocks')
    .addColumn('block', 'bigint', (column) => column.primaryKey())
    .addColumn('first_at', 'bigint', (column) => column.notNull())
    .addColumn('last_at', 'bigint', (column) => column.notNull())
    .execute()
  await db.schema
    .createTable('ledger_terms')
    .addColumn('term', 'text', (column) => column.notNull())
    .addColumn('block', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('ledger_terms_key', ['term', 'block'])
    .execute()
}
