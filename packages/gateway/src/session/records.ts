import type { Context } from '../workflow/context.ts'
import { endWithSession } from '../workflow/grants.ts'

/** Writes down that a connection is over, and ends the grant that was its own. False: somebody has written it before. */
export async function closeRecord(context: Context, id: string, reason: string): Promise<boolean> {
  const { store, clock } = context
  for (;;) {
    const record = await store.sessions.get(id)
    if (!record || record.endedAt !== null) return false
    if (!(await store.sessions.save({ ...record, version: record.version + 1, endedAt: clock.now(), endReason: reason }))) continue
    if (record.grant) await endWithSession(context, record.grant)
    return true
  }
}
