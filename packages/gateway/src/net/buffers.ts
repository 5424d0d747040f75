import type { OnReadOpts, Socket } from 'node:net'

/** What a connection keeps that says little. */
const SMALL_BYTES = 4 * 1024
/** As much as is read at once while a large answer comes. */
const LARGE_BYTES = 64 * 1024

/**
 * Buffers that a socket is read into again and again. Node makes one of 64 KiB for each read instead, outside of V8's heap, and V8 looks through
 * its whole heap for garbage each time that some tens of MiB of them have been made: half of what a large answer cost.
 *
 * They belong to one connection: shared ones would need fewer, and one that is given back too early would show one
 * person's rows to another.
 */
export class ReadBuffers {
  readonly #isKept: () => boolean
  #current: Buffer = Buffer.allocUnsafeSlow(SMALL_BYTES)
  /** Large ones that somebody may still need … */
  #lent: Buffer[] = []
  /** … and those that nobody does. Both are few: whoever takes too long is not given more. */
  #free: Buffer[] = []
  #filled = 0
  #socket: Socket | null = null

  /** `isKept`: whoever was given bytes may still need them, so they are not overwritten. */
  constructor(isKept: () => boolean) {
    this.#isKept = isKept
  }

  /** For `net.connect`; give its socket to `fill` at once. Its `data` events are as always, but their bytes last only until nobody keeps them. */
  get onread(): OnReadOpts {
    return { buffer: () => this.#next(), callback: (bytes) => this.#deliver(bytes) }
  }

  fill(socket: Socket): void {
    this.#socket = socket
  }

  #deliver(bytes: number): boolean {
    this.#filled = bytes
    return this.#socket?.push(this.#current.subarray(0, bytes)) ?? false
  }

  #next(): Buffer {
    const isLarge = this.#current.length === LARGE_BYTES
    const wantsLarge = isLarge ? this.#filled > SMALL_BYTES : this.#filled === SMALL_BYTES
    const isKept = this.#isKept() || (this.#socket?.readableLength ?? 0) > 0
    if (!isKept && this.#lent.length > 0) this.#free.push(...this.#lent.splice(0))
    if (!isKept && isLarge === wantsLarge) return this.#current
    this.#current = wantsLarge ? this.#large(isKept, isLarge) : this.#small()
    return this.#current
  }

  #large(isKept: boolean, isLarge: boolean): Buffer {
    if (isKept && isLarge) this.#lent.push(this.#current)
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(LARGE_BYTES)
  }

  #small(): Buffer {
    this.#lent = []
    this.#free = []
    return Buffer.allocUnsafeSlow(SMALL_BYTES)
  }
}
