import { createHmac } from 'node:crypto'
import { encodeBase64 } from '@countersign/ledger/base64'
import type { Signature } from '@countersign/ledger/note'
import type { SecretSource } from '../config/config.ts'
import { readSecret } from '../config/secret.ts'
import { ANSWER_MS, reasonOf, type Shown, type Witness, WitnessError } from './witness.ts'

const SECRET = /^whsec_([A-Za-z0-9+/]+={0,2})$/

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
    const timestamp = Math.floor(Date.now() / 1000)
    const data = { origin, size, root: encodeBase64(root), note: text }
    const body = JSON.stringify({ type: 'ledger.checkpoint', timestamp: new Date(timestamp * 1000).toISOString(), data })
    const id = `checkpoint_${origin.split('-').at(-1)}_${size}`
    const headers = {
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': String(timestamp),
      'webhook-signature': sign(await this.#key(), `${id}.${timestamp}.${body}`),
    }
    const options = { method: 'POST', headers, body, redirect: 'error', signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]) } as const
    const answer = await fetch(this.#url, options).catch((cause: unknown) => {
      throw new WitnessError(`${this.name} does not answer (${reasonOf(cause)})`, { cause })
    })
    await answer.body?.cancel()
    if (!answer.ok) throw new WitnessError(`${this.name} answered ${answer.status}`)
    return []
  }

  async #key(): Promise<Buffer> {
    const secret = await readSecret(this.#secret).catch((cause: unknown) => {
      throw new WitnessError(`the secret of ${this.name} cannot be had: ${reasonOf(cause)}`, { cause })
    })
    const key = Buffer.from(SECRET.exec(secret)?.[1] ?? '', 'base64')
    if (key.length >= 24 && key.length <= 64) return key
    throw new WitnessError(
      `the secret of ${this.name} is not one: whsec_ and 24 to 64 random bytes in base64, such as \`echo whsec_$(openssl rand -base64 32)\` makes`,
    )
  }
}

const sign = (key: Buffer, text: string) => `v1,${createHmac('sha256', key).update(text).digest('base64')}`
