import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { PushMessage } from '@countersign/contract/schemas/notification'
import type { NotifyConfig } from '../../config/config.ts'
import { type Answer, post } from '../../net/post.ts'
import type { NotificationStore, PushSubscriptionRecord } from '../../store/store.ts'
import { ANSWER_MS, type Channel, DeliveryError, type Parcel, reasonOf } from '../channel.ts'
import type { Message } from '../message.ts'
import { encrypt } from './encrypt.ts'
import { publicLookup, whyNot } from './endpoint.ts'
import { authorization, type PushKey } from './vapid.ts'

/** What a browser that is not there for a while is still told when it comes back, seconds. */
const [SHORTEST_S, LONGEST_S] = [60, 24 * 60 * 60]
/** As long as a browser shows anyway; what is sealed has room for it, however many bytes its characters have. */
const [MAX_TITLE, MAX_BODY] = [80, 160]
const GONE = [404, 410]

/** Web push (RFC 8030) to every browser of a person, sealed for each (RFC 8291) and signed (RFC 8292). */
export class PushChannel implements Channel {
  readonly #config: NonNullable<NotifyConfig['push']>
  readonly #store: Pick<NotificationStore, 'subscriptions' | 'unsubscribe'>
  readonly #key: PushKey
  readonly #now: () => number

  constructor(config: NonNullable<NotifyConfig['push']>, store: Pick<NotificationStore, 'subscriptions' | 'unsubscribe'>, key: PushKey, now: () => number) {
    this.#config = config
    this.#store = store
    this.#key = key
    this.#now = now
  }

  /** Taken when one of his browsers' services has taken it: of the others he would be told a second time. */
  async send({ message, to }: Parcel, signal: AbortSignal): Promise<void> {
    const browsers = await this.#store.subscriptions(to.name)
    const ended = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)])
    const tried = await Promise.allSettled(browsers.map((browser) => this.#sendOne(message, browser, ended)))
    const failed = tried.flatMap((each) => (each.status === 'rejected' ? [each.reason as unknown] : []))
    if (failed.length > 0 && failed.length === tried.length) throw failed[0]
  }

  /** One that its service does not know any more (RFC 8030 section 7.3) is removed. */
  async #sendOne(message: Message, browser: PushSubscriptionRecord, signal: AbortSignal): Promise<void> {
    const { origin } = new URL(browser.endpoint) // the rest of it is what lets others send, too
    const { status, retryAfter } = await this.#post(message, browser, signal).catch((cause: unknown) => {
      throw new DeliveryError(`${origin} did not take a message: ${reasonOf(cause)}`, { cause })
    })
    if (GONE.includes(status)) await this.#store.unsubscribe(browser.id, browser.user)
    else if (status < 200 || status >= 300)
      throw new DeliveryError(`${origin} answered ${status}`, { notBefore: retryAfter, final: status === 400 || status === 413 })
  }

  async #post(message: Message, browser: PushSubscriptionRecord, signal: AbortSignal): Promise<Answer> {
    const { contact, inside, ca } = this.#config
    const why = whyNot(browser.endpoint, inside)
    if (why !== null) throw new Error(why)
    const now = this.#now()
    const body = encrypt(JSON.stringify(shown(message)), browser)
    const headers = {
      authorization: authorization(this.#key, new URL(browser.endpoint).origin, contact, now),
      'content-encoding': 'aes128gcm',
      'content-type': 'application/octet-stream',
      'content-length': body.length,
      ttl: Math.round(Math.min(Math.max(((message.until ?? Infinity) - now) / 1000, SHORTEST_S), LONGEST_S)),
      urgency: message.kind === 'review' ? 'high' : 'normal',
      // A repetition takes the place of one that still waits at the service (section 5.4): 32 letters at most.
      topic: createHash('sha256').update(message.tag).digest('base64url').slice(0, 32),
    }
    return post(browser.endpoint, { headers, lookup: publicLookup(inside), ...(ca === null ? {} : { ca: await readFile(ca, 'utf8') }) }, body, signal)
  }
}

function shown({ kind, tag, title, facts, each, path }: Message): PushMessage {
  const body = [...each.map(([, one]) => one), ...facts.map(([label, value]) => `${label}: ${value}`)].join('\n')
  return { kind, tag, title: cut(title, MAX_TITLE), body: cut(body, MAX_BODY), path }
}

const cut = (text: string, max: number) => (text.length <= max ? text : `${text.slice(0, max - 1)}…`)
