import type { Context } from '../workflow/context.ts'
import { endedWithSession, endWithSession, recordEnd } from '../workflow/grants.ts'

/** Writes down that a connection is over, and ends the grant that was its own. False: somebody has written it before. */
export async function closeRecord(context: Context, id: string, reason: string): Promise<boolean> {
  const { store, clock } = context
  for (;;) {
    const record = await store.sessions.get(id)
    if (!record || record.endedAt !== null) return false
    const grant = record.grant === null ? null : await endedWithSession(context, record.grant)
    const ended = await store.sessions.end({ ...record, version: record.version + 1, endedAt: clock.now(), endReason: reason }, grant)
    if (!ended.session) continue
    if (ended.grant && grant) await recordEnd(context, grant, null)
    else if (grant) await endWithSession(context, grant.id) // somebody changed it in the meantime
    return true
  }
}
