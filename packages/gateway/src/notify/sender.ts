import { createHash } from 'node:crypto'
import { PERSONAL_CHANNELS } from '@countersign/core/notification'
import type { NotifyConfig } from '../config/config.ts'
import type { DeliveryRecord, NotificationStore } from '../store/store.ts'
import { type Channels, DeliveryError } from './channel.ts'
import { itemOf, type Sources } from './items.ts'
import { type Item, together } from './message.ts'
import type { WebhookChannel } from './webhook.ts'
import type { Wishes } from './wishes.ts'

/** So many rows are taken at once, and so many people told. */
const PAGE = 1_000
const AT_ONCE = 8
/** What comes for the same person within this time after a message is put into one. */
const GATHER_MS = 30_000
const FIRST_PAUSE_MS = 30_000
const LONGEST_PAUSE_MS = 600_000
/** After so many failures in a row it is given up. */
const MAX_FAILURES = 10

export interface SenderOptions extends Sources {
  readonly deliveries: Pick<NotificationStore, 'due' | 'save' | 'drop'>
  readonly wishes: Wishes
  readonly repeat: NotifyConfig['repeat']
  readonly personal: Channels
  readonly webhooks: ReadonlyMap<string, Pick<WebhookChannel, 'send'>>
  /** Told of each message that was taken (null), and of each that was not. */
  readonly onOutcome: (channel: string, error: DeliveryError | null) => void
  readonly gatherMs?: number
}

interface Claimed {
  readonly delivery: DeliveryRecord
  readonly item: Item
}

/**
 * Sends what is due. Each delivery is counted as sent before it is, by compare-and-set: of several gateways one sends it, and one that dies in between has not
 * told it, rather than told it twice; what still waits is repeated anyway.
 */
export class Sender {
  readonly #options: SenderOptions
  readonly #gatherMs: number
  /** Who was told a moment ago, and until when what else there is for him is gathered, on the monotonic clock. */
  readonly #gathering = new Map<string, number>()
  /** Channels that fail for everybody, and until when nobody waits for them, on the same clock: one that hangs must not hold up the others. */
  readonly #resting = new Map<string, number>()

  constructor(options: SenderOptions) {
    this.#options = options
    this.#gatherMs = options.gatherMs ?? GATHER_MS
  }

  /** Resolves to whether there may be more to do at once. */
  async round(signal: AbortSignal): Promise<boolean> {
    const { deliveries, clock } = this.#options
    const due = await deliveries.due(clock.now(), PAGE)
    const parcels = [...Map.groupBy(due, ({ id, user, channel, kind }) => (user === '' ? id : `${channel} ${kind} ${user}`))]
    const next = parcels.values()
    const tell = async () => {
      for (const [key, parcel] of next) if (!signal.aborted) await this.#tell(key, parcel, signal)
    }
    await Promise.all(Array.from({ length: AT_ONCE }, tell))
    return due.length === PAGE
  }

