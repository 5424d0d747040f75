import { createPublicKey, randomUUID } from 'node:crypto'
import { DEFAULT_CHOICES, isTimeZone, type NotificationChoices, PERSONAL_CHANNELS, type PersonalChannel } from '@countersign/core/notification'
import type { Clock } from '../clock.ts'
import type { Config } from '../config/config.ts'
import type { Caller, User, Users } from '../identity/caller.ts'
import type { NotificationStore, PushSubscriptionRecord } from '../store/store.ts'
import { newId } from '../workflow/ids.ts'
import { WorkflowError } from '../workflow/workflow.ts'
import { addressOf } from './address.ts'
import { ANSWER_MS, type Channel, type Channels, DeliveryError } from './channel.ts'
import { TRIAL } from './message.ts'
import { whyNot } from './push/endpoint.ts'
import type { PushKey } from './push/vapid.ts'

/** As many browsers as somebody has, and no more than a message to him may cost. */
const MAX_SUBSCRIPTIONS = 10
/** Trying sends something at once, which nothing else does at somebody's word. */
const TRY_AGAIN_MS = 10_000

/** What is known of how somebody is told. `because` is why a channel does not reach him. */
export interface Reach {
  readonly choices: NotificationChoices
  readonly email: { readonly address: string | null; readonly because: string | null }
  readonly push: { readonly browsers: number; readonly because: string | null }
}

/** `because` is null where it was taken. */
export interface Tried {
  readonly channel: PersonalChannel
  readonly because: string | null
}

/** What a browser says of itself. */
export type Browser = Pick<PushSubscriptionRecord, 'endpoint' | 'p256dh' | 'auth' | 'label'>

export interface DeskOptions {
  readonly config: Pick<Config, 'notify'>
  readonly store: NotificationStore
  readonly users: Users
  readonly clock: Clock
  /** Null where this gateway sends no web push. */
  readonly key: PushKey | null
  readonly channels: Channels
}

/** How each person is told, by himself. */
export class NotificationDesk {
  readonly #options: DeskOptions
  /** When each has tried last, on the monotonic clock. */
  readonly #tried = new Map<string, number>()

  constructor(options: DeskOptions) {
    this.#options = options
  }

  /** In base64url; null where this gateway sends no web push. */
  get pushKey(): string | null {
    return this.#options.key?.publicKey ?? null
  }

  async reach(caller: Caller): Promise<Reach> {
    const user = personal(caller)
    const { store, config, users } = this.#options
    const browsers = (await store.subscriptions(user)).length
    const known = users.user(user)
    const address = known && addressOf(known)
    return {
      choices: (await store.choices(user)) ?? DEFAULT_CHOICES,
      email: { address, because: config.notify.email === null ? OFF('email') : address === null ? 'no e-mail address is known of you' : null },
      push: { browsers, because: config.notify.push === null ? OFF('push') : browsers === 0 ? 'no browser is subscribed' : null },
    }
  }

  async choose(caller: Caller, choices: NotificationChoices): Promise<Reach> {
    const user = personal(caller)
    if (choices.quiet !== null && !isTimeZone(choices.quiet.timeZone))
      throw new WorkflowError('invalid', `there is no time zone ${choices.quiet.timeZone}; write it as in Europe/Berlin`)
    await this.#options.store.choose(user, choices)
    return this.reach(caller)
  }

  /** Sends him a message now, by each channel that reaches him, whatever he has chosen. */
  async try(caller: Caller): Promise<readonly Tried[]> {
    const user = personal(caller)
    const { users, clock, channels } = this.#options
    const to = users.user(user)
    if (to === null) throw new WorkflowError('forbidden', `${user} is not known here any more`)
    const { email, push } = await this.reach(caller)
    const reaching = PERSONAL_CHANNELS.filter((name) => (name === 'email' ? email : push).because === null)
    const [now, last] = [clock.monotonic(), this.#tried.get(user) ?? -Infinity]
    if (now - last < TRY_AGAIN_MS) throw new WorkflowError('invalid', `a message was sent to you a moment ago; try again in ${TRY_AGAIN_MS / 1000} s`)
    this.#tried.set(user, now)
    return Promise.all(reaching.map(async (name) => ({ channel: name, because: await whyNotTaken(channels[name], to) })))
  }

  subscriptions(caller: Caller): Promise<readonly PushSubscriptionRecord[]> {
    return this.#options.store.subscriptions(personal(caller))
  }

  async subscribe(caller: Caller, browser: Browser): Promise<PushSubscriptionRecord> {
    const user = personal(caller)
    const { store, config, clock } = this.#options
    if (config.notify.push === null) throw new WorkflowError('invalid', OFF('push'))
    const why = whyNot(browser.endpoint, config.notify.push.inside) ?? wrongKey(browser)
    if (why !== null) throw new WorkflowError('invalid', why)
    const there = await store.subscriptions(user)
    if (there.length >= MAX_SUBSCRIPTIONS && !there.some(({ endpoint }) => endpoint === browser.endpoint))
      throw new WorkflowError('invalid', `${MAX_SUBSCRIPTIONS} browsers are subscribed already; remove one that you do not use`)
    return store.subscribe({ ...browser, id: newId('push'), user, createdAt: clock.now() })
  }

  async unsubscribe(caller: Caller, id: string): Promise<PushSubscriptionRecord> {
    const removed = await this.#options.store.unsubscribe(id, personal(caller))
    if (removed === null) throw new WorkflowError('not-found', `there is no subscription ${id}`)
    return removed
  }
}

/** Null: it was taken. What a service said is for its operator, and holds no secret. */
async function whyNotTaken(channel: Channel | undefined, to: User): Promise<string | null> {
  try {
    await channel?.send({ id: randomUUID(), message: TRIAL, to }, AbortSignal.timeout(ANSWER_MS))
    return null
  } catch (error) {
    if (error instanceof DeliveryError) return error.message
    throw error
  }
}

const OFF = (channel: 'email' | 'push') => `this gateway is not configured for it (notify.${channel})`

/** An agent is not told: its user is. */
function personal({ principal, by }: Caller): string {
  if (by.kind === 'local') throw new WorkflowError('forbidden', 'the local administrator is told nothing; use a token of a person')
  if (principal.agent !== null) throw new WorkflowError('forbidden', 'an agent is told nothing; its user is, and chooses how')
  return principal.user
}

function wrongKey({ p256dh }: Browser): string | null {
  const point = Buffer.from(p256dh, 'base64url')
  try {
    createPublicKey({ key: { kty: 'EC', crv: 'P-256', x: point.toString('base64url', 1, 33), y: point.toString('base64url', 33) }, format: 'jwk' })
    return point[0] === 4 ? null : 'keys.p256dh is not an uncompressed point'
  } catch {
    return 'keys.p256dh is no point of P-256'
  }
}
