import type { Kysely } from 'kysely'

interface Rows {
  requests: { id: string; body: string; likeness: string | null; session: string | null }
}

/** What of a request's body says which others are like it, and in which session it was held. */
interface Body {
  readonly ask:
    | { readonly kind: 'scope'; readonly scope: string }
    | { readonly kind: 'action'; readonly action: { readonly statements: readonly { readonly fingerprint: string | null }[] } }
  readonly session: string | null
}

/** Requests are found by what they have in common, and by session. */
export async function up(db: Kysely<Rows>): Promise<void> {
  await db.schema.alterTable('requests').addColumn('likeness', 'text').execute()
  await db.schema.alterTable('requests').addColumn('session', 'text').execute()
  for (const { id } of await db.selectFrom('requests').select('id').execute()) {
    const { body } = await db.selectFrom('requests').select('body').where('id', '=', id).executeTakeFirstOrThrow()
    const { ask, session } = JSON.parse(body) as Body
    await db
      .updateTable('requests')
      .set({ likeness: likenessOf(ask), session })
      .where('id', '=', id)
      .execute()
  }
  await db.schema.createIndex('requests_likeness').on('requests').columns(['resource', 'likeness', 'created_at']).execute()
  await db.schema.createIndex('requests_session').on('requests').column('session').execute()
}

function likenessOf(ask: Body['ask']): string | null {
  if (ask.kind === 'scope') return `scope ${ask.scope}`
  const [only, ...others] = ask.action.statements
  return only && others.length === 0 ? only.fingerprint : null
}
