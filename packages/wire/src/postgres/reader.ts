import { ProtocolError } from './error.ts'
import { shownText, strictText } from './text.ts'

/** Big-endian, signed. The caller has checked that four bytes are there. */
export function int32At(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)
}

/** Walks the body of one whole message. Each read throws ProtocolError when the body ends too early; byte fields are views, not copies. */
export class BodyReader {
  readonly #body: Uint8Array
  readonly #what: string
  #at = 0

  /** `what` names the message in errors. */
  constructor(body: Uint8Array, what: string) {
    this.#body = body
    this.#what = what
  }

  get left(): number {
    return this.#body.length - this.#at
  }

  byte(): number {
    return this.#body[this.#advance(1)] ?? 0
  }

  uint16(): number {
    const at = this.#advance(2)
    return ((this.#body[at] ?? 0) << 8) | (this.#body[at + 1] ?? 0)
  }

  int16(): number {
    return (this.uint16() << 16) >> 16
  }

  int32(): number {
    return int32At(this.#body, this.#advance(4))
  }

  uint32(): number {
    return this.int32() >>> 0
  }

  bytes(length: number): Uint8Array {
    const at = this.#advance(length)
    return this.#body.subarray(at, at + length)
  }

  rest(): Uint8Array {
    return this.bytes(this.left)
  }

  /** A length and that many bytes, or null for length -1. */
  nullable(): Uint8Array | null {
    const length = this.int32()
    return length === -1 ? null : this.bytes(length)
  }

  /** The bytes up to the next NUL, which is consumed. */
  terminated(): Uint8Array {
    const end = this.#body.indexOf(0, this.#at)
    if (end === -1) throw this.#error('truncated', 'has a string without its terminator')
    const text = this.#body.subarray(this.#at, end)
    this.#at = end + 1
    return text
  }

  /** A NUL-terminated string that must be UTF-8, because something will be compared with it. */
  string(): string {
    const text = strictText(this.terminated())
    if (text === null) throw this.#error('malformed', 'has a name that is not valid UTF-8')
    return text
  }

  /** A NUL-terminated string for people. */
  shown(): string {
    return shownText(this.terminated())
  }

  /** Refuses trailing bytes: what one parser skips, another reads. */
  end(): void {
    if (this.left > 0) throw this.#error('malformed', `has ${this.left} bytes after its last field`)
  }

  #advance(length: number): number {
    const at = this.#at
    if (length < 0 || length > this.left) throw this.#error('truncated', `ends inside a field: ${length} bytes announced, ${this.left} left`)
    this.#at += length
    return at
  }

  #error(code: 'truncated' | 'malformed', problem: string): ProtocolError {
    return new ProtocolError(code, `${this.#what} ${problem}`)
  }
}
