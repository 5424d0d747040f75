import type { Kysely } from 'kysely'

interface Rows {
  requests: { id: string; body: string }
  grants: { id: string; body: string }
}

/** What a shape was not bound to before. No session is in this state, and nothing is defined so: whatever is left of such a grant covers nothing. */
const UNBOUND = { state: { database: '', role: '', searchPath: '', standardConformingStrings: '', clientEncoding: '' }, definition: '' }

/** Shapes have more bounds. */
export async function up(db: Kysely<Rows>): Promise<void> {
  for (const { id, body } of await db.selectFrom('grants').select(['id', 'body']).where('body', 'like', '%"shape"%').execute()) {
    const grant = JSON.parse(body) as { readonly coverage: { readonly kind: string } }
    if (grant.coverage.kind !== 'shape') continue
    const next = { ...grant, coverage: { ...grant.coverage, ...UNBOUND } }
    await db
      .updateTable('grants')
      .set({ body: JSON.stringify(next) })
      .where('id', '=', id)
      .execute()
  }
  for (const { id, body } of await db.selectFrom('requests').select(['id', 'body']).where('body', 'like', '%"shape"%').execute()) {
    const request = JSON.parse(body) as { readonly reviews: readonly { readonly given: { readonly kind: string } | null }[] }
    const reviews = request.reviews.map((review) =>
      review.given?.kind === 'shape' ? { ...review, given: { ...review.given, uses: null, ms: null, until: null } } : review,
    )
    await db
      .updateTable('requests')
      .set({ body: JSON.stringify({ ...request, reviews }) })
      .where('id', '=', id)
      .execute()
  }
}
