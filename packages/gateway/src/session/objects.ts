import type { Grant } from '@countersign/core/grant'
import type { Attempted, Refusal } from '../adapters/adapter.ts'
import { voidGrant } from '../workflow/grants.ts'
import { refusal } from './notices.ts'
import type { Services } from './services.ts'

const CHANGED = 'what it names, or how its session reads dates, is another than when somebody was asked'

/** An exact approval is one of what its names stood for when somebody was asked: why it does not cover what would run now, else null. */
export async function changedSince({ context }: Services, attempted: Attempted, grants: readonly Grant[]): Promise<Refusal | null> {
  const now = await attempted.objects()
  for (const { id, coverage, request } of grants) {
    const asked = coverage.kind === 'exact' && request !== null ? await context.store.requests.get(request) : null
    const then = asked?.ask.kind === 'action' ? asked.ask.action.objects : undefined
    if (then === undefined || then === now) continue // asked ahead, nobody looked
    if (now === null) return refusal('unavailable', `it did not run: ${NOT_KNOWN}`, 'Run it again: its approval is kept.')
    await voidGrant(context, id, CHANGED)
    return refusal('pending', `it did not run, and ${id} is void: ${CHANGED}`, 'Run it again: that asks anew, for what it is now.')
  }
  return null
}

const NOT_KNOWN = 'whether what it names is what was approved could not be found out'
