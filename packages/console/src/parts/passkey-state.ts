import type { Passkey } from '@countersign/contract/schemas/passkey'

const STATES = {
  waiting: 'waits for another admin',
  active: 'signs in and signs approvals',
  leaving: 'is to be removed, which another admin has to agree to',
  removed: 'removed',
} as const

/** What a passkey is good for, in words. */
export function passkeyState({ status, waits }: Pick<Passkey, 'status' | 'waits'>): string {
  if (status === 'active' && waits) return `${STATES.active}, and makes its owner an admin once another one has agreed`
  return STATES[status]
}
