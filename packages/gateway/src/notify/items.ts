import type { Clock } from '../clock.ts'
import { recounted } from '@countersign/core/request'
import { groupsIn, type Users } from '../identity/caller.ts'
import type { DeliveryRecord, Store } from '../store/store.ts'
import { decidedItem, grantItem, type Item, ledgerItem, reviewItem } from './message.ts'
import { mayReview, reviewersOf } from './occasions.ts'

export interface Sources {
  readonly store: Pick<Store, 'requests' | 'grants'>
  readonly users: Users
  readonly clock: Clock
}

/** What is to be told by a delivery, as things are now; null when that is over: somebody has decided, or may not any more. */
export async function itemOf(sources: Sources, { kind, subject, user }: DeliveryRecord): Promise<Item | null> {
  switch (kind) {
    case 'review':
      return waiting(sources, subject, user)
    case 'decided': {
      const request = await sources.store.requests.get(subject)
      return request && request.status !== 'pending' ? decidedItem(request) : null
    }
    case 'ending': {
      const grant = await sources.store.grants.get(subject)
      return grant?.status === 'active' && sources.clock.now() < grant.endsAt ? grantItem(grant, kind) : null
    }
    case 'revoked': {
      const grant = await sources.store.grants.get(subject)
      return grant && grantItem(grant, kind)
    }
    case 'ledger':
      return ledgerItem(subject)
  }
}

async function waiting({ store, users, clock }: Sources, id: string, user: string): Promise<Item | null> {
  const asked = await store.requests.get(id)
  const now = clock.now()
  if (asked?.status !== 'pending' || now >= asked.expiresAt) return null
  const request = recounted(asked, groupsIn(users))
  if (user === '') return reviewItem(request, reviewersOf(request, users, now))
  const known = users.user(user)
  return known && mayReview(request, known, now) ? reviewItem(request, [user]) : null
}
