import type { Grant } from '@countersign/core/grant'
import type { SessionRecord } from '../store/store.ts'
import type { Context } from '../workflow/context.ts'
import { endedWithSession, endWithSession, recordEnd } from '../workflow/grants.ts'

/** A connection's record, and the grant that is its own, as they are in the store. */
export interface Recorded {
  readonly record: SessionRecord
  readonly grant: Grant | null
}

/**
 * Writes down that a connection is over, and ends the grant that was its own. False: somebody has written it before. What is `known` is tried
 * first; where somebody has changed it since, it is read again.
 */
export async function closeRecord(context: Context, id: string, reason: string, known: Recorded | null = null): Promise<boolean> {
  const { store, clock } = context
  for (let before = known ?? (await read(context, id)); before !== null && before.record.endedAt === null; before = await read(context, id)) {
    const { record } = before
    const grant = before.grant && (await endedWithSession(context, before.grant))
    const ended = await store.sessions.end({ ...record, version: record.version + 1, endedAt: clock.now(), endReason: reason }, grant)
    if (!ended.session) continue
    if (ended.grant && grant) await recordEnd(context, grant)
    else if (grant) await endWithSession(context, grant.id) // somebody changed it in the meantime
    return true
  }
  return false
}

async function read({ store }: Context, id: string): Promise<Recorded | null> {
  const record = await store.sessions.get(id)
  return record && { record, grant: record.grant === null || record.endedAt !== null ? null : await store.grants.get(record.grant) }
}
