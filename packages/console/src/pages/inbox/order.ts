import type { Request } from '@countersign/contract/schemas/request'

/** First what holds locks while it waits, then what somebody waits for at a prompt, then what was asked ahead; the newest first in each. */
export function mostUrgentFirst(requests: readonly Request[]): readonly Request[] {
  const urgency = ({ inTransaction, session }: Request) => (inTransaction ? 2 : session === null ? 0 : 1)
  return requests.toSorted((a, b) => urgency(b) - urgency(a) || Date.parse(b.createdAt) - Date.parse(a.createdAt))
}
