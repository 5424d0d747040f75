import type { Session } from '@countersign/contract/schemas/session'
import { countdown, moment } from './format.ts'
import type { Output } from './output.ts'

/** Sessions, one a line; `empty` is said when there is none. */
export function sessionTable(out: Output, sessions: readonly Session[], empty: string): void {
  const rows = sessions.map((session) => [
    session.id,
    session.principal.id,
    session.resource,
    session.database,
    session.client,
    moment(session.startedAt),
    end(session),
  ])
  out.table(['SESSION', 'PRINCIPAL', 'RESOURCE', 'DATABASE', 'CLIENT', 'STARTED', 'ENDS'], rows, empty)
}

function end({ endedAt, endReason, endsAt, cut }: Session): string {
  if (endedAt !== null) return `ended ${moment(endedAt)}${endReason === null ? '' : `: ${endReason}`}`
  return cut === null ? countdown(endsAt) : `being cut: ${cut.reason}`
}
