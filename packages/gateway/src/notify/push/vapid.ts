import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import type { NotificationStore } from '../../store/store.ts'

/** Longer than a service takes a message to be valid, and shorter than the day that RFC 8292 section 2 allows. */
const LIFE_MS = 12 * 60 * 60_000

/** The key by which push services know us (RFC 8292). One for all gateways on a store: a browser subscribes for one key, and no other may send to it. */
export interface PushKey {
  /** The point, uncompressed, in base64url: what a browser calls `applicationServerKey`. */
  readonly publicKey: string
  readonly privateKey: KeyObject
}

export async function openPushKey(store: Pick<NotificationStore, 'pushKey'>): Promise<PushKey> {
  const fresh = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'der' })
  const kept = await store.pushKey(fresh.toString('base64'))
  const privateKey = createPrivateKey({ key: Buffer.from(kept, 'base64'), type: 'pkcs8', format: 'der' })
  return { publicKey: pointOf(createPublicKey(privateKey)).toString('base64url'), privateKey }
}

/** The `Authorization` for the service at this origin (RFC 8292 section 3). `contact` is whom its operators may ask: `mailto:` or `https:`. */
export function authorization({ publicKey, privateKey }: PushKey, origin: string, contact: string, now: number): string {
  const claims = { aud: origin, exp: Math.floor((now + LIFE_MS) / 1000), sub: contact }
  const signed = [{ typ: 'JWT', alg: 'ES256' }, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
  const signature = sign('sha256', Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')
  return `vapid t=${signed}.${signature}, k=${publicKey}`
}

/** X9.62 uncompressed, 65 bytes. */
export function pointOf(key: KeyObject): Buffer {
  const { x = '', y = '' } = key.export({ format: 'jwk' })
  return Buffer.concat([Buffer.of(4), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')])
}
