import { createCipheriv, createECDH, createHmac, randomBytes } from 'node:crypto'

/** One record holds the whole message, whatever it is: longer than any that push services take (RFC 8030 section 7.2). */
const RECORD_SIZE = 4096
/** Every message has this length before it is sealed, so that a push service does not learn from it what somebody is told. */
const PADDED = 1024
const TAG = 16

/** To whom: the keys of a browser's subscription, in base64url. */
export interface Recipient {
  readonly p256dh: string
  readonly auth: string
}

/** The message as a push service is given it: sealed for one browser, with the coding `aes128gcm` (RFC 8291, RFC 8188). Throws where the keys are none, or `text` is too long. */
export function encrypt(text: string, to: Recipient): Buffer {
  const plain = Buffer.from(text)
  if (plain.length >= PADDED) throw new RangeError(`a message of ${plain.length} bytes is longer than a push message may be`)
  const ours = createECDH('prime256v1')
  ours.generateKeys()
  return seal(Buffer.concat([plain, Buffer.of(2), Buffer.alloc(PADDED - plain.length - 1)]), to, { ours, salt: randomBytes(16) })
}

/** `padded` ends with the delimiter of a last record and its padding. */
export function seal(padded: Buffer, to: Recipient, { ours, salt }: { readonly ours: ReturnType<typeof createECDH>; readonly salt: Buffer }): Buffer {
  const theirPoint = Buffer.from(to.p256dh, 'base64url')
  const ourPoint = ours.getPublicKey()
  const secret = hkdf(
    Buffer.from(to.auth, 'base64url'),
    ours.computeSecret(theirPoint),
    Buffer.concat([Buffer.from('WebPush: info\0'), theirPoint, ourPoint]),
    32,
  )
  const key = hkdf(salt, secret, Buffer.from('Content-Encoding: aes128gcm\0'), 16)
  const nonce = hkdf(salt, secret, Buffer.from('Content-Encoding: nonce\0'), 12)
  const cipher = createCipheriv('aes-128-gcm', key, nonce, { authTagLength: TAG })
  const size = Buffer.alloc(4)
  size.writeUInt32BE(RECORD_SIZE)
  return Buffer.concat([salt, size, Buffer.of(ourPoint.length), ourPoint, cipher.update(padded), cipher.final(), cipher.getAuthTag()])
}

/** RFC 5869, of which no more is needed than its first block. */
function hkdf(salt: Buffer, material: Buffer, info: Buffer, length: number): Buffer {
  const key = createHmac('sha256', salt).update(material).digest()
  return createHmac('sha256', key).update(info).update(Buffer.of(1)).digest().subarray(0, length)
}
