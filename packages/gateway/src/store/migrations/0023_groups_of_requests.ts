import type { Kysely } from 'kysely'

interface Rows {
  requests: { id: string; body: string; created_at: number }
  grants: { id: string; body: string; request: string | null }
  request_groups: { grp: string; created_at: number; request: string }
}

/** Requests are found by the groups whose members may review them, and their grants with them; sessions by their user. */
export async function up(db: Kysely<Rows>): Promise<void> {
  await db.schema
    .createTable('request_groups')
    .addColumn('grp', 'text', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('request', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('request_groups_key', ['grp', 'created_at', 'request'])
    .execute()
  await db.schema.alterTable('grants').addColumn('request', 'text').execute()
  for (const { id } of await db.selectFrom('requests').select('id').execute()) {
    const { body, created_at } = await db.selectFrom('requests').select(['body', 'created_at']).where('id', '=', id).executeTakeFirstOrThrow()
    const { need } = JSON.parse(body) as { readonly need: readonly (readonly { readonly groups: readonly string[] }[])[] }
    const rows = [...new Set(need.flat().flatMap(({ groups }) => groups))].map((grp) => ({ grp, created_at, request: id }))
    if (rows.length > 0) await db.insertInto('request_groups').values(rows).execute()
  }
  for (const { id } of await db.selectFrom('grants').select('id').execute()) {
    const { body } = await db.selectFrom('grants').select('body').where('id', '=', id).executeTakeFirstOrThrow()
    const { request } = JSON.parse(body) as { readonly request: string | null }
    if (request !== null) await db.updateTable('grants').set({ request }).where('id', '=', id).execute()
  }
  await db.schema.createIndex('grants_request').on('grants').column('request').execute()
  await db.schema.createIndex('sessions_username').on('sessions').columns(['username', 'started_at']).execute()
}
