import type { Kysely } from 'kysely'

/** What the gateways' keys say of their chains, once for each batch of entries that was moved here. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('ledger_heads')
    .addColumn('gateway', 'text', (column) => column.notNull())
    .addColumn('seq', 'bigint', (column) => column.notNull())
    .addColumn('hash', 'text', (column) => column.notNull())
    .addColumn('key', 'text', (column) => column.notNull())
    .addColumn('signature', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('ledger_heads_key', ['gateway', 'seq'])
    .execute()
}
