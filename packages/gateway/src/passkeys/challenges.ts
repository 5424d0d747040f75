import { createHash, createHmac, createSecretKey, type KeyObject, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Clock } from '../clock.ts'
import type { ChallengeStore } from '../store/store.ts'

/** How long a browser has to answer. */
export const LIFE_MS = 5 * 60_000
const KEY_BYTES = 32
/** When it is over, in Unix milliseconds, and what makes it unlike any other. */
const [OVER_BYTES, RANDOM_BYTES] = [6, 16]
const SAID_BYTES = OVER_BYTES + RANDOM_BYTES

interface ChallengesOptions {
  readonly store: Pick<ChallengeStore, 'spend'>
  readonly clock: Pick<Clock, 'now'>
  readonly key: KeyObject
}

/**
 * What browsers are challenged with: good once, for what it was made for (`about`), and for five minutes, at every gateway on the store. A challenge says itself until
 * when, under a MAC, so that the store hears of those alone that were answered well: nobody fills it by asking, and nobody has to be kept from asking.
 */
export class Challenges {
  readonly #options: ChallengesOptions

  constructor(options: ChallengesOptions) {
    this.#options = options
  }

  make(about: string): Buffer {
    const said = Buffer.alloc(OVER_BYTES)
    said.writeUIntBE(this.#options.clock.now() + LIFE_MS, 0, OVER_BYTES)
    const whole = Buffer.concat([said, randomBytes(RANDOM_BYTES)])
    return Buffer.concat([whole, this.#mac(about, whole)])
  }

  /** True for one that a gateway on this store has made for this, and that is not over. It may have been answered before. */
  isGood(about: string, challenge: Uint8Array): boolean {
    const bytes = Buffer.from(challenge)
    const [said, mac] = [bytes.subarray(0, SAID_BYTES), this.#mac(about, bytes.subarray(0, SAID_BYTES))]
    if (bytes.length !== SAID_BYTES + mac.length || !timingSafeEqual(bytes.subarray(SAID_BYTES), mac)) return false
    return this.#options.clock.now() < overAt(said)
  }

  /** Of one that is good: true to one of all who ask. Say it once the answer has been found to be right. */
  spend(challenge: Uint8Array): Promise<boolean> {
    const hash = createHash('sha256').update(challenge).digest('hex')
    return this.#options.store.spend({ hash, expiresAt: overAt(Buffer.from(challenge)) })
  }

  /** What is random is of one length, so nothing of the one can be taken for the other. */
  #mac(about: string, said: Uint8Array): Buffer {
    return createHmac('sha256', this.#options.key).update(said).update(about).digest()
  }
}

const overAt = (challenge: Buffer): number => challenge.readUIntBE(0, OVER_BYTES)

/** The key of all gateways on a store. Whoever reads it there can make challenges, which any gateway gives to anybody; to answer one takes an authenticator. */
export async function openChallengeKey(store: Pick<ChallengeStore, 'key'>): Promise<KeyObject> {
  const bytes = Buffer.from(await store.key(randomBytes(KEY_BYTES).toString('base64')), 'base64')
  if (bytes.length !== KEY_BYTES) throw new Error('the key for challenges in the store (table challenge_keys) is none')
  return createSecretKey(bytes)
}