  async #tell(key: string, parcel: readonly DeliveryRecord[], signal: AbortSignal): Promise<void> {
    const notBefore = await this.#notBefore(key, parcel)
    if (notBefore !== null) {
      await this.#save(parcel.map((delivery) => ({ ...delivery, dueAt: notBefore })))
      return
    }
    const wanted: Claimed[] = []
    const unwanted: DeliveryRecord[] = []
    for (const delivery of parcel) {
      const item = (await this.#isWanted(delivery)) ? await itemOf(this.#options, delivery) : null
      if (item === null) unwanted.push(delivery)
      else wanted.push({ delivery, item })
    }
    await this.#options.deliveries.drop(unwanted) // it may be wanted later, and is planned then
    const ours = new Set(await this.#save(wanted.map(({ delivery }) => this.#claimed(delivery))))
    const [first, ...rest] = wanted.filter(({ delivery }) => ours.has(delivery.id))
    if (first) await this.#send(key, [first, ...rest], signal)
  }

  /** Null: now. */
  async #notBefore(key: string, [first]: readonly DeliveryRecord[]): Promise<number | null> {
    const { wishes, clock } = this.#options
    if (!first) return null
    const rest = (this.#resting.get(first.channel) ?? -Infinity) - clock.monotonic()
    if (rest > 0) return clock.now() + rest
    if (first.user === '') return null
    const quiet = await wishes.quietUntil(first.user)
    if (quiet !== null) return quiet
    const left = (this.#gathering.get(key) ?? -Infinity) - clock.monotonic()
    return left > 0 ? clock.now() + left : null
  }

  async #isWanted({ user, kind, channel }: DeliveryRecord): Promise<boolean> {
    const { wishes, personal, webhooks } = this.#options
    if (user === '') return webhooks.has(channel)
    const own = PERSONAL_CHANNELS.find((name) => name === channel)
    return own !== undefined && personal[own] !== undefined && wishes.wants(user, kind, own)
  }

  /** As it is when it was told. Only a person is told again, and only of what waits for him. */
  #claimed(delivery: DeliveryRecord): DeliveryRecord {
    const { repeat, clock } = this.#options
    const again = delivery.kind === 'review' && delivery.user !== '' && delivery.told < repeat.times
    return { ...delivery, told: delivery.told + 1, failures: 0, dueAt: again ? clock.now() + repeat.everyMs : null }
  }

  async #send(key: string, claimed: readonly [Claimed, ...Claimed[]], signal: AbortSignal): Promise<void> {
    const { channel } = claimed[0].delivery
    const { onOutcome, clock } = this.#options
    this.#gathering.set(key, clock.monotonic() + this.#gatherMs)
    try {
      await this.#through(claimed, signal)
      onOutcome(channel, null)
    } catch (error) {
      if (!(error instanceof DeliveryError)) throw error
      if (signal.aborted) return // we stop: whether it was taken is not known
      this.#gathering.delete(key)
      if (error.everybody) this.#resting.set(channel, clock.monotonic() + Math.max(FIRST_PAUSE_MS, error.notBefore ?? 0))
      onOutcome(channel, error)
      await this.#save(claimed.map(({ delivery }) => this.#failed(delivery, error)))
    }
  }

  async #through([first, ...rest]: readonly [Claimed, ...Claimed[]], signal: AbortSignal): Promise<void> {
    const { personal, webhooks, users } = this.#options
    const { user, channel } = first.delivery
    const id = createHash('sha256')
      .update([first, ...rest].map(({ delivery }) => `${delivery.id} ${delivery.told}`).join('\n'))
      .digest('hex')
      .slice(0, 32)
    const to = users.user(user)
    const own = PERSONAL_CHANNELS.find((name) => name === channel)
    if (own === undefined) await webhooks.get(channel)?.send(id, first.item, signal)
    else if (to !== null) await personal[own]?.send({ id, message: together([first.item, ...rest.map(({ item }) => item)]), to }, signal)
  }

  /** It was not told after all: it is tried again, until that is no use. `delivery` is as it was before it was claimed. */
  #failed(delivery: DeliveryRecord, { final, notBefore }: DeliveryError): DeliveryRecord {
    const failures = delivery.failures + 1
    const pause = Math.max(Math.min(FIRST_PAUSE_MS * 2 ** (failures - 1), LONGEST_PAUSE_MS), notBefore ?? 0)
    const dueAt = final || failures >= MAX_FAILURES ? null : this.#options.clock.now() + pause
    return { ...delivery, version: delivery.version + 1, failures, dueAt }
  }

  /** Returns the ids of those that no other gateway has changed meanwhile. */
  async #save(next: readonly DeliveryRecord[]): Promise<readonly string[]> {
    const { deliveries, clock } = this.#options
    const changedAt = clock.now()
    return next.length === 0 ? [] : deliveries.save(next.map((delivery) => ({ ...delivery, version: delivery.version + 1, changedAt })))
  }
}
