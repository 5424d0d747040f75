import { Backend } from '@countersign/wire/postgres/backend'
import { decodeDataRow } from '@countersign/wire/postgres/backend-message'
import { HEADER_BYTES } from '@countersign/wire/postgres/frame'
import { Gather } from '@countersign/wire/postgres/gather'
import { int32At } from '@countersign/wire/postgres/reader'
import { shownText } from '@countersign/wire/postgres/text'

export type Row = readonly (string | null)[]

/** The rows of a run, put together from what is streamed, until there are enough of them. A row that is too much is never held. */
export class RowReader {
  readonly #maxRows: number
  /** What may still be shown, of all statements together. */
  #bytesLeft: number
  readonly #partial = new Gather()
  #skip = 0
  #rows = 0
  #more = false

  constructor(maxRows: number, maxBytes: number) {
    this.#maxRows = maxRows
    this.#bytesLeft = maxBytes
  }

  /** Since the last `next`. */
  get rows(): number {
    return this.#rows
  }

  /** True when there were rows that were left out. */
  get more(): boolean {
    return this.#more
  }

  /** Another statement's rows come. */
  next(): void {
    this.#rows = 0
    this.#more = false
  }

  /** Takes a piece of `BackendScanner`; returns the rows that are whole now and within bounds. */
  push(bytes: Uint8Array): Row[] {
    const rows: Row[] = []
    let at = 0
    while (at < bytes.length) {
      const skipped = Math.min(this.#skip, bytes.length - at)
      this.#skip -= skipped
      at += skipped
      at += this.#partial.fill(bytes, at, HEADER_BYTES)
      if (this.#partial.size < HEADER_BYTES) break
      const size = 1 + int32At(this.#partial.view, 1)
      if (this.#more || this.#rows >= this.#maxRows || size > this.#bytesLeft) {
        this.#leaveOut(size)
        continue
      }
      at += this.#partial.fill(bytes, at, size)
      if (this.#partial.size === size) rows.push(this.#take())
    }
    return rows
  }

  /** Once one is left out all that follow are, or there would be a hole that nobody sees. */
  #leaveOut(size: number): void {
    this.#skip = size - this.#partial.size
    this.#partial.take()
    this.#more = true
  }

  #take(): Row {
    const message = this.#partial.take()
    this.#bytesLeft -= message.length
    this.#rows++
    const body = message.subarray(HEADER_BYTES)
    if (message[0] === Backend.copyData) return [shownText(body).replace(/\n$/, '')]
    return decodeDataRow(body).map((value) => value && shownText(value))
  }
}
