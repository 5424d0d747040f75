import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { NotifyConfig } from '../config/config.ts'
import { post } from '../net/post.ts'
import { webhookHeaders } from '../net/standard-webhooks.ts'
import { ANSWER_MS, DeliveryError, reasonOf } from './channel.ts'
import type { Item } from './message.ts'

/** Tells a program: each thing once, as it happens, with the headers and signatures of Standard Webhooks 1.0.0 (standardwebhooks.com). */
export class WebhookChannel {
  readonly #config: NotifyConfig['webhooks'][number]
  readonly #url: () => string
  readonly #now: () => number

  /** `url`: where people reach the gateway. */
  constructor(config: NotifyConfig['webhooks'][number], url: () => string, now: () => number) {
    this.#config = config
    this.#url = url
    this.#now = now
  }

  /** What its deliveries are known by, whatever its place in the configuration: its address itself may be a secret. */
  get name(): string {
    return `webhook-${createHash('sha256').update(this.#config.url).digest('hex').slice(0, 16)}`
  }

  /** Any 2xx takes it; a redirect is a failure. `id` is the same when it is sent again. Rejects with DeliveryError. */
  async send(id: string, { event, path }: Item, signal: AbortSignal): Promise<void> {
    const { url, secret, ca } = this.#config
    const { origin } = new URL(url)
    const { type, ...about } = event
    const now = this.#now()
    const body = JSON.stringify({ type, timestamp: new Date(now).toISOString(), data: { ...about, link: this.#url() + path } })
    try {
      const headers = { 'content-type': 'application/json', ...(await webhookHeaders(secret, id, body, now)) }
      const tls = ca === null ? {} : { ca: await readFile(ca, 'utf8') }
      const { status, retryAfter } = await post(url, { headers, ...tls }, body, AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]))
      if (status < 200 || status >= 300) throw new DeliveryError(`${origin} answered ${status}`, { everybody: true, notBefore: retryAfter })
    } catch (error) {
      if (error instanceof DeliveryError) throw error
      throw new DeliveryError(`${origin} did not take a message: ${reasonOf(error)}`, { everybody: true, cause: error })
    }
  }
}
