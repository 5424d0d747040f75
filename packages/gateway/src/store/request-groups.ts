import type { Request } from '@countersign/core/request'
import type { Kysely, Transaction } from 'kysely'
import type { Tables } from './tables.ts'

/** In the transaction that opens it. Who may review it does not change after that. */
export async function insertGroups(transaction: Transaction<Tables>, { id, need, createdAt }: Request): Promise<void> {
  const groups = new Set(need.flat().flatMap((requirement) => requirement.groups))
  const rows = [...groups].map((grp) => ({ grp, created_at: createdAt, request: id }))
  if (rows.length > 0) await transaction.insertInto('request_groups').values(rows).execute()
}

/** The requests that members of these groups may review. A directory may call a group what no column can hold, and no policy can name. */
export function ofGroups(db: Kysely<Tables>, groups: readonly string[]) {
  const known = groups.filter((group) => !group.includes('\0'))
  return db
    .selectFrom('request_groups')
    .select('request')
    .where('grp', 'in', known.length > 0 ? known : [''])
}

/** The newest of them that come after `before`, each once: without their bodies, which nobody has to sort for that. */
export function newestOfGroups(db: Kysely<Tables>, groups: readonly string[], before: Pick<Request, 'createdAt' | 'id'> | undefined, limit: number) {
  let newest = ofGroups(db, groups).select('created_at').distinct().orderBy('created_at', 'desc').orderBy('request', 'desc').limit(limit)
  if (before !== undefined)
    newest = newest.where((of) =>
      of.or([of('created_at', '<', before.createdAt), of.and([of('created_at', '=', before.createdAt), of('request', '<', before.id)])]),
    )
  return db.selectFrom(newest.as('newest')).select('request')
}
