import { readFile } from 'node:fs/promises'
import type { ExportConfig } from '../../config/config.ts'
import { post } from '../../net/post.ts'
import { webhookHeaders } from '../../net/standard-webhooks.ts'
import { ANSWER_MS, type Batch, reasonOf, type Target, TargetError } from './target.ts'

type Options = Extract<ExportConfig['target'], { readonly kind: 'webhook' }>

/**
 * POSTs each batch with the headers and signatures of Standard Webhooks 1.0.0 (standardwebhooks.com). Any 2xx takes it; a redirect is a failure.
 * `410 Gone` is one too, and not the end of it, as that specification has it: an audit trail must not stop because a receiver says so.
 */
export class Webhook implements Target {
  readonly #options: Options
  readonly #now: () => number

  constructor(options: Options, now: () => number = Date.now) {
    this.#options = options
    this.#now = now
  }

  async deliver(batch: Batch, signal: AbortSignal): Promise<void> {
    const { url } = this.#options
    const { origin } = new URL(url) // its path and query may hold a secret
    const body = bodyOf(batch)
    try {
      const headers = { 'content-type': 'application/json', ...(await webhookHeaders(this.#options.secret, batch.id, body, this.#now())) }
      const answer = await post(url, { headers, ...(await this.#tls()) }, body, AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]))
      if (answer.status >= 200 && answer.status < 300) return
      throw new TargetError(`${origin} answered ${answer.status}`, { notBefore: answer.retryAfter })
    } catch (error) {
      if (error instanceof TargetError) throw error
      throw new TargetError(`${origin} did not take a batch: ${reasonOf(error)}`, { cause: error })
    }
  }

  async #tls(): Promise<{ ca?: string }> {
    return this.#options.ca === null ? {} : { ca: await readFile(this.#options.ca, 'utf8') }
  }
}

/** The same text for the same batch: its time is that of its last record. */
function bodyOf({ from, to, records }: Batch): string {
  const timestamp = new Date(records.at(-1)?.at ?? 0).toISOString()
  return `{"type":"ledger.entries","timestamp":"${timestamp}","data":{"from":${from},"to":${to},"records":[${records.map(({ text }) => text).join(',')}]}}`
}
