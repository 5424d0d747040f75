import { hashLeaf } from '@countersign/ledger/entry'

const NEWLINE = 0x0a
/** No character of a string takes more in UTF-8. */
const BYTES_A_UNIT = 3
/** What is kept between writes; a turn that needs more gives it back. */
const KEPT_BYTES = 1024 * 1024

/**
 * Lines that wait to be written, as bytes: each is encoded once, and hashed where it stands. The place before a line, which is
 * the line end of the one before it, holds the zero of RFC 6962's leaf hash for that moment.
 */
export class Pending {
  #bytes = Buffer.allocUnsafeSlow(KEPT_BYTES / 16)
  /** One byte is before the first line. */
  #end = 1

  get isEmpty(): boolean {
    return this.#end === 1
  }

  /** Returns the line's hash, hexadecimal. */
  add(line: string): string {
    this.#reserve(line.length * BYTES_A_UNIT + 1)
    const start = this.#end
    const end = start + this.#bytes.write(line, start)
    this.#bytes[start - 1] = 0
    const hash = hashLeaf(this.#bytes.subarray(start - 1, end))
    this.#bytes[start - 1] = NEWLINE
    this.#bytes[end] = NEWLINE
    this.#end = end + 1
    return hash
  }

  /** The lines with their line ends, as they are until the next `add`. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(1, this.#end)
  }

  clear(): void {
    this.#end = 1
    if (this.#bytes.length > KEPT_BYTES) this.#bytes = Buffer.allocUnsafeSlow(KEPT_BYTES)
  }

  #reserve(size: number): void {
    if (this.#end + size <= this.#bytes.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#end + size, this.#bytes.length * 2))
    this.#bytes.copy(larger, 0, 0, this.#end)
    this.#bytes = larger
  }
}
