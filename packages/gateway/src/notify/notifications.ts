import { PERSONAL_CHANNELS } from '@countersign/core/notification'
import type { Logger } from 'pino'
import type { Clock } from '../clock.ts'
import type { Config } from '../config/config.ts'
import type { Users } from '../identity/caller.ts'
import type { Store } from '../store/store.ts'
import type { Channels, DeliveryError } from './channel.ts'
import { EmailChannel } from './email.ts'
import type { LedgerTrouble } from './message.ts'
import { Notifier } from './notifier.ts'
import { occasionsOfLedger } from './occasions.ts'
import { Planner } from './planner.ts'
import { PushChannel } from './push/push.ts'
import type { PushKey } from './push/vapid.ts'
import { Sender } from './sender.ts'
import { WebhookChannel } from './webhook.ts'
import { Wishes } from './wishes.ts'

export interface NotificationsOptions {
  readonly config: Pick<Config, 'notify' | 'url'>
  readonly store: Pick<Store, 'requests' | 'grants' | 'notifications' | 'exports' | 'subscribe'>
  readonly users: Users
  readonly channels: Channels
  readonly gateway: string
  readonly clock: Clock
  readonly log: Logger
  /** Told of each message that was taken (null), and of each that was not. */
  readonly onOutcome: (channel: string, error: DeliveryError | null) => void
}

export interface Notifications {
  /** Something is wrong with the ledger that does not pass by itself: admins and auditors are told, once a day of the same. */
  wrong(what: LedgerTrouble, name: string): void
  stop(): Promise<void>
}

/** A channel that fails is logged when that begins, and then every so often. */
const SAID_AGAIN_MS = 600_000

/** What reaches people, as the configuration has it. */
export function openChannels(config: Pick<Config, 'notify' | 'url'>, store: Pick<Store, 'notifications'>, key: PushKey | null, clock: Clock): Channels {
  const { email, push } = config.notify
  return {
    ...(email === null ? {} : { email: new EmailChannel(email, () => config.url) }),
    ...(push === null || key === null ? {} : { push: new PushChannel(push, store.notifications, key, () => clock.now()) }),
  }
}

/** Tells people, by what the configuration has; nothing runs where it has nothing. */
export function startNotifications(options: NotificationsOptions): Notifications {
  const { config, store, users, channels: personal, gateway, clock, log } = options
  const { webhooks, repeat } = config.notify
  const url = () => config.url
  const now = () => clock.now()
  const programs = new Map(webhooks.map((webhook) => new WebhookChannel(webhook, url, now)).map((channel) => [channel.name, channel]))
  const named = PERSONAL_CHANNELS.filter((name) => personal[name] !== undefined)
  if (named.length === 0 && programs.size === 0) return { wrong: () => undefined, stop: () => Promise.resolve() }

  const wishes = new Wishes(store.notifications, users, clock)
  const planner = new Planner({ store, users, wishes, clock, personal: named, webhooks: [...programs.keys()] })
  const logged = outcomes(log, clock)
  const onOutcome = (channel: string, error: DeliveryError | null) => {
    logged(channel, error)
    options.onOutcome(channel, error)
  }
  const sender = new Sender({ store, users, clock, deliveries: store.notifications, wishes, repeat, personal, webhooks: programs, onOutcome })
  const rarely = throttle(clock)
  const onTrouble = (error: unknown) => rarely(() => log.warn({ err: error }, 'people cannot be told now; it is tried again'))
  const stopping = new AbortController()
  const running = new Notifier({ store, gateway, planner, sender, clock, onTrouble }).run(stopping.signal)
  return {
    wrong: (what, name) => void planner.plan(occasionsOfLedger(what, name, users, now())).catch(onTrouble),
    stop: async () => {
      stopping.abort()
      await running
    },
  }
}

/** Says something, unless it did a moment ago. */
function throttle(clock: Clock): (say: () => void) => void {
  let saidAt = -Infinity
  return (say) => {
    if (clock.monotonic() - saidAt < SAID_AGAIN_MS) return
    saidAt = clock.monotonic()
    say()
  }
}

function outcomes(log: Logger, clock: Clock): (channel: string, error: DeliveryError | null) => void {
  const saidAt = new Map<string, number>()
  return (channel, error) => {
    const said = saidAt.get(channel)
    if (error === null) {
      if (saidAt.delete(channel)) log.info({ channel }, 'people are told again')
    } else if (said === undefined || clock.monotonic() - said >= SAID_AGAIN_MS) {
      log.error({ channel, why: error.message }, 'somebody could not be told; it is tried again for a while')
      saidAt.set(channel, clock.monotonic())
    }
  }
}
