import type { Purpose } from '../adapter.ts'

/** In characters, as the API takes them: a reviewer has to read them. */
const LONGEST: Readonly<Record<keyof Purpose, number>> = { reason: 4_000, ticket: 200 }

/** Why this is no purpose; null where it is. */
export function tooLong({ reason, ticket }: Partial<Purpose>): string | null {
  if ((reason?.length ?? 0) > LONGEST.reason) return `a reason has ${LONGEST.reason} characters at most`
  return (ticket?.length ?? 0) > LONGEST.ticket ? `a ticket has ${LONGEST.ticket} characters at most` : null
}
