const EMPTY = new Uint8Array(0)
const FIRST_ALLOCATION = 256

/**
 * Collects one message that comes in several chunks. Grows by doubling up to what has truly arrived, so that neither a
 * large announced length nor a stream of one-byte chunks costs more memory or copying than a small multiple of the bytes sent.
 */
export class Gather {
  #store = EMPTY
  #size = 0

  /** Bytes held. */
  get size(): number {
    return this.#size
  }

  /** A view of the bytes held, valid until the next call. */
  get view(): Uint8Array {
    return this.#store.subarray(0, this.#size)
  }

  /** Copies from `chunk` at `offset` until `total` bytes are held or the chunk ends; returns how many it took. */
  fill(chunk: Uint8Array, offset: number, total: number): number {
    const taken = Math.min(total - this.#size, chunk.length - offset)
    if (taken <= 0) return 0
    this.#reserve(this.#size + taken, total)
    this.#store.set(chunk.subarray(offset, offset + taken), this.#size)
    this.#size += taken
    return taken
  }

  /** Hands over what is held and starts anew. */
  take(): Uint8Array {
    const bytes = this.view
    this.#store = EMPTY
    this.#size = 0
    return bytes
  }

  #reserve(size: number, total: number): void {
    if (size <= this.#store.length) return
    const larger = new Uint8Array(Math.max(size, Math.min(total, Math.max(FIRST_ALLOCATION, this.#store.length * 2))))
    larger.set(this.view)
    this.#store = larger
  }
}
