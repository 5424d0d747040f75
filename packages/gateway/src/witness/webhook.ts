import { encodeBase64 } from '@countersign/ledger/base64'
import type { Signature } from '@countersign/ledger/note'
import type { SecretSource } from '../config/config.ts'
import { webhookHeaders } from '../net/standard-webhooks.ts'
import { ANSWER_MS, reasonOf, type Shown, type Witness, WitnessError } from './witness.ts'

/** POSTs each checkpoint with the headers of Standard Webhooks 1.0.0 (standardwebhooks.com). Any 2xx says that it is kept. */
export class WebhookWitness implements Witness {
  readonly name: string
  readonly #url: string
  readonly #secret: SecretSource

  constructor(url: string, secret: SecretSource) {
    this.name = `webhook ${new URL(url).origin}` // its path may hold a secret
    this.#url = url
    this.#secret = secret
  }

  async see({ origin, size, root, text }: Shown, _before: number, signal: AbortSignal): Promise<readonly Signature[]> {
    const now = Date.now()
    const data = { origin, size, root: encodeBase64(root), note: text }
    const body = JSON.stringify({ type: 'ledger.checkpoint', timestamp: new Date(now).toISOString(), data })
    const id = `checkpoint_${origin.split('-').at(-1)}_${size}`
    const signed = await webhookHeaders(this.#secret, id, body, now).catch((cause: unknown) => {
      throw new WitnessError(`${this.name} cannot be signed for: ${reasonOf(cause)}`, { cause })
    })
    const headers = { 'content-type': 'application/json', ...signed }
    const options = { method: 'POST', headers, body, redirect: 'error', signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]) } as const
    const answer = await fetch(this.#url, options).catch((cause: unknown) => {
      throw new WitnessError(`${this.name} does not answer (${reasonOf(cause)})`, { cause })
    })
    await answer.body?.cancel()
    if (!answer.ok) throw new WitnessError(`${this.name} answered ${answer.status}`)
    return []
  }
}
