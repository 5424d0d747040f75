import { DEFAULT_CHOICES, type NotificationKind, type PersonalChannel, quietUntil } from '@countersign/core/notification'
import type { Clock } from '../clock.ts'
import type { Users } from '../identity/caller.ts'
import type { NotificationStore } from '../store/store.ts'
import { addressOf } from './address.ts'

/** How old what is known of a person may be: a flood of requests must not ask for it each time. */
const FRESH_MS = 5_000

type Known = { readonly choices: typeof DEFAULT_CHOICES; readonly browsers: number; readonly at: number }

/** What people want to be told, and by what they can be. */
export class Wishes {
  readonly #store: Pick<NotificationStore, 'choices' | 'subscriptions'>
  readonly #users: Users
  readonly #clock: Clock
  readonly #known = new Map<string, Known>()

  constructor(store: Pick<NotificationStore, 'choices' | 'subscriptions'>, users: Users, clock: Clock) {
    this.#store = store
    this.#users = users
    this.#clock = clock
  }

  async wants(name: string, kind: NotificationKind, channel: PersonalChannel): Promise<boolean> {
    const known = this.#users.user(name)
    if (known === null || (kind === 'ledger' && !known.admin && !known.auditor)) return false
    const { choices, browsers } = await this.#of(name)
    return choices.kinds[kind][channel] && (channel === 'email' ? addressOf(known) !== null : browsers > 0)
  }

  /** Null: he may be told now. */
  async quietUntil(user: string): Promise<number | null> {
    return quietUntil((await this.#of(user)).choices, this.#clock.now())
  }

  async #of(user: string): Promise<Known> {
    const at = this.#clock.monotonic()
    const known = this.#known.get(user)
    if (known !== undefined && at - known.at < FRESH_MS) return known
    const [choices, subscriptions] = await Promise.all([this.#store.choices(user), this.#store.subscriptions(user)])
    const fresh = { choices: choices ?? DEFAULT_CHOICES, browsers: subscriptions.length, at }
    this.#known.set(user, fresh)
    return fresh
  }
}
