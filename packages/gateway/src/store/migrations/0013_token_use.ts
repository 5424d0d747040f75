import type { Kysely } from 'kysely'

/** When each token was last used. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('tokens').addColumn('last_used_at', 'bigint').execute()
}
