import { randomBytes } from 'node:crypto'
import type { Kysely } from 'kysely'

/** The tree over all entries. It has its name from now on. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await createTree(db)
  await db.schema
    .createTable('tree_runs')
    .addColumn('start', 'bigint', (column) => column.primaryKey())
    .addColumn('gateway', 'text', (column) => column.notNull())
    .addColumn('seq', 'bigint', (column) => column.notNull())
    .addColumn('count', 'bigint', (column) => column.notNull())
    .execute()
  await db.schema.createIndex('tree_runs_entry').on('tree_runs').columns(['gateway', 'seq']).unique().execute()
  await db.schema
    .createTable('tiles')
    .addColumn('level', 'bigint', (column) => column.notNull())
    .addColumn('n', 'bigint', (column) => column.notNull())
    .addColumn('hashes', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('tiles_key', ['level', 'n'])
    .execute()
  await db.schema
    .createTable('key_leaves')
    .addColumn('leaf', 'bigint', (column) => column.primaryKey())
    .execute()
  await db.schema
    .createTable('checkpoints')
    .addColumn('size', 'bigint', (column) => column.primaryKey())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addColumn('note', 'text', (column) => column.notNull())
    .execute()
}

async function createTree(db: Kysely<{ tree: Record<string, unknown> }>): Promise<void> {
  await db.schema
    .createTable('tree')
    .addColumn('id', 'bigint', (column) => column.primaryKey())
    .addColumn('origin', 'text', (column) => column.notNull())
    .addColumn('size', 'bigint', (column) => column.notNull())
    .addColumn('term', 'bigint', (column) => column.notNull())
    .addColumn('holder', 'text')
    .addColumn('beat', 'bigint', (column) => column.notNull())
    .execute()
  const origin = `countersign/tree-${randomBytes(5).toString('hex')}`
  await db.insertInto('tree').values({ id: 1, origin, size: 0, term: 0, holder: null, beat: 0 }).execute()
}
