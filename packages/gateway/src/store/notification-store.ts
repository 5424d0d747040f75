import type { NotificationChoices, NotificationKind } from '@countersign/core/notification'

/** A browser that is told. `endpoint`, `p256dh` and `auth` are as its push service gave them (W3C Push API): hostile, and who knows them may send to it. */
export interface PushSubscriptionRecord {
  readonly id: string
  readonly user: string
  readonly endpoint: string
  readonly p256dh: string
  readonly auth: string
  readonly label: string | null
  readonly createdAt: number
}

/**
 * One thing that somebody is to be told by one channel, or was. There is one row of each, whoever plans it: nobody is told twice of the same. `user` is
 * empty for a webhook. Times are Unix milliseconds.
 */
export interface DeliveryRecord {
  readonly id: string
  readonly version: number
  readonly kind: NotificationKind
  /** What it is about: the id of a request or a grant, or a name for what is wrong with the ledger. */
  readonly subject: string
  readonly user: string
  readonly channel: string
  /** When it is to be sent, or sent again; null: never more. */
  readonly dueAt: number | null
  /** How often it was sent, as far as is known: counted before it is. */
  readonly told: number
  /** How often in a row it could not be. */
  readonly failures: number
  readonly changedAt: number
}

export interface NotificationStore {
  /** Null: he has chosen nothing. */
  choices(user: string): Promise<NotificationChoices | null>
  choose(user: string, choices: NotificationChoices): Promise<void>
  /** Oldest first. */
  subscriptions(user: string): Promise<readonly PushSubscriptionRecord[]>
  /**
   * One for an endpoint: of the same user it takes the place of what is there, under the id that it has; of another it removes that, because a browser
   * that somebody else uses now must not show what was meant for him who used it. Returns it as it is kept.
   */
  subscribe(subscription: PushSubscriptionRecord): Promise<PushSubscriptionRecord>
  /** Null: there is none of this id, or it is another user's. */
  unsubscribe(id: string, user: string): Promise<PushSubscriptionRecord | null>
  /** The key that all gateways sign web push with: `fresh`, PKCS #8 in base64, when there is none yet. */
  pushKey(fresh: string): Promise<string>
  /** Those that are there already are left as they are. */
  plan(deliveries: readonly DeliveryRecord[]): Promise<void>
  /** Those whose time has come, the longest due first. */
  due(now: number, limit: number): Promise<readonly DeliveryRecord[]>
  /** Each replaces version `next.version - 1`. Returns the ids of those that did: of the others somebody else was first, and nothing changed. */
  save(nexts: readonly DeliveryRecord[]): Promise<readonly string[]>
  /** Removes those that are as they are here: each may be planned again. */
  drop(deliveries: readonly DeliveryRecord[]): Promise<void>
  /** Removes what is over and has not changed since. */
  forget(before: number): Promise<void>
}
