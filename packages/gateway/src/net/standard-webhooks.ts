import { createHmac } from 'node:crypto'
import type { SecretSource } from '../config/config.ts'
import { readSecret } from '../config/secret.ts'

/** The headers of Standard Webhooks 1.0.0 (standardwebhooks.com) for a message of this name, sent at `now` (Unix milliseconds). Rejects with what is wrong with the secret. */
export async function webhookHeaders(source: SecretSource, id: string, body: string, now: number): Promise<Record<string, string>> {
  const timestamp = String(Math.floor(now / 1000))
  const keys = await signingKeys(source)
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': keys.map((key) => sign(key, id, timestamp, body)).join(' ') }
}

/** `v1,` and the HMAC-SHA256 of id, timestamp and body, joined by dots, in base64. */
export function sign(key: Buffer, id: string, timestamp: string, body: string): string {
  return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`
}

const SECRET = /^whsec_([A-Za-z0-9+/]+={0,2})$/

/** One, or an old one beside a new one while they are exchanged: each signs. */
async function signingKeys(source: SecretSource): Promise<readonly Buffer[]> {
  const secrets = (await readSecret(source)).split(/\s+/).filter((secret) => secret !== '')
  const keys = secrets.map((secret) => Buffer.from(SECRET.exec(secret)?.[1] ?? '', 'base64'))
  if (keys.length > 0 && keys.every(({ length }) => length >= 24 && length <= 64)) return keys
  throw new Error('the webhook’s secret is not one: whsec_ and 24 to 64 random bytes in base64, such as `echo whsec_$(openssl rand -base64 32)` makes')
}
