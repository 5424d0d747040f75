import { createECDH, randomBytes } from 'node:crypto'
import { decrypt } from 'http_ece'

/** A browser that has subscribed at a push service: what it tells the gateway, and how it reads what comes (with an implementation of RFC 8291 that is not ours). */
export interface Browser {
  readonly subscription: { readonly endpoint: string; readonly keys: { readonly p256dh: string; readonly auth: string } }
  read(body: Buffer): unknown
}

export function aBrowser(endpoint: string): Browser {
  const privateKey = createECDH('prime256v1')
  const point = privateKey.generateKeys()
  const auth = randomBytes(16)
  return {
    subscription: { endpoint, keys: { p256dh: point.toString('base64url'), auth: auth.toString('base64url') } },
    read: (body) => JSON.parse(decrypt(body, { version: 'aes128gcm', privateKey, authSecret: auth }).toString('utf8')),
  }
}
