import { type Kysely, sql } from 'kysely'

/** Where the ledger tells of what ran under the grants of a request. What ran before this version is told by receipts alone. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('runs')
    .addColumn('request', 'text', (column) => column.notNull())
    .addColumn('run', 'text', (column) => column.notNull())
    .addColumn('gateway', 'text', (column) => column.notNull())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addColumn('started', 'bigint', (column) => column.notNull())
    .addColumn('outcome', 'bigint')
    .addColumn('is_over', 'integer', (column) => column.notNull())
    .addPrimaryKeyConstraint('runs_key', ['request', 'run'])
    .execute()
  await db.schema.createIndex('runs_newest').on('runs').columns(['request', 'at']).execute()
  await db.schema.createIndex('runs_running').on('runs').columns(['gateway', 'run']).where(sql.ref('is_over'), '=', sql.lit(0)).execute()
}
