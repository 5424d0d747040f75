import type { Kysely } from 'kysely'

/** Where people reach each gateway. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('gateways').addColumn('url', 'text').execute()
}
