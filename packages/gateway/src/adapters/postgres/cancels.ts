import { randomBytes, timingSafeEqual } from 'node:crypto'
import { cancelRequest } from '@countersign/wire/postgres/encode'
import { LONG_KEYS_MINOR } from '@countersign/wire/postgres/startup'
import type { Target } from '../adapter.ts'
import type { Upstream } from './upstream.ts'

/** A connection that a cancel request may name. */
export interface Cancellable {
  cancel(): void
}

export interface CancelKey {
  readonly processId: number
  readonly secretKey: Uint8Array
}

/** All that protocol 3.0 has room for. */
const SHORT_KEY_BYTES = 4
/** As many as PostgreSQL's own, of at most 256: nobody guesses them. */
const LONG_KEY_BYTES = 32

/** The keys that this process gave out. They are ours: the target's own are never shown to a client. */
export class Cancels {
  readonly #keys = new Map<number, { readonly secretKey: Uint8Array; readonly connection: Cancellable }>()

  /** `minor` is that of the client's protocol. */
  issue(connection: Cancellable, minor: number): CancelKey {
    for (;;) {
      const processId = randomBytes(4).readUInt32BE() >>> 1
      if (this.#keys.has(processId)) continue
      const secretKey = randomBytes(minor >= LONG_KEYS_MINOR ? LONG_KEY_BYTES : SHORT_KEY_BYTES)
      this.#keys.set(processId, { secretKey, connection })
      return { processId, secretKey }
    }
  }

  withdraw({ processId }: CancelKey): void {
    this.#keys.delete(processId)
  }

  /** False for a key that was not given out here. It does nothing, and like PostgreSQL the client is not told. */
  cancel({ processId, secretKey }: CancelKey): boolean {
    const known = this.#keys.get(processId)
    if (!known || known.secretKey.length !== secretKey.length || !timingSafeEqual(known.secretKey, secretKey)) return false
    known.connection.cancel()
    return true
  }
}

const CANCEL_MS = 5_000

/** Cancels what runs on the target now. Resolves when the target has taken note, so that nothing sent afterwards is hit. */
export async function cancelUpstream(target: Target, { key }: Pick<Upstream, 'key'>): Promise<void> {
  if (!key) return
  const signal = AbortSignal.timeout(CANCEL_MS)
  const stream = await target.dial(signal)
  const closed = new Promise<void>((resolve) => stream.once('close', () => resolve()))
  signal.addEventListener('abort', () => stream.destroy())
  stream.resume()
  stream.end(cancelRequest(key.processId, key.secretKey))
  await closed
}
