import { createHash } from 'node:crypto'
import type { Outcome } from '../adapter.ts'

/** The data of a COPY FROM STDIN as it passes. */
export class CopyIn {
  readonly #hash = createHash('sha256')
  #bytes = 0
  /** False once the client has said that it is done; the server may still be at it. */
  open = true

  add(data: Uint8Array): void {
    this.#hash.update(data)
    this.#bytes += data.length
  }

  get isEmpty(): boolean {
    return this.#bytes === 0
  }

  sum(): NonNullable<Outcome['sent']> {
    return { bytes: this.#bytes, sha256: this.#hash.digest('hex') }
  }
}
