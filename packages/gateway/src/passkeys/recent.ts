import type { Caller } from '../identity/caller.ts'
import { WorkflowError } from '../workflow/workflow.ts'

/** How long it counts that somebody has proved to be there. */
const RECENT_MS = 10 * 60_000

/**
 * What changes who may speak for somebody is not for whoever finds his browser open. Throws WorkflowError `step-up-required`. A token has nobody behind it who could prove
 * it again; what it may do it may always.
 */
export function assertRecent({ by }: Caller, now: number): void {
  if (by.kind === 'login' && now - by.verifiedAt >= RECENT_MS)
    throw new WorkflowError('step-up-required', 'prove first that it is you, with a passkey; who has none signs in again')
}
