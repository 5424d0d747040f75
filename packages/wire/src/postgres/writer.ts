import { ProtocolError } from './error.ts'

const UTF8 = new TextEncoder()
const FIRST_ALLOCATION = 64

/** Builds one message and fills in its length at the end. Refuses what would make a frame that says something else than its fields. */
export class MessageWriter {
  #bytes = new Uint8Array(FIRST_ALLOCATION)
  #size = 0
  readonly #lengthAt: number

  /** `type` is the letter of the message; without one it is an untyped first packet. */
  constructor(type = '') {
    if (type !== '') this.byte(type.charCodeAt(0))
    this.#lengthAt = this.#size
    this.int32(0)
  }

  byte(value: number): this {
    const at = this.#reserve(1) // first, since it may replace #bytes
    this.#bytes[at] = value
    return this
  }

  /** Signed or unsigned; throws when it needs more than 16 bits. */
  int16(value: number): this {
    if (!Number.isInteger(value) || value < -0x8000 || value > 0xffff) throw new ProtocolError('malformed', `${value} does not fit a field of 16 bits`)
    return this.byte(value >>> 8).byte(value)
  }

  /** Signed or unsigned; throws when it needs more than 32 bits. */
  int32(value: number): this {
    if (!Number.isInteger(value) || value < -0x8000_0000 || value > 0xffff_ffff)
      throw new ProtocolError('malformed', `${value} does not fit a field of 32 bits`)
    this.#setInt32(this.#reserve(4), value)
    return this
  }

  bytes(value: Uint8Array): this {
    const at = this.#reserve(value.length)
    this.#bytes.set(value, at)
    return this
  }

  /** A length and the bytes, or -1 for null. */
  nullable(value: Uint8Array | null): this {
    return value === null ? this.int32(-1) : this.int32(value.length).bytes(value)
  }

  /** NUL-terminated UTF-8. Throws on a NUL inside: it would end the field early and let the rest pose as the next one. */
  string(value: string): this {
    if (value.includes('\0')) throw new ProtocolError('malformed', 'a string with a NUL byte cannot be sent to PostgreSQL')
    return this.bytes(UTF8.encode(value)).byte(0)
  }

  /** A 16-bit count and the items. */
  list<T>(items: readonly T[], write: (item: T) => void): this {
    this.int16(items.length)
    for (const item of items) write(item)
    return this
  }

  finish(): Uint8Array {
    this.#setInt32(this.#lengthAt, this.#size - this.#lengthAt)
    return this.#bytes.subarray(0, this.#size)
  }

  #setInt32(at: number, value: number): void {
    this.#bytes.set([value >>> 24, value >>> 16, value >>> 8, value], at)
  }

  #reserve(length: number): number {
    const at = this.#size
    this.#size += length
    if (this.#size > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(this.#size, this.#bytes.length * 2))
      larger.set(this.#bytes)
      this.#bytes = larger
    }
    return at
  }
}
