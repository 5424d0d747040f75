import { PERSONAL_CHANNELS, type PersonalChannel } from '@countersign/core/notification'
import type { Clock } from '../clock.ts'
import type { Users } from '../identity/caller.ts'
import type { DeliveryRecord, Store } from '../store/store.ts'
import { type Occasion, occasionsOfGrant, occasionsOfRequest } from './occasions.ts'
import type { Wishes } from './wishes.ts'

/** As many of each, the newest, are looked at when it is not known what has changed. */
const LOOKED_AT = 500
/** So many occasions are planned in one transaction, where there are many. */
const AT_ONCE = 200

export interface PlannerOptions {
  readonly store: Pick<Store, 'requests' | 'grants' | 'notifications'>
  readonly users: Users
  readonly wishes: Wishes
  readonly clock: Clock
  /** Which there are. */
  readonly personal: readonly PersonalChannel[]
  readonly webhooks: readonly string[]
}

/** Says who is to be told what, by one row each; planning the same again changes nothing. */
export class Planner {
  readonly #options: PlannerOptions

  constructor(options: PlannerOptions) {
    this.#options = options
  }

  async request(id: string): Promise<void> {
    const { store, users, clock } = this.#options
    const request = await store.requests.get(id)
    if (request) await this.plan(occasionsOfRequest(request, users, clock.now()))
  }

  async grant(id: string): Promise<void> {
    const grant = await this.#options.store.grants.get(id)
    if (grant) await this.plan(occasionsOfGrant(grant, this.#options.clock.now()))
  }

  /** Whatever may have happened while nobody listened, and for who is in another group since. */
  async everything(): Promise<void> {
    const { store, users, clock } = this.#options
    let waiting: Occasion[] = []
    for (const id of await store.requests.pending()) {
      const request = await store.requests.get(id)
      if (request) waiting.push(...occasionsOfRequest(request, users, clock.now()))
      if (waiting.length < AT_ONCE) continue
      await this.plan(waiting)
      waiting = []
    }
    await this.plan(waiting)
    const now = clock.now()
    const decided = (await store.requests.list({ limit: LOOKED_AT })).filter(({ status }) => status !== 'pending')
    const grants = await store.grants.list({ asked: true, limit: LOOKED_AT })
    await this.plan([...decided.flatMap((request) => occasionsOfRequest(request, users, now)), ...grants.flatMap((grant) => occasionsOfGrant(grant, now))])
  }

  async plan(occasions: readonly Occasion[]): Promise<void> {
    const deliveries: DeliveryRecord[] = []
    for (const occasion of occasions) for (const channel of await this.#channels(occasion)) deliveries.push(this.#delivery(occasion, channel))
    if (deliveries.length > 0) await this.#options.store.notifications.plan(deliveries)
  }

  async #channels({ user, kind }: Occasion): Promise<readonly string[]> {
    const { personal, webhooks, wishes } = this.#options
    if (user === '') return webhooks
    const wanted = await Promise.all(PERSONAL_CHANNELS.map(async (channel) => personal.includes(channel) && wishes.wants(user, kind, channel)))
    return PERSONAL_CHANNELS.filter((_, index) => wanted[index])
  }

  #delivery({ kind, subject, user, dueAt }: Occasion, channel: string): DeliveryRecord {
    const changedAt = this.#options.clock.now()
    return { id: `${kind}:${subject}:${channel}:${user}`, version: 1, kind, subject, user, channel, dueAt, told: 0, failures: 0, changedAt }
  }
}
