import { type Kysely, sql } from 'kysely'

interface Rows {
  grants: { id: string; session: string | null; body: string }
}

/**
 * Of thousands of grants that belong to one connection each, a new connection reads none: those that were asked for are found by
 * an index of their own.
 */
export async function up(db: Kysely<Rows>): Promise<void> {
  await db.schema.alterTable('grants').addColumn('session', 'text').execute()
  for (const { id, body } of await db.selectFrom('grants').select(['id', 'body']).execute()) {
    const { session } = JSON.parse(body) as { readonly session: string | null }
    if (session !== null) await db.updateTable('grants').set({ session }).where('id', '=', id).execute()
  }
  await db.schema.createIndex('grants_asked').on('grants').columns(['username', 'resource', 'status']).where(sql.ref('session'), 'is', sql.lit(null)).execute()
}
